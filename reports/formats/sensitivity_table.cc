#include "reports/formats/sensitivity_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/run/labels.h"
#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {
namespace {

struct RatioColumn {
  const char *metric, *title;
};
constexpr RatioColumn kColumns[] = {{"lpips.alex", "LPIPS"},
                                    {"ssim.gaussian", "1 - SSIM"},
                                    {"color.delta_e_mean", "mean ΔE"},
                                    {"psnr.rgb", "MSE"},
                                    {"latents.relative_l2", "latents"}};

std::string row_label(const SensitivityRow& row) {
  return row.levels.empty() ? "switches off" : setting_label(row.levels);
}

std::string ratio_cell(const SensitivityRow& row, const char* metric) {
  const auto found = row.by_metric.find(metric);
  if (found == row.by_metric.end() || found->second.ratio.n == 0) return "-";
  const SensitivityOn& on = found->second;
  if (on.answer == "no loss") return "no loss";
  if (!on.ratio.interval) return fmt::format("{:.3g}?", on.ratio.value);
  return fmt::format("{:.3g} [{:.3g}, {:.3g}]", on.ratio.value, on.ratio.interval->low,
                     on.ratio.interval->high);
}

bool is_measured(const Sensitivity& sensitivity, const char* metric) {
  return std::ranges::any_of(sensitivity.rows, [&](const SensitivityRow& row) {
    const auto found = row.by_metric.find(metric);
    return found != row.by_metric.end() && found->second.ratio.n > 0;
  });
}

std::string number_or_dash(const std::optional<double>& value, int digits = 3) {
  return value ? fmt::format("{:.{}g}", *value, digits) : "-";
}

ReportTable ratios_between(const Sensitivity& sensitivity, const std::string& a,
                           const std::string& b) {
  ReportTable table{.title = fmt::format("which model is more sensitive: the loss of {} over that "
                                         "of {}, each against its own reference",
                                         a, b),
                    .of_rows = "switch"};
  std::vector<const char*> metrics;
  for (const RatioColumn& column : kColumns)
    if (is_measured(sensitivity, column.metric)) {
      metrics.push_back(column.metric);
      table.titles.emplace_back(column.title);
    }
  const std::string headline = sensitivity.headline.value_or("");
  table.titles.push_back("answer");
  std::size_t replaced = 0;
  std::string needed;
  for (const SensitivityRow& row : sensitivity.rows) {
    if (row.a != a || row.b != b) continue;
    ReportRow line{.label = row_label(row), .cells = {}, .levels = row.levels};
    for (const char* metric : metrics) line.cells.push_back(ratio_cell(row, metric));
    const auto on = row.by_metric.find(headline);
    line.cells.push_back(on == row.by_metric.end() ? "-" : on->second.answer);
    table.rows.push_back(std::move(line));
    if (on == row.by_metric.end()) continue;
    replaced += on->second.replaced;
    if (on->second.needed && on->second.answer == "not shown")
      needed += fmt::format("{}{}: {:.0f} prompts", needed.empty() ? "" : ", ", row_label(row),
                            *on->second.needed);
  }
  table.notes.push_back(fmt::format(
      "geometric means over the prompts; [ ] hold for a whole column at {:.0f} %; the answer is "
      "that of the first column; equal: between 1 / {} and {}",
      100 * FamilyOptions().confidence, kSensitivityMargin, kSensitivityMargin));
  if (replaced > 0)
    table.notes.push_back(
        fmt::format("{} losses are exactly 0; half of the smallest one stands for them", replaced));
  if (!needed.empty())
    table.notes.push_back("needed to show a ratio of the size seen (power 80 %): " + needed);
  return table;
}

// Where they differ it may be that, and not the model, what the ratios show.
ReportTable facts_table(const Sensitivity& sensitivity) {
  const std::string headline = sensitivity.headline.value_or("");
  ReportTable table{
      .title = "what else the models differ in",
      .of_rows = "model",
      .titles = {"sampler", "guidance", "steps", "latents' deviation", "contrast, levels",
                 headline + ", switches off", headline + ", floor"}};
  for (const ModelFacts& model : sensitivity.models) {
    const auto of_headline = [&](const std::map<std::string, double>& by_metric) {
      const auto found = by_metric.find(headline);
      return number_or_dash(found == by_metric.end() ? std::nullopt : std::optional(found->second));
    };
    table.rows.push_back(
        {.label = model.model,
         .cells = {model.sampler.empty() ? "-" : one_line(model.sampler),
                   number_or_dash(model.guidance), number_or_dash(model.steps),
                   number_or_dash(model.latents_deviation), number_or_dash(model.contrast),
                   of_headline(model.switches_off), of_headline(model.floor)}});
  }
  table.notes.push_back(
      "each of these can make a ratio by itself: another sampler or guidance bears the same error "
      "otherwise, larger latents carry a larger one, and stronger contrast makes it easier to see; "
      "measure with these equal before you blame a model");
  return table;
}

}  // namespace

std::vector<ReportTable> sensitivity_tables(const Sensitivity& sensitivity) {
  std::vector<ReportTable> tables;
  for (std::size_t a = 0; a < sensitivity.models.size(); ++a)
    for (std::size_t b = a + 1; b < sensitivity.models.size(); ++b)
      tables.push_back(
          ratios_between(sensitivity, sensitivity.models[a].model, sensitivity.models[b].model));
  if (!tables.empty()) tables.push_back(facts_table(sensitivity));
  return tables;
}

}  // namespace sameseed
