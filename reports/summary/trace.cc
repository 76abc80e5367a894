#include "reports/summary/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kNoFloor = "no floor was measured: any difference counts";

enum class Over { kMean, kWorst };

// Over the traces; null where no trace has a number: the block did not run in both arms, or the
// difference is not finite.
template <typename ValueOf>
json over_traces(const std::vector<json>& traces, Over over, ValueOf value_of) {
  double sum = 0, worst = 0;
  int count = 0;
  for (const json& trace : traces) {
    const json& value = value_of(trace);
    if (!value.is_number()) continue;
    sum += value.template get<double>();
    worst = std::max(worst, value.template get<double>());
    ++count;
  }
  if (count == 0) return nullptr;
  return over == Over::kMean ? sum / count : worst;
}

// Latents and block norms of all steps.
json curves(const std::vector<json>& traces, std::size_t steps, std::size_t blocks, Over over) {
  json latents = json::array(), norms = json::array();
  for (std::size_t step = 0; step < steps; ++step) {
    latents.push_back(over_traces(traces, over, [&](const json& trace) -> const json& {
      return trace.at("latents").at(step);
    }));
    json row = json::array();
    for (std::size_t block = 0; block < blocks; ++block)
      row.push_back(over_traces(traces, over, [&](const json& trace) -> const json& {
        return trace.at("block_norms").at(step).at(block);
      }));
    norms.push_back(std::move(row));
  }
  return {{"latents", std::move(latents)}, {"block_norms", std::move(norms)}};
}

// Traces of as many steps and the same blocks as this one.
std::vector<json> like(const json& first, const std::vector<json>& traces) {
  std::vector<json> fitting;
  for (const json& trace : traces)
    if (trace.contains("latents") && trace.at("blocks") == first.at("blocks") &&
        trace.at("latents").size() == first.at("latents").size())
      fitting.push_back(trace);
  return fitting;
}

bool beyond(const json& value, const json& floor) {
  return value.is_number() && value.get<double>() > (floor.is_number() ? floor.get<double>() : 0.0);
}

json first_step(const json& mean, const json& floor, const json& nonfinite_from) {
  for (std::size_t step = 0; step < mean.at("latents").size(); ++step)
    if (step == nonfinite_from || beyond(mean.at("latents").at(step), floor.at("latents").at(step)))
      return step;
  return nullptr;
}

// In the order of computing: step by step, block by block.
json first_block(const json& mean, const json& floor, const json& blocks) {
  for (std::size_t step = 0; step < mean.at("block_norms").size(); ++step)
    for (std::size_t block = 0; block < blocks.size(); ++block)
      if (beyond(mean.at("block_norms").at(step).at(block),
                 floor.at("block_norms").at(step).at(block)))
        return {{"block", blocks.at(block)}, {"step", step}};
  return nullptr;
}

json mean_over_steps(const json& norms, std::size_t blocks) {
  json result = json::array();
  for (std::size_t block = 0; block < blocks; ++block) {
    double sum = 0;
    int count = 0;
    for (const json& row : norms)
      if (row.at(block).is_number()) {
        sum += row.at(block).get<double>();
        ++count;
      }
    result.push_back(count > 0 ? json(sum / count) : json());
  }
  return result;
}

// One bar a decade, from 1e-8 and below to 0.1 and above.
std::string bar(const json& value) {
  static const char* const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (!value.is_number()) return " ";
  if (value == 0) return ".";
  const double decade = std::floor(std::log10(value.get<double>())) + 8;
  return bars[static_cast<int>(std::clamp(decade, 0.0, 7.0))];
}

std::string number(const json& value) {
  return value.is_number() ? fmt::format("{:.1e}", value.get<double>()) : "-";
}

}  // namespace

