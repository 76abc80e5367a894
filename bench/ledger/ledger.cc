#include "bench/ledger/ledger.h"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "bench/system/clock.h"
#include "io/error.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

constexpr DatabaseKind kLedger = {.application_id = 0x73616d65 /* "same" */, .version = 4};

constexpr const char* kTables = R"(
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, started TEXT NOT NULL, name TEXT NOT NULL,
  folder TEXT NOT NULL, machine TEXT NOT NULL, driver TEXT NOT NULL, version TEXT NOT NULL,
  cohort TEXT NOT NULL, recipe TEXT NOT NULL, code INTEGER NOT NULL, added TEXT NOT NULL,
  accepted TEXT);
CREATE TABLE series (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, machine TEXT NOT NULL, setting TEXT NOT NULL,
  against TEXT NOT NULL, measure TEXT NOT NULL, unit TEXT NOT NULL, better TEXT NOT NULL,
  UNIQUE (name, machine, setting, against, measure, unit, better));
CREATE TABLE points (
  series INTEGER NOT NULL REFERENCES series(id), run INTEGER NOT NULL REFERENCES runs(id),
  n INTEGER NOT NULL, value REAL, low REAL, high REAL, worst5 REAL,
  PRIMARY KEY (series, run)) WITHOUT ROWID;
)";

// Since version 2: the report of an accepted run, by which later ones are judged whatever becomes
// of its folder.
constexpr const char* kReportColumn = "ALTER TABLE runs ADD COLUMN report TEXT";

// Since version 3: every acceptance and every one taken back, in their order; nothing is ever taken
// out of it.
constexpr const char* kAcceptances = R"(
CREATE TABLE acceptances (
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs(id), at TEXT NOT NULL,
  revoked INTEGER NOT NULL, report TEXT);
INSERT INTO acceptances (run, at, revoked, report)
  SELECT id, accepted, 0, report FROM runs WHERE accepted IS NOT NULL ORDER BY accepted, started;
)";

// Since version 4: cores, threads and kernel, which may change under one machine's name.
constexpr const char* kHostColumn = "ALTER TABLE runs ADD COLUMN host TEXT NOT NULL DEFAULT ''";

constexpr const char* kRunFields =
    "r.key, r.started, r.name, r.folder, r.machine, r.driver, r.version, r.cohort, r.recipe, "
    "r.code, r.host";

// Of run `r`: the times are to the second, these are in order.
constexpr const char* kLastAcceptance =
    "(SELECT max(a.id) FROM acceptances a WHERE a.run = r.id AND a.revoked = 0)";

// Of a row that begins with kRunFields.
SeriesRun run_of(Statement& row) {
  return {.key = row.text(0),
          .started = row.text(1),
          .name = row.text(2),
          .folder = row.text(3),
          .machine = row.text(4),
          .driver = row.text(5),
          .version = row.text(6),
          .cohort = row.text(7),
          .recipe = row.text(8),
          .code = static_cast<int>(row.integer(9)),
          .host = row.text(10)};
}

// Before its tables change. The caller has the only transaction that may write.
void keep_copy(const std::filesystem::path& file, int version) {
  const std::filesystem::path copy = fmt::format("{}.tables-{}", file.string(), version);
  std::error_code error;
  std::filesystem::copy_file(file, copy, std::filesystem::copy_options::skip_existing, error);
  if (error)
    throw UserError(
        fmt::format("{}: no copy of the ledger can be kept before its tables change: {}",
                    copy.string(), error.message()));
}

}  // namespace

Ledger::Ledger(const std::filesystem::path& file, Use use) : database_(file, use, kLedger) {
  prepare_tables(file);
}

// Of a new file, or of one that an older sameseed made, of which a copy stays beside it.
void Ledger::prepare_tables(const std::filesystem::path& file) {
  if (database_.version() == kLedger.version) return;
  Transaction transaction(database_);
  const int before = database_.version();  // another program may have been first
  if (before == 0) {
    database_.execute(kTables);
    database_.execute(fmt::format("PRAGMA application_id = {}", kLedger.application_id));
  }
  if (before > 0 && before < kLedger.version) keep_copy(file, before);
  if (before < 2) database_.execute(kReportColumn);
  if (before < 3) database_.execute(kAcceptances);
  if (before < 4) database_.execute(kHostColumn);
  database_.execute(fmt::format("PRAGMA user_version = {}", kLedger.version));
  transaction.commit();
}

