#include "reports/run/pair_entry.h"

namespace sameseed {

using nlohmann::json;

json pair_entry(const json& pair, const RunIndex& run) {
  json entry = {{"candidate", pair.at("candidate")}, {"reference", pair.at("reference")},
                {"prompt", pair.at("prompt")},       {"seed", pair.at("seed")},
                {"values", json::object()},          {"nonfinite", json::object()}};
  if (const json* scores = run.scores(pair.at("candidate"), pair.at("reference")))
    for (const char* name : {"values", "nonfinite"})
      entry[name] = scores->value(name, json::object());
  return entry;
}

}  // namespace sameseed
