// What gates answered and what the run could have shown, as lines for people.
#pragma once

#include <string>
#include <vector>

#include "reports/judge/verdict.h"

namespace sameseed {

struct GateRow {
  std::string gate;      // "lpips.alex mean at most 0.2, by interval, against reference"
  std::string answer;    // "pass"
  std::string settings;  // "11 of 12 pass, 1 inconclusive", and the drift since the first baseline
  std::string smallest;  // the smallest change it could have shown: "0.012 of the mean (48 pairs)"
  std::string half;      // what would show half of it: "190 pairs"
};

// Empty without gates.
std::vector<GateRow> gate_rows(const Verdict& verdict);

// All but gate and answer, on one line.
std::string gate_text(const GateRow& row);

// How the rows' smallest changes are meant: power, alpha and formula. Empty without gates.
std::string gate_note(const Verdict& verdict);

}  // namespace sameseed