json trace_entry(const std::vector<json>& pairs, const std::vector<json>& floor) {
  if (pairs.empty()) return nullptr;
  const auto whole =
      std::ranges::find_if(pairs, [](const json& pair) { return pair.contains("latents"); });
  if (whole == pairs.end()) return {{"pairs", 0}, {"refused", pairs.front().value("refused", "")}};
  const std::vector<json> compared = like(*whole, pairs), equals = like(*whole, floor);
  const json& blocks = whole->at("blocks");
  const std::size_t steps = whole->at("latents").size();
  const json mean = curves(compared, steps, blocks.size(), Over::kMean),
             limit = curves(equals, steps, blocks.size(), Over::kWorst);
  json nonfinite_from;
  for (const json& pair : compared)
    if (const json from = pair.value("nonfinite_from", json());
        from.is_number() && (nonfinite_from.is_null() || from < nonfinite_from))
      nonfinite_from = from;
  json entry = {{"pairs", compared.size()},
                {"blocks", blocks},
                {"latents", mean.at("latents")},
                {"block_norms", mean.at("block_norms")},
                {"over_blocks", mean_over_steps(mean.at("block_norms"), blocks.size())},
                {"nonfinite_from", nonfinite_from},
                {"floor", {{"pairs", equals.size()}}},
                {"first_step", first_step(mean, limit, nonfinite_from)},
                {"first_block", first_block(mean, limit, blocks)}};
  if (equals.empty())
    entry["floor"]["absent"] = kNoFloor;
  else
    entry["floor"].update(limit);
  return entry;
}

json trace_of(const json& comparison, const RunIndex& run, const NoiseFloor& noise_floor) {
  const auto traces = [&](const json& pairs, std::vector<json>& into) {
    for (const json& pair : pairs)
      if (const json* scores = run.scores(pair.at("candidate"), pair.at("reference"));
          scores && scores->contains("trace"))
        into.push_back(scores->at("trace"));
  };
  std::vector<json> pairs, floor;
  traces(comparison.at("pairs"), pairs);
  if (!pairs.empty())
    for (const json* row : noise_floor.rows_beside(comparison)) traces(row->at("pairs"), floor);
  return trace_entry(pairs, floor);
}

std::string trace_label(const json& trace) {
  if (trace.contains("refused"))
    return "not compared: " + one_line(trace.at("refused").get<std::string>());
  const json floor = trace.at("floor").value("absent", json());
  const std::string against = floor.is_string()
                                  ? floor.get<std::string>()
                                  : fmt::format("beyond the floor of {} equal pairs",
                                                trace.at("floor").at("pairs").get<int>());
  const json &step = trace.at("first_step"), &block = trace.at("first_block");
  if (step.is_null() && block.is_null()) return fmt::format("nowhere ({})", against);
  std::string text =
      step.is_null() ? "latents: nowhere" : fmt::format("latents: from step {}", step.get<int>());
  text += block.is_null() ? "; block norms: nowhere"
                          : fmt::format("; block norms: from {} in step {}",
                                        one_line(block.at("block").get<std::string>()),
                                        block.at("step").get<int>());
  if (const json& from = trace.at("nonfinite_from"); from.is_number())
    text += fmt::format("; not finite from step {}", from.get<int>());
  return fmt::format("{} ({})", text, against);
}

std::string trace_plot(const json& trace) {
  if (trace.contains("refused")) return "";
  std::string text;
  const auto line = [&](const std::string& name, const std::string& bars, const json& value) {
    text += fmt::format("    {:<15} {}  {}\n", one_line(name), bars, number(value));
  };
  const json& norms = trace.at("block_norms");
  std::string bars;
  for (const json& value : trace.at("latents")) bars += bar(value);
  line("latents", bars, trace.at("latents").back());
  for (std::size_t block = 0; block < trace.at("blocks").size(); ++block) {
    bars.clear();
    for (const json& row : norms) bars += bar(row.at(block));
    line(trace.at("blocks").at(block), bars, trace.at("over_blocks").at(block));
  }
  return text;
}

}  // namespace sameseed
