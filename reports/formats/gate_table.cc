#include "reports/formats/gate_table.h"

#include <fmt/format.h>

#include <map>

#include "reports/judge/drift.h"
#include "reports/judge/gate_interval.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

std::string label_of(const Gate& gate) {
  std::string text = gate_label(gate);
  text += gate.against == "reference" ? ", against reference" : ", against switches off";
  if (!gate.where.empty()) text += ", where " + setting_label(gate.where);
  return text;
}

std::string settings_of(const GateDecision& decision) {
  std::map<std::string, int> counts;
  for (const SettingDecision& setting : decision.settings) ++counts[name_of(setting.answer)];
  std::string text = fmt::format("{} of {} pass", decision.passed, decision.settings.size());
  for (const auto& [answer, count] : counts)
    if (answer != "pass") text += fmt::format(", {} {}", count, answer);
  if (decision.drift) text += "; " + told(*decision.drift);
  return text;
}

// Observations by their count: "48 prompts", "10 blocks".
std::string observations(const SmallestChange& change, double count) {
  return fmt::format("{:.0f} {}", count, change.unit == "ratio" ? "blocks" : "prompts");
}

std::string size_of(const SmallestChange& change) {
  if (change.unit == "ratio") return fmt::format("{:.2g} %", 100 * change.value);
  return fmt::format("{:.3g}{}{}", change.value, change.unit.empty() ? "" : " ", change.unit);
}

}  // namespace

std::vector<GateRow> gate_rows(const Verdict& verdict) {
  std::vector<GateRow> rows;
  if (!verdict.gates) return rows;
  for (const GateDecision& decision : *verdict.gates) {
    GateRow row{.gate = label_of(decision.gate),
                .answer = name_of(decision.answer),
                .settings = settings_of(decision),
                .smallest = "none: too few prompts or blocks",
                .half = "-"};
    if (decision.gate.wanted_class) row.smallest = "-";
    if (const auto& change = decision.smallest_change) {
      const std::string all = observations(*change, static_cast<double>(change->n));
      row.smallest = change->value == 0
                         ? fmt::format("any: all {} are equal", all)
                         : fmt::format("{} of the {} ({})", size_of(*change), change->of, all);
      if (change->half_takes) row.half = observations(*change, *change->half_takes);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string gate_text(const GateRow& row) {
  if (row.smallest == "-") return row.settings;
  return fmt::format("{}; smallest change it could have shown: {}{}", row.settings, row.smallest,
                     row.half == "-" ? "" : "; half of it takes " + row.half);
}

std::string gate_note(const Verdict& verdict) {
  if (!verdict.gates || verdict.gates->empty()) return "";
  const GateStatistics statistics = gate_statistics();
  return fmt::format(
      "Smallest change: so far beyond its bound a true mean is shown to be with {:.0f} % power at "
      "alpha {:.3g}, in the setting that varies most: {}.",
      100 * statistics.power, verdict.gates->front().gate.alpha,
      statistics.smallest_change_formula);
}

}  // namespace sameseed
