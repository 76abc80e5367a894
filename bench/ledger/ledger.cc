#include "bench/ledger/ledger.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "bench/system/clock.h"
#include "io/error.h"

namespace sameseed {
namespace {

constexpr int kApplicationId = 0x73616d65;  // "same", in bytes 68 to 71 of the file
constexpr int kVersion = 2;                 // of the tables, in bytes 60 to 63
constexpr int kPatience_ms = 30000;         // for another writer

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

constexpr const char* kRunFields =
    "r.key, r.started, r.name, r.folder, r.machine, r.driver, r.version, r.cohort, r.recipe, "
    "r.code";

[[noreturn]] void fail(const std::string& file, const std::string& what) {
  throw UserError(fmt::format("{}: {}", file, what));
}

[[noreturn]] void fail(const std::string& file, sqlite3* database, int code) {
  const char* text = database ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      fail(file, fmt::format("the ledger is damaged ({}); nothing was changed: put a copy in its "
                             "place, or move it away and add the runs again",
                             text));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      fail(file, fmt::format("another program has been writing for {} s; try again",
                             kPatience_ms / 1000));
    default:
      fail(file, fmt::format("the ledger cannot be used: {}", text));
  }
}

int big_endian(const std::array<char, 100>& bytes, std::size_t at) {
  unsigned value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<int>(value);
}

// Looks at the file before SQLite does, which may write to what it opens.
void refuse_foreign(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file) || std::filesystem::file_size(file) == 0) return;
  std::array<char, 100> header{};
  std::ifstream in(file, std::ios::binary);
  in.read(header.data(), static_cast<std::streamsize>(header.size()));
  if (!in || !std::string_view(header.data(), 16).starts_with("SQLite format 3"))
    fail(file.string(), "is no ledger of sameseed (no SQLite file); name another with --ledger");
  if (big_endian(header, 68) != kApplicationId)
    fail(file.string(), "is another program's database; name another file with --ledger");
  if (big_endian(header, 60) > kVersion)
    fail(file.string(), fmt::format("was made by a newer sameseed (tables {}, here {})",
                                    big_endian(header, 60), kVersion));
}

sqlite3* open(const std::filesystem::path& file, Ledger::Use use) {
  refuse_foreign(file);
  std::error_code error;
  if (use == Ledger::Use::kWrite && file.has_parent_path())
    std::filesystem::create_directories(file.parent_path(), error);
  if (use == Ledger::Use::kRead &&
      (!std::filesystem::exists(file) || std::filesystem::file_size(file) == 0))
    fail(file.string(), "no ledger is there; `sameseed history add RUN` makes it");
  sqlite3* database = nullptr;
  // Readers open it for writing too: they may have to roll back what a killed writer left.
  const int code = sqlite3_open_v2(
      file.c_str(), &database,
      SQLITE_OPEN_READWRITE | (use == Ledger::Use::kWrite ? SQLITE_OPEN_CREATE : 0), nullptr);
  if (code != SQLITE_OK) {
    sqlite3_close(database);
    fail(file.string(), nullptr, code);
  }
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, kPatience_ms);
  // A run's rows lie in as many places as there are series: all its pages, before they are written.
  sqlite3_exec(database, "PRAGMA cache_size = -65536", nullptr, nullptr, nullptr);
  return database;
}

}  // namespace

class Ledger::Statement {
 public:
  Statement(const Ledger& ledger, const std::string& text) : ledger_(ledger) {
    check(sqlite3_prepare_v2(database(), text.c_str(), -1, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <typename... Values>
  Statement& bind(const Values&... values) {
    sqlite3_reset(statement_);
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
    return code == SQLITE_ROW;
  }
  std::string text(int column) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes ? bytes : "";
  }
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_, column); }
  std::optional<double> real(int column) {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
    return sqlite3_column_double(statement_, column);
  }
  SeriesRun run(int first) {
    return {.key = text(first),
            .started = text(first + 1),
            .name = text(first + 2),
            .folder = text(first + 3),
            .machine = text(first + 4),
            .driver = text(first + 5),
            .version = text(first + 6),
            .cohort = text(first + 7),
            .recipe = text(first + 8),
            .code = static_cast<int>(integer(first + 9))};
  }

 private:
  sqlite3* database() const { return ledger_.database_.get(); }
  void check(int code) {
    if (code != SQLITE_OK) fail(ledger_.file_, database(), code);
  }
  void bind_one(int index, const std::string& value) {
    check(sqlite3_bind_text(statement_, index, value.data(), static_cast<int>(value.size()),
                            SQLITE_TRANSIENT));
  }
  void bind_one(int index, std::int64_t value) {
    check(sqlite3_bind_int64(statement_, index, value));
  }
  void bind_one(int index, const std::optional<double>& value) {
    check(value ? sqlite3_bind_double(statement_, index, *value)
                : sqlite3_bind_null(statement_, index));
  }

  const Ledger& ledger_;
  sqlite3_stmt* statement_ = nullptr;
};

