// What two runs differ by, unit by unit: the rows of the family that compare.h judges.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/compare/compare.h"
#include "reports/run/run_index.h"
#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {

class CompareRows {
 public:
  CompareRows(const RunIndex& a, const RunIndex& b, double time_margin);

  // Losses of B's pictures against A's, less the floor of the same prompt and seed where one was
  // measured.
  void add_pictures(const std::vector<SamePicture>& pictures, const AcrossScores& across);
  // Loss of B against its own reference (or switches off) less that of A.
  void add_scores();
  // Logarithms of B's times over A's, block by block: each setting, and all settings together; in
  // ms and, where both runs tell their clock, in cycles of the SM clock.
  void add_times();
  // What each switch costs in B less what it costs in A.
  void add_switches();

  // A claim to be: {about, arm, setting, measure, unit, ...}, without its outcome.
  const nlohmann::json& entry(std::size_t row) const { return rows_[row].entry; }
  std::vector<SparseRow> rows() const;
  std::size_t units() const { return units_.size(); }
  const std::vector<double>& margins() const { return margins_; }
  // {a, b}: mean SM clock in MHz while timed samples ran, null where none is told.
  nlohmann::json clocks() const;

 private:
  struct Row {
    nlohmann::json entry;
    std::map<std::size_t, double> values;
  };
  // Sums over one arm's samples of a block.
  struct BlockTime {
    double ms = 0, megacycles = 0;
    int samples = 0, clocked = 0;
  };
  using Times = std::map<std::string, std::map<int, BlockTime>>;  // timing -> block
  struct Timed {
    nlohmann::json setting;
    std::map<std::string, Times> a, b;  // arm -> times
  };

  std::size_t unit(const nlohmann::json& key) {
    return units_.emplace(key, units_.size()).first->second;
  }
  void add(nlohmann::json entry, std::map<std::size_t, double> values, double margin);
  static std::map<std::string, Times> times_of(const RunIndex& run,
                                               const nlohmann::json& comparison,
                                               std::vector<double>& clocks);
  static std::map<int, double> changes_of(const Timed& timed, const std::string& arm,
                                          const std::string& timing, bool cycles);
  void add_time_rows(const std::string& arm, const std::string& timing, bool cycles);
  // (arm, metric) -> prompt and seed -> the mean loss of the arm's second process in both runs;
  // only what both have.
  using Floors = std::map<nlohmann::json, double>;
  const Floors& floors_of(const std::string& arm, const nlohmann::json& metric);

  const RunIndex &a_, &b_;
  const double time_margin_;
  std::vector<nlohmann::json> metrics_;  // those that are judged
  std::vector<Row> rows_;
  std::vector<double> margins_;
  std::map<nlohmann::json, std::size_t> units_;
  std::map<std::pair<std::string, std::string>, Floors> floors_;
  std::vector<Timed> timed_;
  std::vector<double> clocks_a_, clocks_b_;
};

}  // namespace sameseed
