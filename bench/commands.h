// What each command of the program does. All return the exit code; UserError is for what the user
// can put right.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace sameseed {

struct ModelOptions {
  std::string model, vae, variant;  // empty: what the matrix says, or the embedded model
};

struct RunOptions {
  std::string matrix;  // empty: the demo
  ModelOptions model;
  std::string out;
  bool quiet = false;
  std::vector<std::string> command;
};

struct ImageOptions {
  ModelOptions model;
  std::string engine = "reference";
  std::optional<std::string> prompt, negative;
  std::uint64_t seed = 0;
  int steps = 30;
  double guidance = 5.0;
  std::string size = "128x128", deepcache, case_of, out, tensors;
  std::vector<std::string> set;
};

int run_all(const RunOptions& options);
int plan_only(const RunOptions& options);
int generate_only(const std::filesystem::path& run, const RunOptions& options);
int score_only(const std::filesystem::path& run);
int report_only(const std::filesystem::path& run);
int make_image(const ImageOptions& options);
int score_pair(const std::string& reference, const std::string& candidate);
int tokenize(const std::string& model, std::istream& in, std::ostream& out);

}  // namespace sameseed
