#include "reports/formats/gate_table.h"

#include <fmt/format.h>

#include <map>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::string label_of(const json& gate) {
  std::string text = gate.at("gate");
  text += gate.at("against") == "reference" ? ", against reference" : ", against switches off";
  if (!gate.at("where").empty()) text += ", where " + setting_label(gate.at("where"));
  return text;
}

std::string settings_of(const json& gate) {
  std::map<std::string, int> counts;
  for (const json& setting : gate.at("settings")) ++counts[setting.at("answer")];
  std::string text =
      fmt::format("{} of {} pass", gate.at("passed").get<int>(), gate.at("settings").size());
  for (const auto& [answer, count] : counts)
    if (answer != "pass") text += fmt::format(", {} {}", count, answer);
  return text;
}

// Units by their count: "48 pairs", "10 blocks".
std::string units(const json& gate_change, double count) {
  return fmt::format("{:.0f} {}", count, gate_change.at("unit") == "ratio" ? "blocks" : "pairs");
}

std::string size_of(const json& change) {
  const double value = change.at("value");
  const std::string unit = change.at("unit");
  if (unit == "ratio") return fmt::format("{:.2g} %", 100 * value);
  return fmt::format("{:.3g}{}{}", value, unit.empty() ? "" : " ", unit);
}

}  // namespace

std::vector<GateRow> gate_rows(const json& verdict) {
  std::vector<GateRow> rows;
  for (const json& gate : verdict.value("gates", json::array())) {
    GateRow row{.gate = label_of(gate),
                .answer = gate.at("answer"),
                .settings = settings_of(gate),
                .smallest = "none: too few pairs or blocks",
                .half = "-"};
    if (const json& change = gate.at("smallest_change"); change.is_object()) {
      row.smallest =
          fmt::format("{} of the {} ({})", size_of(change), change.at("of").get<std::string>(),
                      units(change, change.at("n").get<double>()));
      if (change.contains("half_takes"))
        row.half = units(change, change.at("half_takes").get<double>());
      else
        row.smallest = fmt::format("any: all {} are equal", units(change, change.at("n")));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string gate_text(const GateRow& row) {
  return fmt::format("{}; smallest change it could have shown: {}{}", row.settings, row.smallest,
                     row.half == "-" ? "" : "; half of it takes " + row.half);
}

std::string gate_note(const json& verdict) {
  const json gates = verdict.value("gates", json::array());
  if (gates.empty()) return "";
  const json& definition = verdict.at("statistics");
  return fmt::format(
      "Smallest change: so far beyond its bound a true mean is shown to be with {:.0f} % power at "
      "alpha {:.3g}, in the setting that varies most: {}.",
      100 * definition.at("power").get<double>(), gates.at(0).at("alpha").get<double>(),
      definition.at("smallest_change_formula").get<std::string>());
}

}  // namespace sameseed
