// What report.html shows, from the summary and the scores of each pair.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/run/run_files.h"

namespace sameseed {

// Pure. The summary less what a page does not show, with numbers of five digits; each pair with its
// scores (in the order of `metrics`), its pictures' paths in the run's folder, and its worst tile.
// The fields are read by html/*.js and promised to nobody else. `summary` has its verdict.
nlohmann::json page_data(const nlohmann::json& summary, const RunFiles& files);

// A pair's pictures, as paths in the run's folder; empty: not made, or no map.
struct Pictures {
  std::string candidate, reference, map;
};

// The pictures of the `count` worst pairs against the reference, worst first, by the loss on the
// metric that the page opens on. Pairs without a score are left out.
std::vector<Pictures> worst_pictures(const nlohmann::json& summary, const RunFiles& files,
                                     std::size_t count);

}  // namespace sameseed
