// What each command of the program does. All return the exit code; UserError is for what the user
// can put right.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "bench/ledger/kept_gates.h"
#include "bench/sweep/generate.h"
#include "reports/report.h"

namespace sameseed {

struct ModelOptions {
  std::string model, vae, variant;  // empty: what the matrix says, or the embedded model
};

struct RunOptions {
  std::string matrix;  // empty: the demo
  ModelOptions model;
  std::string out;
  GateOptions gate;
  std::string times;                   // of `plan`: an earlier run that says how long samples take
  bool probe = false;                  // of `plan`: a few samples that say so
  bool floor = false, oracle = false;  // asked for beside what the matrix says
  bool cold = false;   // the accelerated engine searches its algorithms anew and keeps none
  bool trace = false;  // quality samples write latents and block norms of every step
  GenerateOptions generate;
};

struct ImageOptions {
  ModelOptions model;
  std::string engine = "reference";
  std::optional<std::string> prompt, negative;
  std::uint64_t seed = 0;
  int steps = 30;
  double guidance = 5.0;
  std::string size = "128x128", deepcache, case_of, out, tensors, trace;
  std::string devices;  // one, as make_slots() has it
  std::vector<std::string> set;
};

int run_all(const RunOptions& options);
int plan_only(const RunOptions& options);
int generate_only(const std::filesystem::path& run, const RunOptions& options);
int score_only(const std::filesystem::path& run);
int report_only(const std::filesystem::path& run, const ReportOptions& options);
// Prints the fastest setting that holds with confidence, as a file to source; `at_most` and
// `at_least` as parse_quality_bound() reads them.
int recommend_setting(const std::filesystem::path& run, const std::vector<std::string>& at_most,
                      const std::vector<std::string>& at_least, std::ostream& out);
int gate(const std::filesystem::path& run, const GateOptions& options);
// Joins shards in `out`, scores and reports.
int merge_runs(const std::vector<std::string>& shards, const std::string& out);
int make_image(const ImageOptions& options);
int score_pair(const std::string& reference, const std::string& candidate, const std::string& map);
// The folder of a model by its name on the command line; empty or "nano-sdxl": the embedded one.
std::string model_folder(const std::string& name);
int tokenize(const std::string& model, std::istream& in, std::ostream& out);
// Writes a random model of SDXL base's shapes.
int make_seeded_model(const std::string& out, std::uint64_t seed, const std::string& variant);

}  // namespace sameseed
