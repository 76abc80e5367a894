#include "pipeline/schedulers/distilled_timesteps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/error.h"
#include "pipeline/schedulers/noise_levels.h"

namespace sameseed {

std::int64_t read_original_steps(ConfigFields& fields, std::int64_t training) {
  const std::int64_t original = fields.get("original_inference_steps", std::int64_t{50});
  if (original < 1 || original > training)
    fields.complain("original_inference_steps", "must lie between 1 and num_train_timesteps");
  return original;
}

std::vector<std::int64_t> distilled_timesteps(const StepsAsked& asked, std::int64_t original,
                                              std::int64_t training) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < asked.timesteps.size(); ++i) {
    const double time = asked.timesteps[i];
    if (time < 0 || time >= static_cast<double>(training))
      throw UserError(
          fmt::format("timesteps: {} does not lie between 0 and {}", time, training - 1));
    if (i > 0 && time >= asked.timesteps[i - 1])
      throw UserError(fmt::format(
          "timesteps: must descend for this sampler, as in diffusers; {} stands behind {}", time,
          asked.timesteps[i - 1]));
    times.push_back(static_cast<std::int64_t>(time));  // cut off
  }
  if (!times.empty()) return times;
  check_steps(asked.count, std::min(original, training));
  const std::int64_t stride = training / original;
  // numpy's linspace without its end, rounded down.
  const double step = static_cast<double>(original) / static_cast<double>(asked.count);
  for (std::int64_t i = 0; i < asked.count; ++i) {
    const auto place = static_cast<std::int64_t>(std::floor(static_cast<double>(i) * step));
    times.push_back((original - place) * stride - 1);
  }
  return times;
}

}  // namespace sameseed
