// What report.html shows, as the page's scripts read it.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"

namespace sameseed {

// Pure. The summary less what a page does not show, with numbers of five digits; each pair with its
// scores (in the order of `metrics`), its pictures' paths in the run's folder, and its worst tile.
// The fields are read by html/*.js and promised to nobody else.
nlohmann::json page_data(const Summary& summary, const Verdict& verdict);

// The pictures of the `count` worst pairs, worst first: those of the settings that fail a gate,
// gate by gate in turn, and after them those against the reference by the loss on the metric that
// the page opens on. Pairs without a score are left out.
std::vector<Pictures> worst_pictures(const Summary& summary, const Verdict& verdict,
                                     std::size_t count);

}  // namespace sameseed
