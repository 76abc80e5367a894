// An SQLite file that several programs may write at the same time: statements with their values,
// and transactions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace sameseed {

// Whose a file is: bytes 68 to 71 of it, and the version of its tables, bytes 60 to 63.
struct DatabaseKind {
  int application_id = 0, version = 0;
};

class Database {
 public:
  enum class Use { kRead, kWrite };

  // kWrite makes the file where there is none. Throws UserError, with the file untouched, where it
  // is no SQLite file, another program's, of a newer version, or damaged.
  Database(const std::filesystem::path& file, Use use, const DatabaseKind& kind);

  void execute(const std::string& text) const;
  int version() const;  // of the tables; 0 in a new file

 private:
  friend class Statement;
  friend class Transaction;
  void check(int code) const;

  std::string file_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
};

// `database` must outlive it.
class Statement {
 public:
  Statement(const Database& database, const std::string& text);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Starts it anew with these values for its question marks.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_value(++index, values), ...);
    return *this;
  }
  // Goes to the next row; false where there is none.
  bool step();

  std::string text(int column);
  std::int64_t integer(int column);
  std::optional<double> real(int column);

 private:
  void reset();
  void bind_value(int index, const std::string& value);
  void bind_value(int index, std::int64_t value);
  void bind_value(int index, const std::optional<double>& value);

  const Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

// Rolled back unless it is committed. `database` must outlive it.
class Transaction {
 public:
  explicit Transaction(const Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  const Database& database_;
  bool done_ = false;
};

}  // namespace sameseed
