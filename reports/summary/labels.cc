#include "reports/summary/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

// One bar a decade, from 1e-8 and below to 0.1 and above.
std::string bar(const std::optional<double>& value) {
  static const char* const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (!value) return " ";
  if (*value == 0) return ".";
  const double decade = std::floor(std::log10(*value)) + 8;
  return bars[static_cast<int>(std::clamp(decade, 0.0, 7.0))];
}

}  // namespace

std::string against_label(const std::string& against) {
  return against == "reference" ? "reference" : "switches off";
}

std::string sample_label(const std::vector<Comparison>& comparisons) {
  const auto most = std::ranges::max_element(
      comparisons, {}, [](const Comparison& comparison) { return comparison.pairs.size(); });
  if (most == comparisons.end() || most->pairs.empty()) return "no prompts";
  std::map<std::string, std::set<std::uint64_t>> seeds;
  std::size_t different = 0;
  for (const ScoredPair& scored : most->pairs)
    different += seeds[scored.pair.observation()].insert(scored.pair.seed).second;
  const std::size_t pairs = most->pairs.size(), first = seeds.begin()->second.size();
  std::string text = fmt::format("{} prompt{}", seeds.size(), seeds.size() == 1 ? "" : "s");
  const bool is_even =
      std::ranges::all_of(seeds, [&](const auto& one) { return one.second.size() == first; });
  if (is_even) text += fmt::format(" x {} seed{}", first, first == 1 ? "" : "s");
  if (different < pairs) return text + fmt::format(" ({} pairs; equal ones count once)", pairs);
  return is_even ? text : text + fmt::format(", {} pairs", pairs);
}

std::string engaged_label(const Comparison& comparison) {
  if (comparison.status != "ok") return comparison.status;
  int engaged = 0, inert = 0;
  for (const auto& [axis, proof] : comparison.engagement) {
    if (proof.verdict == "not engaged") return "NO";
    if (proof.verdict == "no proof") continue;
    ++(proof.verdict == "inert" ? inert : engaged);
  }
  if (engaged + inert == 0) return "-";
  if (inert == 0) return "yes";
  return engaged == 0 ? "inert" : fmt::format("yes, {} inert", inert);
}

std::string trace_label(const TraceSummary& trace) {
  if (trace.refused) return "not compared: " + one_line(*trace.refused);
  const std::string against =
      trace.floor ? fmt::format("beyond the floor of {} equal pairs", trace.floor_pairs)
                  : kNoTraceFloor;
  if (!trace.first_step && !trace.first_block) return fmt::format("nowhere ({})", against);
  std::string text = trace.first_step ? fmt::format("latents: from step {}", *trace.first_step)
                                      : "latents: nowhere";
  text += trace.first_block
              ? fmt::format("; block norms: from {} in step {}", one_line(trace.first_block->block),
                            trace.first_block->step)
              : "; block norms: nowhere";
  if (trace.nonfinite_from) text += fmt::format("; not finite from step {}", *trace.nonfinite_from);
  return fmt::format("{} ({})", text, against);
}

std::string trace_plot(const TraceSummary& trace) {
  if (trace.refused) return "";
  std::string text;
  const auto line = [&](const std::string& name, const std::string& bars,
                        const std::optional<double>& value) {
    text += fmt::format("    {:<15} {}  {}\n", one_line(name), bars, number_text(value, "{:.1e}"));
  };
  std::string bars;
  for (const auto& value : trace.mean.latents) bars += bar(value);
  line("latents", bars, trace.mean.latents.back());
  for (std::size_t block = 0; block < trace.blocks.size(); ++block) {
    bars.clear();
    for (const auto& row : trace.mean.block_norms) bars += bar(row.at(block));
    line(trace.blocks.at(block), bars, trace.over_blocks.at(block));
  }
  return text;
}

}  // namespace sameseed
