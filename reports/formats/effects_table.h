// The effects of switches as a table for people: "this switch costs ... and buys ...".
#pragma once

#include <string>
#include <vector>

#include "reports/summary/effects.h"

namespace sameseed {

struct EffectRow {
  std::string label;               // "conv half 1", "conv half 1 with deepcache 3/0/0"
  std::vector<std::string> cells;  // one a title
  Setting levels;
};

struct EffectTable {
  std::vector<std::string> titles;
  std::vector<EffectRow> rows;     // main effects, and interactions that show; dearest first
  std::vector<std::string> notes;  // how to read it, what cannot be told, how many prompts are
                                   // needed; indented by two spaces where under the one before
};

// Without rows where nothing was varied or measured.
EffectTable effect_table(const Effects& effects);

}  // namespace sameseed
