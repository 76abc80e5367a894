// The verdict of report.json.
#include <cmath>

#include "reports/formats/gate_table.h"
#include "reports/formats/json.h"
#include "reports/formats/json_values.h"
#include "reports/judge/drift.h"
#include "reports/judge/gate_interval.h"

namespace sameseed {
namespace {

using nlohmann::json;

json cause_json(const Cause& cause) {
  json entry = {{"kind", cause.kind}, {"code", cause.code}, {"text", cause.text}};
  if (cause.gate) entry["gate"] = *cause.gate;
  if (!cause.comparison.empty()) entry["comparison"] = cause.comparison;
  if (!cause.sample.empty()) entry["sample"] = cause.sample;
  return entry;
}

json bound_test_json(const BoundTest& test) {
  json entry = {{"of", test.of},
                {"n", test.estimate.n},
                {"estimate", test.estimate.n ? finite_or_null(test.estimate.value) : json()},
                {"interval", nullptr},
                {"unit", test.unit},
                {"smallest_change", or_null(test.smallest_change)}};
  if (test.estimate.interval)
    entry["interval"] = {{"low", finite_or_null(test.estimate.interval->low)},
                         {"high", finite_or_null(test.estimate.interval->high)}};
  if (test.half_takes) entry["half_takes"] = *test.half_takes;
  if (test.judged) {
    entry["bound"] = test.judged->bound;
    entry["p_beyond"] = test.judged->p_beyond;
    entry["p_beyond_holm"] = test.judged->p_beyond_holm;
    entry["p_within"] = test.judged->p_within;
  }
  return entry;
}

json smallest_change_json(const SmallestChange& change) {
  json entry = {{"value", change.value}, {"of", change.of}, {"unit", change.unit}, {"n", change.n}};
  if (change.half_takes) entry["half_takes"] = *change.half_takes;
  return entry;
}

json gate_json(const GateDecision& decision, const GateRow& row) {
  const Gate& gate = decision.gate;
  json entry = {
      {"gate", gate_label(gate)},
      {"of", gate.name},
      {"against", gate.against},
      {"where", gate.where},
      {"answer", name_of(decision.answer)},
      {"label", row.gate},
      {"text", gate_text(row)},
      {"by", gate.wanted_class  ? "class"
             : gate.by_interval ? "interval"
                                : "value"},
      {"alpha", gate.alpha},
      {"judged", decision.judged},
      {"passed", decision.passed},
      {"failed", decision.failed},
      {"unsupported", decision.unsupported},
      {"smallest_change",
       decision.smallest_change ? smallest_change_json(*decision.smallest_change) : json()},
      {"settings", list_json(decision.settings, [](const SettingDecision& setting) {
         return json{{"comparison", setting.comparison},
                     {"answer", name_of(setting.answer)},
                     {"tests", list_json(setting.tests, bound_test_json)}};
       })}};
  if (const auto& drift = decision.drift)
    entry["since_first_baseline"] = {
        {"accepted", drift->since},
        {"change", drift->absent.empty() ? json(drift->value) : json()},
        {"unit", drift->unit},
        {"comparison", drift->comparison},
        {"text", told(*drift)}};
  return entry;
}

json gate_statistics_json() {
  const GateStatistics statistics = gate_statistics();
  return {{"power", statistics.power},
          {"fewest_units", statistics.fewest_units},
          {"method", statistics.method},
          {"correction", statistics.correction},
          {"smallest_change_formula", statistics.smallest_change_formula},
          {"half_takes", statistics.half_takes}};
}

}  // namespace

json verdict_json(const Verdict& verdict) {
  json entry = {{"code", verdict.code},
                {"word", verdict.word},
                {"causes", list_json(verdict.causes, cause_json)}};
  if (verdict.gates) {
    const std::vector<GateRow> rows = gate_rows(verdict);
    entry["gates"] = json::array();
    for (std::size_t i = 0; i < rows.size(); ++i)
      entry["gates"].push_back(gate_json((*verdict.gates)[i], rows[i]));
    entry["statistics"] = gate_statistics_json();
  }
  return entry;
}

}  // namespace sameseed
