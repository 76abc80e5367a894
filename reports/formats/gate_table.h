// What gates answered and what the run could have shown, as lines for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

struct GateRow {
  std::string gate;      // "lpips.alex mean at most 0.2, by interval, against reference"
  std::string answer;    // "pass"
  std::string settings;  // "11 of 12 pass, 1 inconclusive"
  std::string smallest;  // the smallest change it could have shown: "0.012 of the mean (48 pairs)"
  std::string half;      // what would show half of it: "190 pairs"
};

// `verdict` as in report.json; empty without gates.
std::vector<GateRow> gate_rows(const nlohmann::json& verdict);

// All but gate and answer, on one line.
std::string gate_text(const GateRow& row);

// How the rows' smallest changes are meant: power, alpha and formula. Empty without gates.
std::string gate_note(const nlohmann::json& verdict);

}  // namespace sameseed
