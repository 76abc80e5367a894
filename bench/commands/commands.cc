#include "bench/commands/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/ledger/kept_gates.h"
#include "bench/plan/expected_times.h"
#include "bench/plan/matrix.h"
#include "bench/plan/plan.h"
#include "bench/plan/plan_file.h"
#include "bench/seeded_model/seeded_model.h"
#include "bench/sweep/generate.h"
#include "bench/sweep/merge.h"
#include "bench/sweep/run_lock.h"
#include "bench/system/interrupt.h"
#include "bench/system/programs.h"
#include "bench/system/temporary_folder.h"
#include "io/error.h"
#include "io/files.h"
#include "pipeline/text/tokenizer.h"
#include "reports/judge/recommend.h"
#include "reports/report.h"
#include "reports/run/labels.h"
#include "reports/summary/summary.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kInfrastructureCode = 7;

struct Planned {
  std::filesystem::path run, matrix;
  json plan;
};

Planned plan_of(const RunOptions& options) {
  const std::filesystem::path file = options.matrix.empty() ? data("bench/matrices/demo.json")
                                                            : std::filesystem::path(options.matrix);
  Matrix matrix = read_matrix(file);
  matrix.floor = matrix.floor || options.floor;
  matrix.oracle = matrix.oracle || options.oracle;
  matrix.cold = options.cold;
  json load = {
      {"model", model_folder(options.model.model.empty() ? matrix.model : options.model.model)}};
  if (!options.model.vae.empty())
    load["vae"] = std::filesystem::absolute(options.model.vae).string();
  if (!options.model.variant.empty()) load["variant"] = options.model.variant;
  Planned planned{options.out.empty() ? "sameseed-run-" + matrix.name : options.out, file,
                  make_plan(matrix, load)};
  if (options.trace) planned.plan["trace"] = true;
  return planned;
}

// Writes the plan, or finds that the folder already holds the very same one.
void write_plan(const Planned& planned) {
  const auto file = planned.run / "plan.json";
  if (std::filesystem::exists(file)) {
    if (read_json(file) != planned.plan)
      throw UserError(fmt::format("{}: holds a run of another plan; name another folder with --out",
                                  planned.run.string()));
    return;
  }
  write_file(planned.run / "matrix.json", read_file(planned.matrix));
  write_file(file, planned.plan.dump(1) + "\n");
}

void say_plan(const Planned& planned) {
  const json& plan = planned.plan;
  std::string time = "unknown; `sameseed plan --probe` measures it";
  const ExpectedTimes times = read_expected_times(planned.run);
  std::map<std::string, const json*> cases;
  for (const json& one : plan.at("cases")) cases[one.at("id")] = &one;
  double ms = 0;
  bool known = false;
  for (const json& sample : plan.at("samples")) {
    ms += times.of(*cases.at(sample.at("case")));
    known = known || times.knows(*cases.at(sample.at("case")));
  }
  if (known) time = fmt::format("about {} and what loading takes", duration_text(ms / 1000));
  std::cerr << fmt::format(
      "sameseed: {}: {} environments, {} cases, {} samples, {} comparisons, {} combinations "
      "excluded\nsameseed: expected time: {}\n",
      planned.run.string(), plan.at("environments").size(), plan.at("cases").size(),
      plan.at("samples").size(), plan.at("comparisons").size(), plan.at("excluded").size(), time);
}

// Makes two samples of every kind of case (the first one pays for loading), in a folder that goes.
ExpectedTimes probe(const json& plan, const RunOptions& options) {
  json small = plan;
  small["samples"] = json::array();
  ExpectedTimes times;
  std::map<std::string, int> taken;
  std::map<std::string, std::string> kinds;
  for (const json& one : plan.at("cases")) kinds[one.at("id")] = kind_of(one);
  for (const json& sample : plan.at("samples"))
    if (sample.at("kind") == "quality" && ++taken[kinds.at(sample.at("case"))] <= 2)
      small["samples"].push_back(sample);
  const TemporaryFolder folder;
  write_file(folder / "plan.json", small.dump());
  GenerateOptions generating = options.generate;
  generating.shard.reset();
  generate(folder.path(), generating);
  times.learn(small, folder / "records.jsonl");
  return times;
}

// Says why a run did not come to its end; the exit code then.
int unfinished(const GenerateResult& made, const std::filesystem::path& run,
               const std::vector<std::string>& command) {
  if (!made.stopped.empty())
    std::cerr << fmt::format("sameseed: stopped: {}\n", made.stopped);
  else
    std::cerr << fmt::format("sameseed: {}: stopped as asked\n", run.string());
  std::string line = "sameseed";
  for (std::size_t i = 1; i < command.size(); ++i) line += " " + command[i];
  std::cerr << "sameseed: nothing is lost; the same command goes on from here: " << line << "\n";
  return made.stopped.empty() ? kInterruptedCode : kInfrastructureCode;
}

int score_locked(const std::filesystem::path& run) {
  return run_program({program("sameseed-scorer").string(), "run", run.string(), "--weights",
                      data("metrics/weights").string()});
}

}  // namespace

std::string model_folder(const std::string& name) {
  const auto path = name.empty() || name == "nano-sdxl" ? data("reference/nano-sdxl")
                                                        : std::filesystem::path(name);
  return std::filesystem::absolute(path).string();
}

