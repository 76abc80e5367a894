#include <cmath>
#include <limits>

#include "reports/compare/compare_rows.h"

namespace sameseed {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A setting of which most values are missing counts as not made.
Settings settings_made(const Settings& settings, const Table& table) {
  Settings made;
  for (std::size_t point = 0; point < settings.size(); ++point) {
    std::size_t present = 0;
    for (const auto& of_unit : table) present += !std::isnan(of_unit[point]);
    const bool is_made = present > 0 && 2 * present >= table.size();
    made.push_back(is_made ? settings[point] : std::nullopt);
  }
  return made;
}

std::vector<Effect> main_effects(const RunIndex& run, const Settings& settings) {
  auto effects = effects_of(switches_of(run.plan().axes), settings);
  std::erase_if(effects, [](const Effect& effect) {
    return effect.levels.size() != 1 || effect.contrasts.empty();
  });
  return effects;
}

CompareRow row_of(const Effect& effect, const std::string& measure, const std::string& unit) {
  return {.claim = {.about = About::kSwitch,
                    .arm = "candidate",
                    .setting = effect.levels,
                    .off = effect.off,
                    .measure = measure,
                    .unit = unit}};
}

void add_quality_rows(const RunIndex& a, const RunIndex& b, const ReportMetric& metric,
                      const std::vector<SameComparison>& comparisons, const Settings& settings,
                      const PromptNames& prompts, Observations& observations, CompareRows& rows) {
  std::map<Prompt, std::vector<double>> by_prompt;
  for (std::size_t point = 0; point < comparisons.size(); ++point)
    for (const auto& [prompt, losses] :
         losses_of_prompts(comparisons[point], metric, a, b, prompts))
      by_prompt.try_emplace(prompt, settings.size(), kNaN).first->second[point] =
          losses.b - losses.a;
  Table table;
  std::vector<std::size_t> numbers;
  for (auto& [prompt, row] : by_prompt) {
    numbers.push_back(observations.number(prompt));
    table.push_back(std::move(row));
  }
  const auto effects = main_effects(a, settings_made(settings, table));
  const Table values = rows_over_pairs(effects, table);
  for (std::size_t i = 0; i < effects.size(); ++i) {
    CompareRow row = row_of(effects[i], metric.name, metric.loss_unit());
    for (std::size_t prompt = 0; prompt < values[i].size(); ++prompt)
      if (!std::isnan(values[i][prompt])) row.values[numbers[prompt]] = values[i][prompt];
    rows.push_back(std::move(row));
  }
}

void add_speed_rows(const RunIndex& a, const TimedSettings& timed, const Settings& settings,
                    double margin, Observations& observations, CompareRows& rows) {
  Table table;  // block -> setting -> change of log(candidate / reference)
  for (std::size_t point = 0; point < timed.settings.size(); ++point) {
    const auto candidate = time_changes(timed.settings[point], "candidate", "total_ms", false),
               reference = time_changes(timed.settings[point], "reference", "total_ms", false);
    for (const auto& [block, change] : candidate) {
      if (!reference.contains(block)) continue;
      const auto index = static_cast<std::size_t>(block);
      if (table.size() <= index)
        table.resize(index + 1, std::vector<double>(settings.size(), kNaN));
      table[index][point] = change - reference.at(block);
    }
  }
  if (table.empty()) return;
  const auto effects = main_effects(a, settings_made(settings, table));
  const Table values = rows_over_blocks(effects, table);
  for (std::size_t i = 0; i < effects.size(); ++i) {
    CompareRow row = row_of(effects[i], "total_ms", "ratio");
    row.margin = margin;
    for (std::size_t context = 0; context < values[i].size(); ++context)
      if (!std::isnan(values[i][context]))
        row.values[observations.number(context)] = values[i][context];
    rows.push_back(std::move(row));
  }
}

}  // namespace

CompareRows switch_rows(const RunIndex& a, const RunIndex& b, const TimedSettings& timed,
                        double margin, const PromptNames& prompts, Observations& observations) {
  std::vector<SameComparison> comparisons = same_comparisons(a, b);
  std::erase_if(comparisons, [](const SameComparison& comparison) {
    return comparison.first->against != "reference";
  });
  Settings settings;
  for (const SameComparison& comparison : comparisons)
    settings.push_back(comparison.first->setting);
  CompareRows rows;
  for (const ReportMetric& metric : judged_metrics(a, b))
    add_quality_rows(a, b, metric, comparisons, settings, prompts, observations, rows);
  add_speed_rows(a, timed, settings, std::log1p(margin), observations, rows);
  return rows;
}

}  // namespace sameseed