class Ledger::Transaction {
 public:
  explicit Transaction(const Ledger& ledger) : ledger_(ledger) {
    ledger_.execute("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (!done_) sqlite3_exec(ledger_.database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    ledger_.execute("COMMIT");
    done_ = true;
  }

 private:
  const Ledger& ledger_;
  bool done_ = false;
};

Ledger::Ledger(const std::filesystem::path& file, Use use)
    : file_(file.string()), database_(open(file, use), sqlite3_close) {
  prepare_tables();
}

Ledger::~Ledger() = default;

void Ledger::execute(const char* text) const {
  const int code = sqlite3_exec(database_.get(), text, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(file_, database_.get(), code);
}

int Ledger::version() const {
  Statement version(*this, "PRAGMA user_version");
  version.step();
  return static_cast<int>(version.integer(0));
}

// Of a new file, or of one that an older sameseed made.
void Ledger::prepare_tables() {
  if (version() == kVersion) return;
  Transaction transaction(*this);
  const int before = version();  // another program may have been first
  if (before == 0) {
    execute(kTables);
    execute(fmt::format("PRAGMA application_id = {}", kApplicationId).c_str());
  }
  if (before < 2) execute(kReportColumn);
  execute(fmt::format("PRAGMA user_version = {}", kVersion).c_str());
  transaction.commit();
}

void Ledger::add(const SeriesRun& run, const std::vector<SeriesRow>& rows) {
  Transaction transaction(*this);
  Statement id(*this, "SELECT id FROM runs WHERE key = ?");
  const bool is_known = id.bind(run.key).step();
  Statement(*this,
            "INSERT INTO runs (key, started, name, folder, machine, driver, version, cohort, "
            "recipe, code, added) VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (key) DO UPDATE SET "
            "folder = excluded.folder, machine = excluded.machine, driver = excluded.driver, "
            "version = excluded.version, cohort = excluded.cohort, recipe = excluded.recipe, code "
            "= excluded.code")
      .bind(run.key, run.started, run.name, run.folder, run.machine, run.driver, run.version,
            run.cohort, run.recipe, std::int64_t{run.code}, now())
      .step();
  id.bind(run.key).step();
  const std::int64_t number = id.integer(0);
  if (is_known)  // through the series, so that the key of `points` finds them
    Statement(*this, "DELETE FROM points WHERE run = ?1 AND series IN (SELECT id FROM series)")
        .bind(number)
        .step();
  Statement name(*this,
                 "INSERT OR IGNORE INTO series (name, machine, setting, against, measure, unit, "
                 "better) VALUES (?,?,?,?,?,?,?)");
  Statement series(*this,
                   "SELECT id FROM series WHERE name = ? AND machine = ? AND setting = ? AND "
                   "against = ? AND measure = ? AND unit = ? AND better = ?");
  Statement point(*this,
                  "INSERT OR REPLACE INTO points (series, run, n, value, low, high, worst5) VALUES "
                  "(?,?,?,?,?,?,?)");
  for (const auto& [of, values] : rows) {
    for (Statement* one : {&name, &series})
      one->bind(of.name, of.machine, of.setting, of.against, of.measure, of.unit, of.better).step();
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
  Statement(*this, "UPDATE runs SET accepted = ifnull(accepted, ?), report = ? WHERE key = ?")
      .bind(now(), report, key)
      .step();
}

std::vector<Ledger::Accepted> Ledger::baselines() const {
  Statement all(*this, fmt::format("SELECT {}, r.accepted FROM runs r WHERE r.accepted IS NOT NULL "
                                   "ORDER BY r.name, r.cohort, r.started",
                                   kRunFields));
  std::vector<Accepted> list;
  while (all.step()) list.push_back({.run = all.run(0), .accepted = all.text(10)});
  return list;
}

std::vector<std::string> Ledger::accepted_reports(const std::string& recipe) const {
  Statement all(*this,
                "SELECT report FROM runs WHERE recipe = ? AND report IS NOT NULL ORDER BY accepted "
                "DESC, started DESC");
  all.bind(recipe);
  std::vector<std::string> list;
  while (all.step()) list.push_back(all.text(0));
  return list;
}

std::vector<SeriesName> Ledger::series(const std::string& measure) const {
  Statement all(*this,
                "SELECT name, machine, setting, against, measure, unit, better FROM series WHERE "
                "?1 = '' OR measure = ?1 ORDER BY name, machine, measure, against, setting");
  all.bind(measure);
  std::vector<SeriesName> list;
  while (all.step())
    list.push_back({.name = all.text(0),
                    .machine = all.text(1),
                    .setting = all.text(2),
                    .against = all.text(3),
                    .measure = all.text(4),
                    .unit = all.text(5),
                    .better = all.text(6)});
  return list;
}

Series Ledger::read(const SeriesName& name) const {
  Statement all(*this,
                fmt::format("SELECT {}, p.n, p.value, p.low, p.high, p.worst5 FROM points p JOIN "
                            "runs r ON r.id = p.run WHERE p.series = (SELECT id FROM series WHERE "
                            "name = ? AND machine = ? AND setting = ? AND against = ? AND measure "
                            "= ? AND unit = ? AND better = ?) ORDER BY r.started, r.id",
                            kRunFields));
  all.bind(name.name, name.machine, name.setting, name.against, name.measure, name.unit,
           name.better);
  Series series{.name = name, .runs = {}, .points = {}};
  while (all.step()) {
    series.runs.push_back(all.run(0));
    series.points.push_back({.n = static_cast<std::size_t>(all.integer(10)),
                             .value = all.real(11),
                             .low = all.real(12),
                             .high = all.real(13),
                             .worst5 = all.real(14)});
  }
  return series;
}

std::size_t Ledger::runs() const {
  Statement count(*this, "SELECT count(*) FROM runs");
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
