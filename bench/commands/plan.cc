#include "bench/commands/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <ranges>
#include <set>

#include "bench/commands/command.h"
#include "bench/plan/axis_name.h"
#include "bench/plan/expected_times.h"
#include "bench/plan/matrix.h"
#include "bench/plan/plan.h"
#include "bench/plan/plan_difference.h"
#include "bench/plan/plan_file.h"
#include "bench/plan/plan_index.h"
#include "bench/plan/switch_names.h"
#include "bench/sweep/generate.h"
#include "bench/sweep/run_lock.h"
#include "bench/system/programs.h"
#include "bench/system/temporary_folder.h"
#include "bench/worker/worker_command.h"
#include "io/error.h"
#include "io/files.h"
#include "io/json_schema.h"
#include "pipeline/model/lora.h"
#include "pipeline/model_check.h"
#include "pipeline/text/tokenizer.h"
#include "reports/judge/gate.h"
#include "reports/judge/reach.h"
#include "reports/run/labels.h"
#include "reports/summary/cut_prompts.h"

namespace sameseed {
namespace {

using nlohmann::json;

struct PlanCommand {
  PlanOptions plan;
  std::string times;   // an earlier run that says how long samples take
  bool probe = false;  // make a few samples that say so
  bool quiet = false;
  std::string gates;  // which of them can this plan never pass?
};

// Makes two samples of every kind of case (the first one pays for loading), in a temporary folder.
ExpectedTimes probe(const json& plan, Verbosity verbosity) {
  json small = plan;
  small["samples"] = json::array();
  ExpectedTimes times;
  std::map<std::string, int> taken;
  const PlanIndex index(plan);
  for (const json& sample : plan.at("samples"))
    if (sample.at("kind") == "quality" && ++taken[kind_of(index.case_of(sample))] <= 2)
      small["samples"].push_back(sample);
  const TemporaryFolder folder;
  write_file(folder / "plan.json", small.dump());
  generate(folder.path(), {.verbosity = verbosity});
  times.learn(small, folder / "records.jsonl");
  return times;
}

// A model that cannot be run, or a LoRA that cannot be fused, is an error before anything is
// written, as a wrong matrix is. Other engines may have models of another kind.
void check_models_of(const json& plan) {
  std::set<std::string> checked;
  for (const json& environment : plan.at("environments")) {
    const json& load = environment.at("load");
    const std::string engine = environment.at("engine");
    if (engine != "reference" && engine != "accelerated") continue;
    json named;  // what of the load names files
    for (const char* name : {"model", "vae", "variant", "lora", "scheduler"})
      if (load.contains(name)) named[name] = load.at(name);
    if (!checked.insert(named.dump()).second) continue;
    check_model(named);
    if (!load.contains("lora")) continue;
    check_loras(read_lora_choices(load.at("lora")), load.at("model").get<std::string>(),
                load.value("variant", ""));
  }
}

// Takes the variables that are to be kept into the matrix, and says which switches stay outside.
void keep_environment(const std::vector<std::string>& names, Matrix& matrix) {
  matrix.kept = kept_variables(names);
  std::set<std::string> known;
  for (const Axis& axis : matrix.axes)
    if (const AxisName name = parse_axis_name(axis.name); name.bare.kind == AxisKind::kEnv) {
      known.insert(name.bare.name);
      if (matrix.kept.contains(name.bare.name))
        throw UserError(
            fmt::format("--keep-env {}: the matrix sets it: {}", name.bare.name, axis.name));
    }
  for (const auto& [name, value] : matrix.kept) known.insert(name);
  for (const std::string& name : left_out_switches(known))
    std::cerr << "sameseed: " << left_out_warning(name) << "\n";
}

// The models of the command line and of the matrix, as folders.
void take_models(const std::vector<std::string>& given, Matrix& matrix) {
  const auto names = std::views::keys(matrix.models);
  const std::string known = fmt::format("{}", fmt::join(names, ", "));
  std::set<std::string> named;
  for (const std::string& text : given) {
    std::size_t equals = text.find('=');  // names may hold one
    while (equals != std::string::npos && !matrix.models.contains(text.substr(0, equals)))
      equals = text.find('=', equals + 1);
    if (text.empty() || equals + 1 == text.size())
      throw UserError(fmt::format("--model {}: names no folder", excerpt(text)));
    if (equals != std::string::npos && !named.insert(text.substr(0, equals)).second)
      throw UserError(fmt::format("--model {}: {} stands twice", excerpt(text),
                                  excerpt(text.substr(0, equals))));
    if (matrix.models.empty()) {
      if (given.size() > 1) throw UserError("--model: stands twice; the matrix has no `models`");
      matrix.model = text;
    } else if (equals == std::string::npos) {
      throw UserError(
          fmt::format("--model {}: the matrix compares models, so write NAME=FOLDER "
                      "with one of its names: {}",
                      excerpt(text), known));
    } else {
      matrix.models.at(text.substr(0, equals)).path = text.substr(equals + 1);
    }
  }
  matrix.model = model_folder(matrix.model);
  std::map<std::string, std::string> known_as;  // what a model is, its name
  for (auto& [name, model] : matrix.models) {
    model.path = model_folder(model.path);
    const std::string what = json{model.path, model.request}.dump();
    if (const auto [first, fresh] = known_as.emplace(what, name); !fresh)
      throw UserError(
          fmt::format("models {} and {} are one folder, {}, with the same requests: there "
                      "is nothing to compare; name another folder",
                      excerpt(first->second), excerpt(name), model.path));
  }
}

void warn_of_unnamed_accumulations(const Matrix& matrix) {
  if (matrix.engines.at("candidate") != "accelerated") return;
  std::set<std::string> named;
  for (const Axis& axis : matrix.axes)
    if (const AxisName name = parse_axis_name(axis.name);
        name.bare.kind == AxisKind::kEnv && name.is_of("candidate"))
      named.insert(name.bare.name);
  for (const auto& [name, value] : matrix.kept) named.insert(name);
  for (const std::string& name : unnamed_accumulations(named))
    std::cerr << fmt::format(
        "sameseed: warning: no axis sets candidate.env.{}: it is unset, which means on, with "
        "switches off too\n",
        name);
}

using PromptTokens = std::vector<std::pair<std::string, TokenIds>>;

// What the model's first tokenizer makes of each prompt of a plan, in its order; empty where it has
// none, as an outside engine's model may.
PromptTokens tokens_of_prompts(const json& plan) try {
  const std::filesystem::path
      model =  // of several: they share CLIP's tokenizers in all that is SDXL
      plan.at("environments").at(0).at("load").at("model").get<std::string>();
  const Tokenizer tokenizer = Tokenizer::open(model / "tokenizer");
  PromptTokens tokens;
  std::set<std::string> known;
  for (const json& one : plan.at("cases")) {
    const std::string prompt = one.at("request").at("prompt");
    if (known.insert(prompt).second) tokens.emplace_back(prompt, tokenizer.encode(prompt));
  }
  return tokens;
} catch (const UserError&) {
  return {};
}

// How many prompts there are by their token ids; by their text where these are not known.
std::size_t different_prompts(const json& plan, const PromptTokens& tokens) {
  std::set<std::vector<std::int64_t>> ids;
  for (const auto& [prompt, made_of] : tokens) ids.insert(made_of.ids);
  if (!ids.empty()) return ids.size();
  std::set<std::string> texts;
  for (const json& one : plan.at("cases")) texts.insert(one.at("request").at("prompt"));
  return texts.size();
}

// What the model's tokenizers will cut off. Another engine may have others; where no tokens are
// known nothing is said here, and the report tells what the workers warned of.
CutPrompts cut_prompts_of(const PromptTokens& tokens) {
  CutPrompts prompts;
  prompts.of = tokens.size();
  for (const auto& [prompt, made_of] : tokens)
    if (made_of.truncated) prompts.cut.push_back({prompt, made_of.ids.size(), made_of.dropped});
  return prompts;
}

// Prompts that the tokenizers make the same of: their pictures are equal, and count once. Empty
// where there are none, or no tokens are known.
std::string equal_prompts(const PromptTokens& tokens) {
  std::map<std::vector<std::int64_t>, std::string> first;  // ids -> the first prompt with them
  std::vector<std::string> repeats;
  for (const auto& [prompt, made_of] : tokens) {
    const auto [known, fresh] = first.emplace(made_of.ids, prompt);
    if (!fresh) repeats.push_back(fmt::format("{} is {}", excerpt(prompt), excerpt(known->second)));
  }
  if (repeats.empty()) return "";
  return fmt::format("{} of {} prompts {} the tokens of another and {} not counted: {}",
                     repeats.size(), tokens.size(), repeats.size() == 1 ? "has" : "have",
                     repeats.size() == 1 ? "is" : "are", listed(repeats, 3));
}

void describe(const PlannedRun& planned, const PromptTokens& tokens);

// Says which gates can never pass, before a night is spent on them.
void describe_gates(const std::vector<Gate>& gates, const json& plan, const PromptTokens& tokens) {
  std::size_t pairs = 0;
  for (const json& comparison : plan.at("comparisons"))
    pairs = std::max(pairs, comparison.at("pairs").size());
  const std::size_t prompts = different_prompts(plan, tokens);
  const json& timing = plan.at("timing");
  const std::size_t timed = std::min(prompts, timing.at("prompts").get<std::size_t>());
  const auto lines =
      gates_out_of_reach(gates, {.prompts = prompts,
                                 .pairs = pairs,
                                 .blocks = timed * timing.at("blocks").get<std::size_t>()});
  for (const std::string& line : lines)
    std::cerr << "sameseed: this gate can never pass: " << line << "\n";
  for (const std::string& line : gates_that_hardly_fail(gates))
    std::cerr << "sameseed: this gate bounds nothing: " << line << "\n";
  if (lines.empty()) std::cerr << "sameseed: every gate has the prompts and blocks that it needs\n";
}

int plan(const PlanCommand& command) {
  std::vector<Gate> gates;  // read first: a bad file is an error before anything is written
  if (!command.gates.empty()) gates = read_gates(command.gates);
  const PlannedRun planned = plan_run(command.plan);
  const RunLock lock(planned.run);
  write_plan(planned);
  if (!command.times.empty()) {
    const std::filesystem::path earlier = command.times;
    ExpectedTimes times;
    times.learn(read_plan(earlier), earlier / "records.jsonl");
    write_expected_times(planned.run, times);
  } else if (command.probe) {
    write_expected_times(
        planned.run, probe(planned.plan, command.quiet ? Verbosity::kQuiet : Verbosity::kNormal));
  }
  if (command.quiet && command.gates.empty()) return 0;
  const PromptTokens tokens = tokens_of_prompts(planned.plan);
  if (!command.quiet) describe(planned, tokens);
  if (!command.gates.empty()) describe_gates(gates, planned.plan, tokens);
  return 0;
}

}  // namespace

void add_plan_options(CLI::App& command, PlanOptions& options) {
  command.add_option("matrix", options.matrix, "matrix file (default: the demo)");
  command
      .add_option("--model", options.models,
                  "SDXL folder in diffusers' layout (default: the matrix's; nano-sdxl and "
                  "nano-playground are embedded); NAME=FOLDER: of one of the matrix's models")
      ->take_all()
      ->allow_extra_args(false);
  add_vae_and_variant(command, options.model);
  command.add_option("--out", options.out, "folder of the run (default: sameseed-run-NAME)");
  add_keep_env(command, options.keep);
  command.add_flag("--floor", options.floor,
                   "measure what two equal rows differ by, and hold every score against it");
  command.add_flag("--oracle", options.oracle,
                   "make every picture in the highest precision too: which arm is nearer to it?");
  command.add_flag("--cold", options.cold,
                   "on a GPU: search the accelerated engine's algorithms anew, whatever earlier "
                   "processes chose, and keep none");
  command.add_flag("--trace", options.trace,
                   "keep the latents and block norms of every step, and report where the arms "
                   "began to differ");
}

PlannedRun plan_run(const PlanOptions& options) {
  const std::filesystem::path file = options.matrix.empty() ? data("bench/matrices/demo.json")
                                                            : std::filesystem::path(options.matrix);
  std::string text = read_file(file);
  Matrix matrix = parse_matrix(text, file);
  matrix.floor = matrix.floor || options.floor;
  matrix.oracle = matrix.oracle || options.oracle;
  matrix.cold = options.cold;
  keep_environment(options.keep, matrix);
  take_models(options.models, matrix);
  warn_of_unnamed_accumulations(matrix);
  json load = {{"model", matrix.model}};
  apply_vae_and_variant(options.model, load);
  PlannedRun planned{options.out.empty() ? "sameseed-run-" + matrix.name : options.out,
                     std::move(text), make_plan(matrix, load)};
  check_models_of(planned.plan);
  if (options.trace) planned.plan["trace"] = true;
  return planned;
}

void write_plan(const PlannedRun& planned) {
  const auto file = planned.run / "plan.json";
  if (std::filesystem::exists(file)) {
    const json before = read_json(file);
    if (before.is_object()) check_format(before, planned.run);
    if (before != planned.plan) {
      const std::string difference = plan_difference(before, planned.plan);
      throw UserError(
          fmt::format("{}: holds a run of another plan{}; name another folder with --out",
                      planned.run.string(), difference.empty() ? "" : " (now " + difference + ")"));
    }
    return;
  }
  write_file(planned.run / "matrix.json", planned.matrix_text);
  write_file(file, planned.plan.dump(1) + "\n");
}

void describe_plan(const PlannedRun& planned) {
  describe(planned, tokens_of_prompts(planned.plan));
}

namespace {

void describe(const PlannedRun& planned, const PromptTokens& tokens) {
  if (const std::string cut = told(cut_prompts_of(tokens)); !cut.empty())
    std::cerr << "sameseed: " << cut << "\n";
  if (const std::string equal = equal_prompts(tokens); !equal.empty())
    std::cerr << "sameseed: " << equal << "\n";
  const json& plan = planned.plan;
  std::string time = "unknown; `sameseed plan --probe` measures it";
  const ExpectedTimes times = read_expected_times(planned.run);
  const PlanIndex index(plan);
  double ms = 0;
  bool known = false;
  std::size_t timed = 0;
  for (const json& sample : plan.at("samples")) {
    timed += sample.at("kind") == "timing";
    ms += times.of(index.case_of(sample));
    known = known || times.knows(index.case_of(sample));
  }
  if (known) time = fmt::format("about {} and what loading takes", duration_text(ms / 1000));
  std::cerr << fmt::format(
      "sameseed: {}: {} environments, {} cases, {} samples ({} timed), {} comparisons, {} "
      "combinations excluded\nsameseed: expected time: {}\n",
      planned.run.string(), plan.at("environments").size(), plan.at("cases").size(),
      plan.at("samples").size(), timed, plan.at("comparisons").size(), plan.at("excluded").size(),
      time);
}

}  // namespace

Command add_plan(CLI::App& program) {
  CLI::App* parser = program.add_subcommand("plan", "write RUN/plan.json and say what it holds");
  const auto command = std::make_shared<PlanCommand>();
  add_plan_options(*parser, command->plan);
  parser->add_option("--times", command->times,
                     "an earlier run: expect its times (also balances shards)");
  parser->add_option("--gates", command->gates,
                     "gate file: say which of its gates can never pass with this matrix");
  parser->add_flag("--probe", command->probe, "make a few samples to know the times")
      ->excludes("--times");
  parser->add_flag("--quiet", command->quiet, "say nothing but what is wrong");
  return {parser, [command](const CommandLine&) { return plan(*command); }};
}

}  // namespace sameseed