// A report of a run that lost its scores since is not the better one.
void Ledger::refuse_to_lose_measures(const SeriesRun& run, std::int64_t number,
                                     const std::vector<SeriesRow>& rows) const {
  std::set<std::string> given;
  for (const SeriesRow& row : rows)
    if (row.point.value) given.insert(row.series.measure);
  std::vector<std::string> lost;
  Statement known(database_,
                  "SELECT DISTINCT s.measure FROM points p JOIN series s ON s.id = p.series WHERE "
                  "p.run = ? AND p.value IS NOT NULL ORDER BY s.measure");
  known.bind(number);
  while (known.step())
    if (!given.contains(known.text(0))) lost.push_back(known.text(0));
  if (!lost.empty())
    throw UserError(fmt::format(
        "{}: the ledger has numbers of this run that its report no longer has ({}), and keeps "
        "them. Bring its scores or times back (`sameseed score`, `sameseed report`), then add it",
        run.folder, listed(lost, 3)));
}

void Ledger::add(const SeriesRun& run, const std::vector<SeriesRow>& rows) {
  Transaction transaction(database_);
  Statement id(database_, "SELECT id FROM runs WHERE key = ?");
  const bool is_known = id.bind(run.key).step();
  Statement(
      database_,
      "INSERT INTO runs (key, started, name, folder, machine, driver, version, cohort, "
      "recipe, code, added, host) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (key) DO UPDATE SET "
      "folder = excluded.folder, machine = excluded.machine, driver = excluded.driver, "
      "version = excluded.version, cohort = excluded.cohort, recipe = excluded.recipe, code "
      "= excluded.code, host = excluded.host")
      .bind(run.key, run.started, run.name, run.folder, run.machine, run.driver, run.version,
            run.cohort, run.recipe, std::int64_t{run.code}, now(), run.host)
      .step();
  id.bind(run.key).step();
  const std::int64_t number = id.integer(0);
  if (is_known) refuse_to_lose_measures(run, number, rows);
  if (is_known)  // through the series, so that the key of `points` finds them
    Statement(database_, "DELETE FROM points WHERE run = ?1 AND series IN (SELECT id FROM series)")
        .bind(number)
        .step();
  Statement name(database_,
                 "INSERT OR IGNORE INTO series (name, machine, setting, against, measure, unit, "
                 "better) VALUES (?,?,?,?,?,?,?)");
  Statement series(database_,
                   "SELECT id FROM series WHERE name = ? AND machine = ? AND setting = ? AND "
                   "against = ? AND measure = ? AND unit = ? AND better = ?");
  Statement point(database_,
                  "INSERT OR REPLACE INTO points (series, run, n, value, low, high, worst5) VALUES "
                  "(?,?,?,?,?,?,?)");
  for (const auto& [of, values] : rows) {
    for (Statement* statement : {&name, &series})
      statement->bind(of.name, of.machine, of.setting, of.against, of.measure, of.unit, of.better)
          .step();
    point
        .bind(series.integer(0), number, static_cast<std::int64_t>(values.n), values.value,
              values.low, values.high, values.worst5)
        .step();
  }
  series.bind();
  id.bind();
  transaction.commit();
}

void Ledger::accept(const std::string& key, const std::string& report) {
  const std::string at = now();
  Transaction transaction(database_);
  Statement(database_, "UPDATE runs SET accepted = ?, report = ? WHERE key = ?")
      .bind(at, report, key)
      .step();
  Statement(database_,
            "INSERT INTO acceptances (run, at, revoked, report) SELECT id, ?, 0, ? FROM runs WHERE "
            "key = ?")
      .bind(at, report, key)
      .step();
  transaction.commit();
}

void Ledger::revoke(const std::string& key) {
  Transaction transaction(database_);
  Statement(database_, "UPDATE runs SET accepted = NULL, report = NULL WHERE key = ?")
      .bind(key)
      .step();
  Statement(database_,
            "INSERT INTO acceptances (run, at, revoked) SELECT id, ?, 1 FROM runs WHERE key = ?")
      .bind(now(), key)
      .step();
  transaction.commit();
}

std::vector<Ledger::Accepted> Ledger::baselines() const {
  Statement row(database_,
                fmt::format("SELECT {}, r.accepted FROM runs r WHERE r.accepted IS NOT NULL "
                            "ORDER BY r.name, r.cohort, {}",
                            kRunFields, kLastAcceptance));
  std::vector<Accepted> list;
  while (row.step()) list.push_back({.run = run_of(row), .at = row.text(11)});
  return list;
}

