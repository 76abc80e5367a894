// RUN/scores.jsonl: what was scored before, and what is added.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "bench/score/wanted_pairs.h"
#include "io/files.h"

namespace sameseed {

// The pictures that RUN/records.jsonl tells of: those whose samples `counts` takes. `passed_over`:
// which lines cannot be; empty: none. Throws UserError where the file cannot be read.
MadePictures read_made_pictures(const std::filesystem::path& run,
                                const std::function<bool(const std::string& sample)>& counts,
                                std::string& passed_over);

class ScoreLog {
 public:
  // Reads what is there. Throws UserError where it is no file that can be read.
  explicit ScoreLog(std::filesystem::path run);

  // Which lines of it cannot be; empty: none.
  const std::string& passed_over() const { return passed_over_; }

  // Whether the pair needs no scoring: its newest line has this key and holds scores, and its heat
  // map, where it has one, is the file that the line names.
  bool has(const WantedPair& pair, const std::string& key) const;

  // Adds a line, with the kernel when this returns. `scorer`, the line that describes the metrics,
  // goes before it where the newest of its kind says otherwise. A refusal that the newest line of
  // the pair says already is not repeated. Throws DiskFull and UserError.
  void add(const nlohmann::json& scorer, const nlohmann::json& line);

  // The metrics alone, where no pair was scored.
  void add_scorer(const nlohmann::json& scorer);

  // Puts the lines and the heat maps on the disk.
  void flush();

  // How many pairs have a refusal as their newest line, and the first of them.
  std::pair<std::size_t, std::string> refused() const;

 private:
  struct Newest {
    std::string key, refused, map_file;
    nlohmann::json map;  // its SHA-256
  };
  using Cases = std::pair<std::string, std::string>;

  void take(const nlohmann::json& line);
  AppendLog& log();

  const std::filesystem::path run_;
  std::string passed_over_;
  nlohmann::json scorer_;
  std::map<Cases, Newest> newest_;
  std::optional<AppendLog> log_;
};

}  // namespace sameseed
