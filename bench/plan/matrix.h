// A sweep as its user writes it: axes, the two arms, requests, timing. Schema: sameseed/matrix/1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sameseed {

struct Axis {
  std::string name;                    // "candidate.env.X", "both.request.steps"
  std::vector<nlohmann::json> values;  // null: leave it unset
};

using Point = std::map<std::string, nlohmann::json>;  // axis name -> value

// Points of which every named axis has the named value are left out.
struct Exclusion {
  Point when;
  std::string because;
};

struct Timing {
  int warmup = 1;   // warm-up requests a worker
  int blocks = 0;   // of four samples, a comparison
  int prompts = 1;  // how many of the prompts are timed
  // Which settings are timed, as Matrix::settings; empty: all.
  std::vector<Point> settings = {};
};

// A model that an axis load.model names.
struct NamedModel {
  std::string path;        // of the matrix, or of the command line
  nlohmann::json request;  // what its requests have of their own: steps, guidance, size, negative
};

struct Matrix {
  std::string name;
  std::string model = "nano-sdxl";           // of arms for which no axis names another
  std::map<std::string, NamedModel> models;  // the values of axes load.model
  std::vector<Axis> axes;
  // Which combinations are made; empty: all. An axis that one of them names has its first value in
  // those that do not name it; axes that none names are combined with each.
  std::vector<Point> settings;
  // "reference" and "candidate" -> engine; a folder of pictures is "folder DIR" (engine_name.h).
  std::map<std::string, std::string> engines;
  std::vector<Exclusion> exclude;
  std::map<std::string, std::string> reasons;  // axis -> why it has these values; some have none
  std::vector<std::string> prompts;
  std::vector<std::uint64_t> seeds;
  nlohmann::json request;  // steps, guidance, size, negative: what every case begins with
  std::optional<std::string> noise_precision;  // of the initial noise; else the reference arm's
  Timing timing;
  bool claims = false;  // hold what is said of the switches against what was measured
  bool floor = false;   // make rows that ought to be equal as well: the noise floor
  bool oracle = false;  // and each picture once more in the highest precision
  bool cold = false;    // the accelerated engine searches its algorithms anew (asked for, not read)
  // Variables of the caller's shell that every worker gets (--keep-env; asked for, not read).
  std::map<std::string, std::string> kept = {};
  std::string sha256;            // of the file
  std::filesystem::path folder;  // in which it lies: paths of LoRAs are counted from it
};

// Throws UserError that names file, field and what would be right: for what the schema forbids
// (bench/schema/matrix.schema.json), for values that no engine takes, for what stands twice, for
// more than 100,000 combinations and from a million cases on. Prompt files are found beside the
// matrix; in them empty lines and those that begin with # are skipped.
Matrix read_matrix(const std::filesystem::path& path);

// The same for the text of such a file.
Matrix parse_matrix(const std::string& bytes, const std::filesystem::path& path);

}  // namespace sameseed
