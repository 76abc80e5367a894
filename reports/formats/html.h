// report.html, in one file, and what draws its chart.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"

namespace sameseed {

inline constexpr std::size_t kLargestEmbedded = 50'000'000;  // bytes: what mail and CI still take

struct EmbeddedReport {
  std::string page;
  std::string note;  // what of the pictures is in it, for people; stands in the page too
};

// The page with the pictures of the `worst` worst pairs inside it, at most `most_bytes` long: first
// both pictures of each pair, worst first, then heat maps, as long as they fit. Files of the run
// that are not there are left out and counted.
EmbeddedReport embedded_report(const Summary& summary, const Verdict& verdict, std::size_t worst,
                               std::size_t most_bytes = kLargestEmbedded);

// Writes plotly.min.js into the run's folder, where it is not there yet.
void write_chart_library(const std::filesystem::path& run);

}  // namespace sameseed
