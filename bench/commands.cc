#include "bench/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/dispatcher.h"
#include "bench/generate.h"
#include "bench/matrix.h"
#include "bench/plan.h"
#include "bench/programs.h"
#include "bench/worker.h"
#include "io/error.h"
#include "io/files.h"
#include "pipeline/protocol.h"
#include "pipeline/tokenizer.h"
#include "reports/report.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::string model_folder(const std::string& name) {
  const auto path = name.empty() || name == "nano-sdxl" ? data("reference/nano-sdxl")
                                                        : std::filesystem::path(name);
  return std::filesystem::absolute(path).string();
}

// Writes the plan, or finds that the folder already holds the very same one.
std::filesystem::path plan(const RunOptions& options) {
  const std::filesystem::path file = options.matrix.empty() ? data("bench/matrices/demo.json")
                                                            : std::filesystem::path(options.matrix);
  const Matrix matrix = read_matrix(file);
  json load = {
      {"model", model_folder(options.model.model.empty() ? matrix.model : options.model.model)}};
  if (!options.model.vae.empty())
    load["vae"] = std::filesystem::absolute(options.model.vae).string();
  if (!options.model.variant.empty()) load["variant"] = options.model.variant;
  const json made = make_plan(matrix, load);
  const std::filesystem::path run =
      options.out.empty() ? "sameseed-run-" + matrix.name : options.out;
  if (std::filesystem::exists(run / "plan.json")) {
    if (read_json(run / "plan.json") != made)
      throw UserError(fmt::format("{}: holds a run of another plan; name another folder with --out",
                                  run.string()));
  } else {
    write_file(run / "matrix.json", read_file(file));
    write_file(run / "plan.json", made.dump(1) + "\n");
  }
  if (!options.quiet)
    std::cerr << fmt::format(
        "sameseed: {}: {} environments, {} cases, {} samples, {} comparisons, {} combinations "
        "excluded\n",
        run.string(), made.at("environments").size(), made.at("cases").size(),
        made.at("samples").size(), made.at("comparisons").size(), made.at("excluded").size());
  return run;
}

// A private folder that goes when it is no longer needed.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "sameseed.XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr)
      throw std::runtime_error("no temporary folder can be made");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct OneImage {
  std::string engine;
  Variables variables;
  json load, request;
};

// "env.X=1", "load.precision=fp16", "request.steps=20": numbers where they are numbers, "null" for
// unset.
void apply(const std::string& setting, OneImage& one) {
  const std::size_t equals = setting.find('='), dot = setting.find('.');
  if (equals == std::string::npos || dot > equals)
    throw UserError("--set " + setting +
                    ": must be env.NAME=VALUE, load.NAME=VALUE or request.NAME=VALUE");
  const std::string kind = setting.substr(0, dot), name = setting.substr(dot + 1, equals - dot - 1);
  const std::string text = setting.substr(equals + 1);
  if (kind == "env") {
    one.variables[name] = text == "null" ? std::nullopt : std::optional(text);
    return;
  }
  const json parsed = json::parse(text, nullptr, false);
  const json value = parsed.is_number() || parsed.is_null() ? parsed : json(text);
  if (kind == "load")
    one.load[name] = value;
  else if (kind == "request")
    one.request[name] = value;
  else
    throw UserError("--set " + setting + ": an axis begins with env., load. or request.");
}

OneImage image_of_case(const std::string& name) {
  const std::filesystem::path path = name;
  const json plan = read_json(path.parent_path() / "plan.json");
  for (const json& one : plan.at("cases"))
    if (one.at("id") == path.filename().string())
      for (const json& environment : plan.at("environments"))
        if (environment.at("id") == one.at("environment")) {
          OneImage image{environment.at("engine"), {}, environment.at("load"), one.at("request")};
          for (const auto& [variable, value] : environment.at("variables").items())
            image.variables[variable] =
                value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
          return image;
        }
  throw UserError(fmt::format("{}: its plan.json has no case {}", path.parent_path().string(),
                              path.filename().string()));
}

}  // namespace

