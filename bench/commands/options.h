// Options that several commands take, and what they mean.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

#include "reports/run/run_files.h"

namespace sameseed {

struct ModelOptions {
  std::string model, vae, variant;  // empty: what the matrix says, or the embedded model
};
void add_model_options(CLI::App& command, ModelOptions& options);
void add_vae_and_variant(CLI::App& command, ModelOptions& options);  // the latter two only

// The folder of a model by its name on the command line; empty or "nano-sdxl", or
// "nano-playground": an embedded one.
std::string model_folder(const std::string& name);

// Puts --vae and --variant, where they were given, into what a worker loads.
void apply_vae_and_variant(const ModelOptions& options, nlohmann::json& load);

// --keep-env, or SAMESEED_KEEP_ENV with commas between the names.
void add_keep_env(CLI::App& command, std::vector<std::string>& names);

// The folder of a run, which has to be named.
void add_run_folder(CLI::App& command, std::string& folder);

// read_run(), with a warning on stderr for each of its files that holds lines that cannot be.
RunFiles read_run_and_warn(const std::filesystem::path& folder);

// A whole number from 0 to 2^64-1 and nothing else.
void check_seed(CLI::Option& option);

inline std::chrono::milliseconds from_seconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(1000 * seconds));
}

inline constexpr const char* kLedgerHelp =
    "SQLite file of all runs (default: sameseed/ledger.sqlite below XDG_DATA_HOME or "
    "~/.local/share)";

}  // namespace sameseed