std::vector<Ledger::Accepted> Ledger::baselines_of(const std::string& folder) const {
  Statement row(database_,
                fmt::format("SELECT {}, r.accepted FROM runs r WHERE r.accepted IS NOT NULL AND "
                            "r.folder = ? ORDER BY {} DESC",
                            kRunFields, kLastAcceptance));
  row.bind(folder);
  std::vector<Accepted> list;
  while (row.step()) list.push_back({.run = run_of(row), .at = row.text(11)});
  return list;
}

std::vector<Ledger::Accepted> Ledger::acceptances() const {
  Statement row(database_, fmt::format("SELECT {}, a.at, a.revoked FROM acceptances a JOIN runs r "
                                       "ON r.id = a.run ORDER BY a.id",
                                       kRunFields));
  std::vector<Accepted> list;
  while (row.step())
    list.push_back({.run = run_of(row), .at = row.text(11), .revoked = row.integer(12) != 0});
  return list;
}

std::vector<std::string> Ledger::accepted_reports(const std::string& recipe) const {
  Statement row(database_,
                fmt::format("SELECT r.report FROM runs r WHERE (r.recipe = ?1 OR r.recipe LIKE ?1 "
                            "|| ':%') AND r.report IS NOT NULL ORDER BY {} DESC",
                            kLastAcceptance));
  row.bind(recipe);
  std::vector<std::string> list;
  while (row.step()) list.push_back(row.text(0));
  return list;
}

std::vector<Ledger::FirstAccepted> Ledger::first_accepted(const std::string& recipe) const {
  Statement row(database_,
                "SELECT a.at, ifnull(a.report, r.report) FROM acceptances a JOIN runs r ON r.id = "
                "a.run WHERE (r.recipe = ?1 OR r.recipe LIKE ?1 || ':%') AND r.report IS NOT NULL "
                "AND a.id = (SELECT min(b.id) FROM acceptances b WHERE b.run = r.id AND b.revoked "
                "= 0 AND b.id > (SELECT ifnull(max(c.id), 0) FROM acceptances c WHERE c.run = r.id "
                "AND c.revoked = 1)) ORDER BY a.id");
  row.bind(recipe);
  std::vector<FirstAccepted> list;
  while (row.step()) list.push_back({.at = row.text(0), .report = row.text(1)});
  return list;
}

std::vector<SeriesName> Ledger::series(const std::string& measure) const {
  Statement row(database_,
                "SELECT name, machine, setting, against, measure, unit, better FROM series WHERE "
                "?1 = '' OR measure = ?1 ORDER BY name, machine, measure, against, setting");
  row.bind(measure);
  std::vector<SeriesName> list;
  while (row.step())
    list.push_back({.name = row.text(0),
                    .machine = row.text(1),
                    .setting = row.text(2),
                    .against = row.text(3),
                    .measure = row.text(4),
                    .unit = row.text(5),
                    .better = row.text(6)});
  return list;
}

Series Ledger::read(const SeriesName& name) const {
  Statement row(database_,
                fmt::format("SELECT {}, p.n, p.value, p.low, p.high, p.worst5 FROM points p JOIN "
                            "runs r ON r.id = p.run WHERE p.series = (SELECT id FROM series WHERE "
                            "name = ? AND machine = ? AND setting = ? AND against = ? AND measure "
                            "= ? AND unit = ? AND better = ?) ORDER BY r.started, r.id",
                            kRunFields));
  row.bind(name.name, name.machine, name.setting, name.against, name.measure, name.unit,
           name.better);
  Series series{.name = name, .runs = {}, .points = {}};
  while (row.step()) {
    series.runs.push_back(run_of(row));
    series.points.push_back({.n = static_cast<std::size_t>(row.integer(11)),
                             .value = row.real(12),
                             .low = row.real(13),
                             .high = row.real(14),
                             .worst5 = row.real(15)});
  }
  return series;
}

std::size_t Ledger::runs() const {
  Statement count(database_, "SELECT count(*) FROM runs");
  count.step();
  return static_cast<std::size_t>(count.integer(0));
}

std::filesystem::path ledger_file(const std::string& named) {
  if (!named.empty()) return named;
  const char *data = std::getenv("XDG_DATA_HOME"), *home = std::getenv("HOME");
  if (data && *data) return std::filesystem::path(data) / "sameseed/ledger.sqlite";
  if (home && *home) return std::filesystem::path(home) / ".local/share/sameseed/ledger.sqlite";
  throw UserError(
      "no place for the ledger: neither XDG_DATA_HOME nor HOME is set; name a file with "
      "--ledger");
}

}  // namespace sameseed
