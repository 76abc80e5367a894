// sameseed: the program. No LibTorch and no OpenCV here: it answers at once and leaves the work to
// its workers.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <iostream>

#include "bench/check/check_engine.h"
#include "bench/check/doctor.h"
#include "bench/commands/commands.h"
#include "bench/commands/compare_command.h"
#include "bench/commands/history_commands.h"
#include "io/error.h"

using namespace sameseed;

namespace {

// CLI11 takes -1 for 2^64-1 and anything larger for it as well.
std::string refusal_of_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? "" : "must be a whole number from 0 to 2^64-1, not " + text;
}

// Leaves N of worst=N.
std::string embedded_pairs(std::string& text) {
  const std::string name = "worst=";
  const std::string count = text.starts_with(name) ? text.substr(name.size()) : "";
  int value = 0;
  const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), value);
  if (error != std::errc() || end != count.data() + count.size() || value < 1)
    return "must be worst=N with N from 1 up, such as worst=20, not " + text;
  text = count;
  return "";
}

constexpr const char* kDevices =
    "GPUs to use, one slot each: 0,1, counted as nvidia-smi counts them, or UUIDs; or cpu "
    "(default: the first GPU, where there is one)";

constexpr const char* kLedgerHelp =
    "SQLite file of all runs (default: sameseed/ledger.sqlite below XDG_DATA_HOME or "
    "~/.local/share)";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Runs the same seeds through a reference and an accelerated SDXL, and says what each switch "
      "costs and buys.\n\n"
      "  sameseed run                                     the demo on the embedded model\n"
      "  sameseed run nightly.json --model sdxl --out n1  a sweep; the same command goes on after "
      "an interruption\n"
      "  sameseed image --engine accelerated --prompt \"a red apple\" --seed 7 --out apple.png\n"
      "  sameseed run nightly.json --shard 2/8 --out s2   one of eight; `sameseed merge` joins "
      "them\n"
      "  sameseed score-pair reference.png candidate.png\n"
      "  sameseed compare --vary driver runs/old runs/new what another driver changed\n"
      "  sameseed doctor                                  would times taken here be valid?\n",
      "sameseed"};
  app.require_subcommand(1);
  app.set_version_flag("--version", SAMESEED_VERSION);
  app.footer(
      "Exit codes: 0 pass, 1 usage or internal error, 2 quality, 3 performance, 4 both, 5 "
      "inconclusive, 6 environment invalid, 7 a sample crashed, hung or failed, 8 a switch did not "
      "act, 130 stopped by Ctrl-C. Without gates only 0, 1, 7 and 130 can come.");

  RunOptions run;
  run.generate.command.assign(argv, argv + argc);
  ImageOptions image;
  std::string folder, reference, candidate, model, shard, merged, map;
  std::vector<std::string> shards;
  double time_limit = 0;
  bool quiet = false, verbose = false, as_json = false;
  const auto add_model = [](CLI::App* command, ModelOptions& options) {
    command->add_option("--model", options.model,
                        "SDXL folder in diffusers' layout (default: the embedded nano-sdxl)");
    command->add_option("--vae", options.vae, "another VAE folder");
    command->add_option("--variant", options.variant,
                        "weights variant: fp16 reads *.fp16.safetensors");
  };
  const auto add_run = [&](CLI::App* command) {
    command->add_option("matrix", run.matrix, "matrix file (default: the demo)");
    add_model(command, run.model);
    command->add_option("--out", run.out, "folder of the run (default: sameseed-run-NAME)");
    command->add_flag("--floor", run.floor,
                      "measure what two equal rows differ by, and hold every score against it");
    command->add_flag(
        "--oracle", run.oracle,
        "make every picture in the highest precision too: which arm is nearer to it?");
    command->add_flag("--cold", run.cold,
                      "on a GPU: search the accelerated engine's algorithms anew, whatever earlier "
                      "processes chose, and keep none");
    command->add_flag("--trace", run.trace,
                      "keep the latents and block norms of every step, and report where the arms "
                      "began to differ");
  };
  const auto add_generate = [&](CLI::App* command) {
    command->add_option("--slots", run.generate.slots,
                        "shares of the CPU that work side by side, each with its own workers");
    command->add_option("--devices", run.generate.devices, kDevices);
    command->add_option("--shard", shard, "I/N: only this part of the plan, for `merge`");
    command
        ->add_option("--time-limit", time_limit,
                     "seconds after which a worker counts as hung (default: learnt from its "
                     "earlier samples, at least 60)")
        ->check(CLI::PositiveNumber);
    command->add_flag("--quiet", quiet, "no progress");
    command->add_flag("--verbose", verbose, "a line a sample")->excludes("--quiet");
  };

  CLI::App* run_command = app.add_subcommand("run", "plan, generate, score and report");
  add_run(run_command);
  add_generate(run_command);
  CLI::App* plan_command = app.add_subcommand("plan", "write RUN/plan.json and say what it holds");
  add_run(plan_command);
  plan_command->add_option("--times", run.times,
                           "an earlier run: expect its times (also balances shards)");
  plan_command->add_flag("--probe", run.probe, "make a few samples to know the times")
      ->excludes("--times");
  plan_command->add_flag("--quiet", quiet, "say nothing but what is wrong");
  CLI::App* generate_command =
      app.add_subcommand("generate", "make the samples of RUN/plan.json that are missing");
  CLI::App* score_command = app.add_subcommand("score", "score the pictures of a run");
  CLI::App* report_command = app.add_subcommand(
      "report", "write RUN/report.json, report.html and the other formats, and print the table");
  CLI::App* gate_command =
      app.add_subcommand("gate", "judge a run by a gate file; the exit code is the verdict");
  std::size_t embed_worst = 0;
  report_command
      ->add_option("--embed", embed_worst,
                   "worst=N: also write report-embedded.html, one file of at most 50 MB that holds "
                   "the pictures of the N worst pairs")
      ->transform(CLI::Validator(embedded_pairs, "worst=N"));
  run_command->add_option("--gates", run.gate.gates,
                          "gate file: thresholds that decide the exit code");
  gate_command->add_option("--gates", run.gate.gates, "gate file (default: the one of the run)");
  for (CLI::App* command : {run_command, gate_command}) {
    command->add_option("--baseline", run.gate.baseline,
                        "for gates with a baseline: report.json of an accepted run, or `accepted` "
                        "for the last one in the ledger that fits (default: the one given before)");
    command->add_option("--ledger", run.gate.ledger, kLedgerHelp);
  }
  for (CLI::App* command : {generate_command, score_command, report_command, gate_command})
    command->add_option("run", folder, "folder of the run")->required();
  add_generate(generate_command);
  std::vector<std::string> at_most, at_least;
  CLI::App* recommend_command = app.add_subcommand(
      "recommend",
      "the fastest setting of a run that holds with 95 % confidence, as an environment file\n\n"
      "  sameseed recommend RUN --at-most lpips.alex.worst5=0.1 > fast.env && . ./fast.env\n\n"
      "Exit codes: 0 there is one, 2 no setting holds, 5 some seem to, without confidence, 1 usage "
      "or internal error.");
  recommend_command->add_option("run", folder, "folder of the run")->required();
  recommend_command->add_option("--at-most", at_most, "METRIC.STATISTIC=NUMBER: mean or worst5")
      ->allow_extra_args(false);
  recommend_command->add_option("--at-least", at_least, "the same where higher is better")
      ->allow_extra_args(false);
  CLI::App* merge_command =
      app.add_subcommand("merge", "join the shards of a plan into one run, score and report it");
  merge_command->add_option("shards", shards, "folders made with --shard")->required();
  merge_command->add_option("--out", merged, "folder of the joined run")->required();

  CLI::App* image_command =
      app.add_subcommand("image", "make one picture, or a case of a run again (--case RUN/ID)");
  add_model(image_command, image.model);
  image_command
      ->add_option("--engine", image.engine,
                   "reference, accelerated, null, \"folder DIR\", or a command")
      ->capture_default_str();
  image_command->add_option("--prompt", image.prompt, "what to draw");
  image_command->add_option("--negative", image.negative, "negative prompt");
  image_command->add_option("--seed", image.seed, "seed of the initial noise")
      ->check(CLI::Validator(refusal_of_seed, "UINT64"))
      ->capture_default_str();
  image_command->add_option("--steps", image.steps, "sampler steps")->capture_default_str();
  image_command->add_option("--guidance", image.guidance, "guidance scale; off at 1")
      ->capture_default_str();
  image_command->add_option("--size", image.size, "WIDTHxHEIGHT in pixels")->capture_default_str();
  image_command->add_option("--deepcache", image.deepcache,
                            "INTERVAL/LAYER/BLOCK or INTERVAL/branch:K");
  image_command
      ->add_option("--set", image.set, "AXIS=VALUE, such as env.NAME=0 or load.precision=fp16")
      ->take_all();
  image_command->add_option("--devices", image.devices,
                            "GPU to use, as `run` has it, or cpu (default: as `run`)");
  image_command->add_option("--case", image.case_of,
                            "RUN/ID: this case of a run, in its own environment");
  image_command->add_option("--out", image.out, "PNG to write")->required();
  image_command->add_option("--tensors", image.tensors,
                            "safetensors to write: noise, embeddings, latents, image, ...");
  image_command->add_option("--trace", image.trace,
                            "safetensors to write: latents and block norms of every step");

  CLI::App* pair_command =
      app.add_subcommand("score-pair", "every metric of one pair of pictures, as JSON");
  pair_command->add_option("reference", reference, "PNG")->required();
  pair_command->add_option("candidate", candidate, "PNG")->required();
  pair_command->add_option("--map", map, "write the heat map of the difference to this PNG");
  CLI::App* tokenize_command = app.add_subcommand(
      "tokenize", "JSON strings in, one a line; token ids of both tokenizers out");
  tokenize_command->add_option("--model", model, "SDXL folder (default: the embedded nano-sdxl)");
  std::string seeded, seeded_variant;
  std::uint64_t model_seed = 0;
  CLI::App* seeded_command = app.add_subcommand(
      "seeded-model",
      "write a random model of SDXL base's shapes (6.9 GB), for loading, memory and speed");
  seeded_command->add_option("out", seeded, "folder to make")->required();
  seeded_command->add_option("--seed", model_seed, "equal seeds give equal files")
      ->check(CLI::Validator(refusal_of_seed, "UINT64"))
      ->capture_default_str();
  seeded_command->add_option("--variant", seeded_variant, "fp16 writes *.fp16.safetensors");
  CheckOptions check;
  CLI::App* check_command =
      app.add_subcommand("check-engine",
                         "say line by line whether a program can be used as an engine\n\n"
                         "  sameseed check-engine \"python3 my_engine.py --fast\"\n\n"
                         "Exit codes: 0 it keeps the protocol, 1 it does not.");
  check_command
      ->add_option("command", check.engine,
                   "a command in one word, as a matrix has it, or reference, accelerated, null")
      ->required();
  check_command->add_option("--model", check.model,
                            "SDXL folder to load (default: the embedded nano-sdxl)");
  check_command->add_option("--size", check.size, "WIDTHxHEIGHT in pixels")->capture_default_str();
  check_command->add_option("--steps", check.steps, "sampler steps")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  check_command
      ->add_option("--time-limit", time_limit,
                   "seconds after which an answer is too late (default: half an hour)")
      ->check(CLI::PositiveNumber);
  CLI::App* doctor_command = app.add_subcommand(
      "doctor",
      "what this machine has, which switches can act on it, and what stands in the way of valid "
      "timings\n\n"
      "  sameseed doctor && sameseed run nightly.json --gates gates.json\n\n"
      "It judges the devices that `run` takes of itself: CUDA_VISIBLE_DEVICES=1 sameseed doctor "
      "judges the second GPU. Exit codes: 0 times taken here and now would be valid, 6 something "
      "stands in the way, 1 usage or internal error.");
  doctor_command->add_flag("--json", as_json, "for machines");
  CompareCommand comparing;
  CLI::App* compare_command = app.add_subcommand(
      "compare",
      "one run against another of the same sweep\n\n"
      "  sameseed compare --vary driver runs/old runs/new\n\n"
      "Exit codes: 0 nothing of RUN_B is shown to be worse, 2 scores, 3 times, 4 both, 5 too few "
      "pairs or blocks to tell, 6 the runs differ in what was not varied, 1 usage or internal "
      "error.");
  compare_command->add_option("run_a", comparing.a, "folder of the earlier run")->required();
  compare_command->add_option("run_b", comparing.b, "folder of the other run")->required();
  compare_command
      ->add_option("--vary", comparing.varied,
                   "cohort field that may differ, with what comes along with it: driver, kernel, "
                   "libtorch, ...")
      ->allow_extra_args(false);
  compare_command->add_option("--out", comparing.out,
                              "folder for compare.json, compare.txt and the scores of B's pictures "
                              "against A's");
  HistoryCommand historic;
  CLI::App* history_command = app.add_subcommand("history", "many runs, and when a number changed");
  CLI::App* baseline_command = app.add_subcommand("baseline", "runs that were accepted as good");
  for (CLI::App* command : {history_command, baseline_command}) {
    command->require_subcommand(1);
    command->fallthrough();
    command->add_option("--ledger", historic.ledger, kLedgerHelp);
  }
  CLI::App* add_command =
      history_command->add_subcommand("add", "take a run in; again, in its own place");
  CLI::App* show_command = history_command->add_subcommand(
      "show", "levels of each series, and the dates of steps between them");
  CLI::App* export_command = history_command->add_subcommand("export", "every number of every run");
  CLI::App* accept_command =
      baseline_command->add_subcommand("accept", "take a run in as a baseline of its cohort");
  CLI::App* list_command = baseline_command->add_subcommand("list", "the accepted runs, by cohort");
  for (CLI::App* command : {add_command, accept_command})
    command->add_option("run", historic.run, "folder of the run")->required();
  for (CLI::App* command : {show_command, export_command}) {
    command->add_option("--metric", historic.metric,
                        "this metric or timing only, such as lpips.alex or total_ms.ratio");
    command->add_option("--setting", historic.setting,
                        "settings that hold this text only, such as \"deepcache 3/0/0\"");
  }
  bool as_csv = false;
  export_command->add_flag("--csv", as_csv, "as CSV (RFC 4180), on standard output")->required();

  try {
    app.parse(argc, argv);
    run.generate.verbosity = quiet     ? Verbosity::kQuiet
                             : verbose ? Verbosity::kVerbose
                                       : Verbosity::kNormal;
    if (!shard.empty()) run.generate.shard = parse_shard(shard);
    if (time_limit > 0) {
      check.limit = std::chrono::milliseconds(static_cast<std::int64_t>(1000 * time_limit));
      run.generate.time_limit = check.limit;
    }
    if (*run_command) return run_all(run);
    if (*plan_command) return plan_only(run);
    if (*generate_command) return generate_only(folder, run);
    if (*score_command) return score_only(folder);
    if (*report_command) return report_only(folder, {.embed_worst = embed_worst});
    if (*recommend_command) return recommend_setting(folder, at_most, at_least, std::cout);
    if (*gate_command) return gate(folder, run.gate);
    if (*merge_command) return merge_runs(shards, merged);
    if (*image_command) return make_image(image);
    if (*check_command) {
      check.model = model_folder(check.model);
      return check_engine(check, std::cout);
    }
    if (*doctor_command) return doctor(as_json, std::cout);
    if (*compare_command) return compare(comparing, std::cout);
    if (*add_command) return add_to_history(historic, std::cout);
    if (*show_command) return show_history(historic, std::cout);
    if (*export_command) return export_history(historic, std::cout);
    if (*accept_command) return accept_baseline(historic, std::cout);
    if (*list_command) return list_baselines(historic, std::cout);
    if (*pair_command) return score_pair(reference, candidate, map);
    if (*seeded_command) return make_seeded_model(seeded, model_seed, seeded_variant);
    return tokenize(model, std::cin, std::cout);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 1;
  } catch (const UserError& error) {
    std::cerr << "sameseed: " << error.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "sameseed: internal error: " << error.what() << "\n";
  }
  return 1;
}
