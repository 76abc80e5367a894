#include "bench/commands/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/system/programs.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

// CLI11 takes -1 for 2^64-1 and anything larger for it as well.
std::string refusal_of_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? "" : "must be a whole number from 0 to 2^64-1, not " + text;
}

}  // namespace

void add_model_options(CLI::App& command, ModelOptions& options) {
  command.add_option(
      "--model", options.model,
      "SDXL folder in diffusers' layout (default: the embedded nano-sdxl; nano-playground: "
      "the same in playground-v2.5's formulation)");
  add_vae_and_variant(command, options);
}

void add_vae_and_variant(CLI::App& command, ModelOptions& options) {
  command.add_option("--vae", options.vae, "another VAE folder");
  command.add_option("--variant", options.variant,
                     "weights variant: fp16 reads *.fp16.safetensors");
}

std::string model_folder(const std::string& name) {
  std::filesystem::path path = name;
  if (name.empty() || name == "nano-sdxl") path = data("reference/nano-sdxl");
  if (name == "nano-playground") path = data("reference/nano-playground");
  return std::filesystem::absolute(path).string();
}

void apply_vae_and_variant(const ModelOptions& options, nlohmann::json& load) {
  if (!options.vae.empty()) load["vae"] = std::filesystem::absolute(options.vae).string();
  if (!options.variant.empty()) load["variant"] = options.variant;
}

void add_keep_env(CLI::App& command, std::vector<std::string>& names) {
  command
      .add_option("--keep-env", names,
                  "a variable of this shell that workers get as it is now, as a part of what the "
                  "run is made of; all but PATH, HOME and the like stays outside otherwise")
      ->delimiter(',')
      ->take_all()
      ->allow_extra_args(false)
      ->envname("SAMESEED_KEEP_ENV");
}

void add_run_folder(CLI::App& command, std::string& folder) {
  command.add_option("run", folder, "folder of the run")->required();
}

RunFiles read_run_and_warn(const std::filesystem::path& folder) {
  RunFiles files = read_run(folder);
  for (const std::string& text : files.passed_over)
    std::cerr << "sameseed: warning: " << one_line(text) << "\n";
  return files;
}

void check_seed(CLI::Option& option) { option.check(CLI::Validator(refusal_of_seed, "UINT64")); }

}  // namespace sameseed
