// sameseed compare: one run against another.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace sameseed {

struct CompareCommand {
  std::string a, b;                 // folders of runs
  std::vector<std::string> varied;  // cohort fields that may differ
  std::string out;  // folder for compare.json, compare.txt and scores.jsonl; or empty
};

// Scores B's pictures against A's in a clean process, prints what the runs differ by, and writes it
// to `out`. Returns the verdict's code (reports/compare/compare.h).
int compare(const CompareCommand& asked, std::ostream& terminal);

}  // namespace sameseed
