// Pictures that two runs both made.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/run_index.h"

namespace sameseed {

// A picture that both runs made: of equal engine, variables (those of --keep-env left out), load
// options (folders left out) and request.
struct SamePicture {
  std::string a, b;          // its cases
  std::string arm;           // "candidate", "reference" or "switches off"
  Setting setting;           // the axes that this arm sees
  nlohmann::json same_case;  // what the two cases have in common, less prompt and seed
  std::string prompt;
  std::uint64_t seed = 0;
};
std::vector<SamePicture> same_pictures(const RunIndex& a, const RunIndex& b);

// (case of B, case of A) -> B's picture scored against A's.
using AcrossScores = std::map<std::pair<std::string, std::string>, PairScores>;

}  // namespace sameseed