int run_all(const RunOptions& options) {
  const Planned planned = plan_of(options);
  check_gates(planned.run, planned.plan, options.gate);
  const RunLock lock(planned.run);
  write_plan(planned);
  keep_gates(planned.run, options.gate);
  if (options.generate.verbosity != Verbosity::kQuiet) say_plan(planned);
  const GenerateResult made = generate(planned.run, options.generate);
  if (made.interrupted || !made.stopped.empty())
    return unfinished(made, planned.run, options.generate.command);
  if (options.generate.shard) {
    std::cerr << fmt::format(
        "sameseed: shard {}/{} is made; `sameseed merge` joins it with the others\n",
        options.generate.shard->index, options.generate.shard->count);
    return made.failed > 0 ? kInfrastructureCode : 0;
  }
  if (const int code = score_locked(planned.run); code != 0) return code;
  keep_accepted_baseline(planned.run, options.gate);
  return report_run(planned.run, std::cout);
}

int plan_only(const RunOptions& options) {
  const Planned planned = plan_of(options);
  const RunLock lock(planned.run);
  write_plan(planned);
  if (!options.times.empty()) {
    const std::filesystem::path earlier = options.times;
    ExpectedTimes times;
    times.learn(read_plan(earlier), earlier / "records.jsonl");
    write_expected_times(planned.run, times);
  } else if (options.probe) {
    write_expected_times(planned.run, probe(planned.plan, options));
  }
  if (options.generate.verbosity != Verbosity::kQuiet) say_plan(planned);
  return 0;
}

int generate_only(const std::filesystem::path& run, const RunOptions& options) {
  read_plan(run);  // before a folder is made
  const RunLock lock(run);
  const GenerateResult made = generate(run, options.generate);
  if (made.interrupted || !made.stopped.empty())
    return unfinished(made, run, options.generate.command);
  return made.failed > 0 ? kInfrastructureCode : 0;
}

int score_only(const std::filesystem::path& run) {
  read_plan(run);
  const RunLock lock(run);
  return score_locked(run);
}

int report_only(const std::filesystem::path& run, const ReportOptions& options) {
  read_plan(run);
  const RunLock lock(run);
  return report_run(run, std::cout, options);
}

int recommend_setting(const std::filesystem::path& run, const std::vector<std::string>& at_most,
                      const std::vector<std::string>& at_least, std::ostream& out) {
  std::vector<QualityBound> bounds;
  std::string command = "sameseed recommend " + quoted(run.string());
  for (const std::string& text : at_most) {
    bounds.push_back(parse_quality_bound(text, true));
    command += " --at-most " + quoted(text);
  }
  for (const std::string& text : at_least) {
    bounds.push_back(parse_quality_bound(text, false));
    command += " --at-least " + quoted(text);
  }
  if (bounds.empty()) throw UserError("recommend needs a bound: --at-most lpips.alex.worst5=0.1");
  const RunFiles files = read_run(run);
  const Recommendation found = recommend(candidates(make_summary(files), files, bounds), command);
  out << found.environment_file;
  return found.code;
}

int gate(const std::filesystem::path& run, const GateOptions& options) {
  read_plan(run);
  const RunLock lock(run);
  keep_gates(run, options);
  keep_accepted_baseline(run, options);
  if (!std::filesystem::exists(run / "gates.json"))
    throw UserError(
        fmt::format("{}: holds no gates.json; name a gate file with --gates", run.string()));
  return report_run(run, std::cout);
}

int merge_runs(const std::vector<std::string>& shards, const std::string& out) {
  const RunLock lock(out);
  for (const std::string& line : merge({shards.begin(), shards.end()}, out))
    std::cerr << "sameseed: " << line << "\n";
  if (const int code = score_locked(out); code != 0) return code;
  return report_run(out, std::cout);
}

int score_pair(const std::string& reference, const std::string& candidate, const std::string& map) {
  std::vector<std::string> command = {
      program("sameseed-scorer").string(), "pair", reference, candidate, "--weights",
      data("metrics/weights").string()};
  if (!map.empty()) command.insert(command.end(), {"--map", map});
  return run_program(command);
}

int tokenize(const std::string& model, std::istream& in, std::ostream& out) {
  const std::filesystem::path folder = model_folder(model);
  const Tokenizer first = Tokenizer::open(folder / "tokenizer"),
                  second = Tokenizer::open(folder / "tokenizer_2");
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const json text = json::parse(line, nullptr, false);
    if (!text.is_string())
      throw UserError(fmt::format("line {} of the input is not a JSON string", number));
    const std::string prompt = text;
    out << json{{"input_ids", first.encode(prompt).ids}, {"input_ids_2", second.encode(prompt).ids}}
               .dump()
        << "\n";
  }
  return 0;
}

int make_seeded_model(const std::string& out, std::uint64_t seed, const std::string& variant) {
  struct Stopped {};
  const Interrupt interrupt;
  const bool shown = ::isatty(STDERR_FILENO) != 0;
  std::uint64_t size = 0;
  try {
    write_seeded_model({.description = data("bench/seeded_model"),
                        .tokenizers = data("reference/nano-sdxl"),
                        .seed = seed,
                        .variant = variant},
                       out, std::max(1u, std::thread::hardware_concurrency()),
                       [&](std::uint64_t done, std::uint64_t all) {
                         if (interrupt.asked()) throw Stopped();
                         size = all;
                         if (shown)
                           std::cerr << fmt::format("\rsameseed: {:.2f} of {:.2f} GB",
                                                    1e-9 * static_cast<double>(done),
                                                    1e-9 * static_cast<double>(all));
                       });
  } catch (const Stopped&) {
    std::cerr << fmt::format("{}sameseed: {}: stopped as asked; nothing was kept\n",
                             shown ? "\n" : "", out);
    return kInterruptedCode;
  }
  std::cerr << fmt::format("{}sameseed: {}: {:.2f} GB of weights, seed {}\n", shown ? "\r" : "",
                           out, 1e-9 * static_cast<double>(size), seed);
  return 0;
}

}  // namespace sameseed
