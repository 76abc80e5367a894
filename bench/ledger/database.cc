#include "bench/ledger/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <fstream>

#include "io/error.h"

namespace sameseed {
namespace {

constexpr int kPatience_ms = 30000;  // for another writer

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
void refuse_foreign(const std::filesystem::path& file, const DatabaseKind& kind) {
  if (!std::filesystem::exists(file) || std::filesystem::file_size(file) == 0) return;
  std::array<char, 100> header{};
  std::ifstream in(file, std::ios::binary);
  in.read(header.data(), static_cast<std::streamsize>(header.size()));
  if (!in || !std::string_view(header.data(), 16).starts_with("SQLite format 3"))
    fail(file.string(), "is no ledger of sameseed (no SQLite file); name another with --ledger");
  if (big_endian(header, 68) != kind.application_id)
    fail(file.string(), "is another program's database; name another file with --ledger");
  if (big_endian(header, 60) > kind.version)
    fail(file.string(), fmt::format("was made by a newer sameseed (tables {}, here {})",
                                    big_endian(header, 60), kind.version));
}

sqlite3* open(const std::filesystem::path& file, Database::Use use, const DatabaseKind& kind) {
  refuse_foreign(file, kind);
  std::error_code error;
  if (use == Database::Use::kWrite && file.has_parent_path())
    std::filesystem::create_directories(file.parent_path(), error);
  if (error)
    fail(file.string(), fmt::format("its folder cannot be made: {}; name another file with "
                                    "--ledger, or another place by XDG_DATA_HOME",
                                    error.message()));
  if (use == Database::Use::kRead &&
      (!std::filesystem::exists(file) || std::filesystem::file_size(file) == 0))
    fail(file.string(),
         "no ledger is there; `sameseed history add RUN` makes it, --ledger and XDG_DATA_HOME name "
         "other places");
  sqlite3* database = nullptr;
  // Readers open it for writing too: they may have to roll back what a killed writer left.
  const int code = sqlite3_open_v2(
      file.c_str(), &database,
      SQLITE_OPEN_READWRITE | (use == Database::Use::kWrite ? SQLITE_OPEN_CREATE : 0), nullptr);
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

Database::Database(const std::filesystem::path& file, Use use, const DatabaseKind& kind)
    : file_(file.string()), database_(open(file, use, kind), sqlite3_close) {}

void Database::check(int code) const {
  if (code != SQLITE_OK) fail(file_, database_.get(), code);
}

void Database::execute(const std::string& text) const {
  check(sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr));
}

int Database::version() const {
  Statement version(*this, "PRAGMA user_version");
  version.step();
  return static_cast<int>(version.integer(0));
}

Statement::Statement(const Database& database, const std::string& text) : database_(database) {
  database_.check(
      sqlite3_prepare_v2(database_.database_.get(), text.c_str(), -1, &statement_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::reset() { sqlite3_reset(statement_); }

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) database_.check(code);
  return code == SQLITE_ROW;
}

std::string Statement::text(int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes ? bytes : "";
}

std::int64_t Statement::integer(int column) { return sqlite3_column_int64(statement_, column); }

std::optional<double> Statement::real(int column) {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(statement_, column);
}

void Statement::bind_value(int index, const std::string& value) {
  database_.check(sqlite3_bind_text(statement_, index, value.data(), static_cast<int>(value.size()),
                                    SQLITE_TRANSIENT));
}

void Statement::bind_value(int index, std::int64_t value) {
  database_.check(sqlite3_bind_int64(statement_, index, value));
}

void Statement::bind_value(int index, const std::optional<double>& value) {
  database_.check(value ? sqlite3_bind_double(statement_, index, *value)
                        : sqlite3_bind_null(statement_, index));
}

Transaction::Transaction(const Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!done_) sqlite3_exec(database_.database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  done_ = true;
}

}  // namespace sameseed