int run_all(const RunOptions& options) {
  const std::filesystem::path run = plan(options);
  generate(run, {.command = options.command, .quiet = options.quiet});
  if (const int code = score_only(run); code != 0) return code;
  return report_only(run);
}

int plan_only(const RunOptions& options) {
  plan(options);
  return 0;
}

int generate_only(const std::filesystem::path& run, const RunOptions& options) {
  return generate(run, {.command = options.command, .quiet = options.quiet}) > 0 ? 7 : 0;
}

int score_only(const std::filesystem::path& run) {
  return run_program({program("sameseed-scorer").string(), "run", run.string(), "--weights",
                      data("metrics/weights").string()});
}

int report_only(const std::filesystem::path& run) { return report_run(run, std::cout); }

int make_image(const ImageOptions& options) {
  OneImage one;
  if (options.case_of.empty()) {
    if (!options.prompt)
      throw UserError("--prompt is missing; --prompt \"\" draws the empty prompt");
    one.engine = options.engine;
    one.load = {{"model", model_folder(options.model.model)}};
    one.request = {{"prompt", *options.prompt},
                   {"negative", options.negative ? json(*options.negative) : json()},
                   {"seed", options.seed},
                   {"steps", options.steps},
                   {"guidance", options.guidance},
                   {"size", options.size},
                   {"deepcache", options.deepcache.empty() ? json() : json(options.deepcache)}};
  } else {
    one = image_of_case(options.case_of);
  }
  if (!options.model.vae.empty())
    one.load["vae"] = std::filesystem::absolute(options.model.vae).string();
  if (!options.model.variant.empty()) one.load["variant"] = options.model.variant;
  for (const std::string& setting : options.set) apply(setting, one);

  const TemporaryFolder scratch;
  json request = one.request;
  read_request(request);  // wrong values are named here, before a model is loaded
  json load = one.load;
  read_load_options(load);
  load["op"] = "load";
  request["op"] = "generate";
  request["id"] = "image";
  request["noise"] = scratch / "noise.safetensors";
  request["image"] = std::filesystem::absolute(options.out).string();
  if (!options.tensors.empty())
    request["tensors"] = std::filesystem::absolute(options.tensors).string();
  // The engine's own precision decides the noise's stream, as in a pipeline of that precision.
  const std::string precision =
      one.engine == "reference" ? load.value("precision", "fp32") : "fp32";
  constexpr auto kLimit = std::chrono::hours(12);
  try {
    Worker noise(worker_command("noise"), environment_for({}, {}), scratch / "worker.log");
    noise.ask({{"op", "noise"},
               {"model", load.at("model")},
               {"vae", load.value("vae", "")},
               {"seed", request.at("seed")},
               {"size", request.at("size")},
               {"precision", precision},
               {"out", request.at("noise")}},
              kLimit);
    Worker worker(worker_command(one.engine), environment_for(one.variables, {}),
                  scratch / "worker.log");
    const auto warn = [](const json& answer) {
      for (const json& warning : answer.value("warnings", json::array()))
        std::cerr << "sameseed: warning: " << warning.get<std::string>() << "\n";
    };
    warn(worker.ask(load, kLimit));
    const json answer = worker.ask(request, kLimit);
    warn(answer);
    std::cout << answer.dump() << "\n";
    return 0;
  } catch (const WorkerFailure& failure) {
    std::cerr << "sameseed: " << failure.what() << "\n";
    if (!failure.alive()) std::cerr << read_file(scratch / "worker.log");
    return failure.alive() ? 1 : 7;
  }
}

int score_pair(const std::string& reference, const std::string& candidate) {
  return run_program({program("sameseed-scorer").string(), "pair", reference, candidate,
                      "--weights", data("metrics/weights").string()});
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

}  // namespace sameseed
