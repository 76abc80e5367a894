#include "metrics/traces.h"

#include <cmath>
#include <cstring>
#include <sstream>

#include "io/error.h"
#include "metrics/tensors.h"

namespace sameseed {
namespace {

struct OneTrace {
  std::vector<std::string> blocks;
  TensorView latents, norms;

  std::size_t steps() const { return static_cast<std::size_t>(latents.shape.front()); }
  // Latents behind a step, without the axis of the steps.
  TensorView latents_at(std::size_t step) const {
    const std::size_t bytes = latents.data.size() / steps();
    return {latents.dtype,
            {latents.shape.begin() + 1, latents.shape.end()},
            latents.data.subspan(step * bytes, bytes)};
  }
  double norm_at(std::size_t step, std::size_t block) const {
    double value = 0;
    std::memcpy(&value, norms.data.data() + (step * blocks.size() + block) * sizeof value,
                sizeof value);
    return value;
  }
};

OneTrace read(const SafetensorsFile& file) {
  const auto refuse = [&](const char* what) {
    throw UserError(file.path().string() + ": no trace: " + what);
  };
  OneTrace trace;
  for (const auto& [name, view] :
       {std::pair{"latents", &trace.latents}, {"block_norms", &trace.norms}}) {
    if (!file.tensors().contains(name)) refuse("`latents` and `block_norms` are needed");
    *view = file.tensors().at(name);
  }
  if (const auto found = file.metadata().find("blocks"); found != file.metadata().end()) {
    std::istringstream words(found->second);
    for (std::string word; words >> word;) trace.blocks.push_back(word);
  }
  if (trace.latents.shape.size() != 4 || trace.latents.data.empty())
    refuse("`latents` must be [steps, channels, height, width]");
  const std::vector<std::int64_t> wanted = {trace.latents.shape.front(),
                                            static_cast<std::int64_t>(trace.blocks.size())};
  if (trace.norms.dtype != DType::kF64 || trace.norms.shape != wanted)
    refuse("`block_norms` must be float64 [steps, blocks], the metadata `blocks` name them");
  return trace;
}

}  // namespace

TraceDifference compare_traces(const SafetensorsFile& candidate, const SafetensorsFile& reference) {
  const OneTrace a = read(candidate), b = read(reference);
  if (a.steps() != b.steps())
    throw UserError("traces of " + std::to_string(a.steps()) + " and " + std::to_string(b.steps()) +
                    " steps have no distance step by step");
  if (a.blocks != b.blocks) throw UserError("traces of different blocks have no distance");
  TraceDifference result{.blocks = a.blocks};
  for (std::size_t step = 0; step < a.steps(); ++step) {
    result.latents.push_back(relative_l2(a.latents_at(step), b.latents_at(step)));
    if (!result.nonfinite_from && !std::isfinite(result.latents.back()))
      result.nonfinite_from = step;
    std::vector<double>& row = result.block_norms.emplace_back();
    for (std::size_t block = 0; block < a.blocks.size(); ++block) {
      const double wanted = b.norm_at(step, block),
                   difference = std::abs(a.norm_at(step, block) - wanted);
      row.push_back(difference == 0 ? 0 : difference / wanted);
    }
  }
  return result;
}

}  // namespace sameseed
