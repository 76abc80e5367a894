// The tables of a report that are not of its settings, as every format for people has them.
#pragma once

#include <string>
#include <vector>

#include "reports/statistics/setting.h"

namespace sameseed {

struct Summary;

struct ReportRow {
  std::string label;               // "conv half 1", "conv half 1 with deepcache 3/0/0"
  std::vector<std::string> cells;  // one a title
  Setting levels = {};             // whose engagement the page shows; empty: of none
};

struct ReportTable {
  std::string title;             // "this switch costs and buys"
  std::string of_rows;           // what a row is: "switch"
  bool is_of_sentences = false;  // a terminal has them as lines under their label
  std::vector<std::string> titles = {};
  std::vector<ReportRow> rows = {};
  std::vector<std::string> notes = {};  // how to read it and what cannot be told; indented by two
                                        // spaces where under the one before
};

// Those that have rows: the claims and their answers, what each switch costs and buys (of each
// model by itself), which model is more sensitive.
std::vector<ReportTable> report_tables(const Summary& summary);

}  // namespace sameseed
