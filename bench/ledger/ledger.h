// The ledger: one SQLite file that keeps runs, for their history and as baselines.
//
// Several programs may write at the same time and each may be killed at any time: a run goes in by
// one transaction under SQLite's rollback journal, which leaves one file behind and, unlike the
// write-ahead log, works on network file systems; a second writer waits. Table `points` has one row
// a run, comparison and measure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/ledger/database.h"
#include "reports/history/series.h"

namespace sameseed {

class Ledger {
 public:
  using Use = Database::Use;
  // kWrite makes the file where there is none. Throws UserError, with the file untouched, where it
  // is no SQLite file, another program's, a newer sameseed's, or damaged.
  Ledger(const std::filesystem::path& file, Use use);

  // Adds a run, replacing what the ledger has of the same run but for whether it is accepted.
  // Throws UserError, and replaces nothing, where a measure would lose all its numbers of that run.
  void add(const SeriesRun& run, const std::vector<SeriesRow>& rows);
  // Makes a run that was added a baseline of its recipe, and the newest one, also where it was
  // accepted before. `report`: its report.json as it is now, which is kept.
  void accept(const std::string& key, const std::string& report);
  // Takes that back: the run stays, and is no baseline.
  void revoke(const std::string& key);

  struct Accepted {
    SeriesRun run;
    std::string at;        // ISO 8601
    bool revoked = false;  // at that time; else accepted
  };
  // Those that count now, by cohort, in each the one accepted last at the end.
  std::vector<Accepted> baselines() const;
  // Of those the ones that were made in this folder, the last accepted first.
  std::vector<Accepted> baselines_of(const std::string& folder) const;
  std::vector<Accepted> acceptances() const;  // all there ever were, in their order
  // The reports that were accepted of runs of this recipe, the last accepted first.
  std::vector<std::string> accepted_reports(const std::string& recipe) const;

  // The same, each as it was when it was first accepted since it was last revoked: the earliest
  // first.
  struct FirstAccepted {
    std::string at, report;  // ISO 8601; its report.json then
  };
  std::vector<FirstAccepted> first_accepted(const std::string& recipe) const;

  // Names of the series whose measure is `measure` (all where empty), sorted.
  std::vector<SeriesName> series(const std::string& measure) const;
  Series read(const SeriesName& name) const;
  std::size_t runs() const;

 private:
  void prepare_tables(const std::filesystem::path& file);
  void refuse_to_lose_measures(const SeriesRun& run, std::int64_t number,
                               const std::vector<SeriesRow>& rows) const;

  Database database_;
};

// `named`, or where that is empty the user's: XDG_DATA_HOME/sameseed/ledger.sqlite, else below
// ~/.local/share. Throws UserError where neither variable is set.
std::filesystem::path ledger_file(const std::string& named);

}  // namespace sameseed
