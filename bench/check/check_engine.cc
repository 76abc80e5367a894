#include "bench/check/check_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "bench/check/engine_findings.h"
#include "bench/check/folder_watch.h"
#include "bench/check/picture_duties.h"
#include "bench/system/temporary_folder.h"
#include "bench/worker/noise_files.h"
#include "bench/worker/worker.h"
#include "bench/worker/worker_command.h"
#include "io/error.h"
#include "io/files.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"
#include "pipeline/token_ids.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr auto kNoiseLimit = std::chrono::minutes(10);
constexpr std::size_t kLogTail = 2000;  // bytes
// For an engine to quit, after the end of its input.
constexpr std::chrono::milliseconds kQuitLimit = std::chrono::seconds(10);

struct Made {
  json answer;
  std::string picture;  // SHA-256 of the file
};

class EngineCheck {
 public:
  explicit EngineCheck(const CheckOptions& options)
      : options_(options),
        tokens_(options.model),
        noise_(worker_command("noise"), environment_for({}, {}), scratch_ / "noise.log") {}

  void run() {
    if (!loaded()) return;
    const auto [width, height] = parse_size(options_.size);
    const std::string other_way = fmt::format("{}x{}", height, width);
    const std::optional<Made> first = make(new_request(0, options_.size)),
                              second = make(new_request(1, options_.size));
    warm_up();
    compare(first, make(new_request(0, options_.size)));
    compare(second, make(new_request(1, options_.size)));
    if (first && second)
      see(kTellsSeedsApart, first->picture != second->picture,
          "seeds 0 and 1 gave one and the same picture");
    json turned = new_request(1, other_way);
    turned["negative"] = "blurry";
    make(turned, kTakesBothSizes);
    try_deepcache();
    for (const auto& [duty, line] : lines_to_refuse()) check_refusal(duty, line);
    quit();
  }

  // The exit code.
  int print(std::ostream& out) const {
    const bool conforms = findings_.print(options_.engine, out);
    if (!conforms && std::filesystem::exists(log_))
      if (const std::string log = read_file(log_); !log.empty())
        out << "the last of its log:\n" << log.substr(log.size() - std::min(log.size(), kLogTail));
    return conforms ? 0 : 1;
  }

 private:
  void see(Duty duty, bool kept, const std::string& otherwise = "") {
    findings_.see(duty, kept, otherwise);
  }

  // Files why a request got no answer under the duty that it belongs to.
  void blame(Duty duty, const WorkerFailure& failure, const std::string& what) {
    if (failure.kind == "rubbish")
      see(kKeepsToAnswers, false, what + ": " + failure.what());
    else
      see(duty, false,
          fmt::format("{}: {}: {}", what,
                      failure.kind == "failed" ? "answered with an error" : failure.kind,
                      failure.what()));
    if (!failure.alive()) worker_.reset();
  }

  // The engine with its model loaded, started anew where the last one is gone; null where it does
  // not come up.
  ProcessWorker* loaded() {
    if (worker_ || findings_.failed(kLoads)) return worker_.get();
    try {
      worker_ = std::make_unique<ProcessWorker>(worker_command(options_.engine),
                                                environment_for({}, {}), log_);
      const json answer = worker_->ask({{"op", "load"}, {"model", options_.model}}, options_.limit);
      see(kLoads, true);
      see(kNamesItself, answer.value("engine", json()).is_string(), "there is no `engine`");
      see(kNamesVersions, !answer.value("versions", json()).empty(), "there are none");
    } catch (const WorkerFailure& failure) {
      worker_.reset();
      see(kLoads, false, fmt::format("{}: {}", failure.kind, failure.what()));
    }
    return worker_.get();
  }

  // A request with its noise drawn and an empty folder for its files.
  json new_request(std::uint64_t seed, const std::string& size) {
    const std::string id = fmt::format("check-{}", ++requests_), folder = scratch_ / id;
    std::filesystem::create_directory(folder);
    json request = {{"op", "generate"},
                    {"id", id},
                    {"prompt", "a red apple on a white background"},
                    {"negative", nullptr},
                    {"seed", seed},
                    {"steps", options_.steps},
                    {"guidance", 5.0},
                    {"size", size},
                    {"deepcache", nullptr},
                    {"image", folder + "/picture.png"},
                    {"latents", folder + "/latents.safetensors"}};
    request["noise"] = scratch_ / fmt::format("noise-{}-{}.safetensors", size, seed);
    if (!std::filesystem::exists(request.at("noise").get<std::string>())) draw_noise(request);
    return request;
  }

  void draw_noise(const json& request) try {
    noise_.ask(noise_message({{"model", options_.model}}, request, "fp32", request.at("noise")),
               kNoiseLimit);
  } catch (const WorkerFailure& failure) {
    throw UserError(fmt::format("no initial noise can be drawn: {}", failure.what()));
  }

  // Asks for a picture and looks at all that it should have brought. Where the engine says that it
  // does not support this, that is no fault but of `if_unsupported`.
  std::optional<Made> make(const json& request, std::optional<Duty> if_unsupported = {}) {
    ProcessWorker* worker = loaded();
    if (!worker) return {};
    const std::filesystem::path picture = request.at("image").get<std::string>();
    const FolderWatch watch(picture.parent_path());
    const std::string what = label_of(request);
    json answer;
    try {
      answer = worker->ask(request, options_.limit);
    } catch (const WorkerFailure& failure) {
      if (if_unsupported && failure.kind == "unsupported")
        see(*if_unsupported, false, what + ": " + failure.what());
      else
        blame(kMakesPictures, failure, what);
      return {};
    }
    see(kMakesPictures, true);
    see(kKeepsToAnswers, true);
    if (if_unsupported) see(*if_unsupported, true);
    look_at_picture({.request = request,
                     .answer = answer,
                     .written = watch.written(),
                     .token_ids = token_ids_of(request)},
                    findings_);
    if (!std::filesystem::exists(picture)) return {};
    return Made{answer, sha256_of_file(picture)};
  }

  std::string token_ids_of(json request) const {
    for (const char* field : {"op", "id"}) request.erase(field);
    return tokens_.hash_of(read_request(request));
  }

  void compare(const std::optional<Made>& once, const std::optional<Made>& again) {
    if (!once || !again) return;
    const auto latents = [](const Made& made) {
      return hashes_of(made.answer).value("latents", json());
    };
    see(kRepeats, once->picture == again->picture, "the two files differ");
    see(kRepeats, latents(*once) == latents(*again), "hashes.latents differ");
  }

  void warm_up() {
    json request = new_request(0, options_.size);
    const std::string folder =
        std::filesystem::path(request.at("image").get<std::string>()).parent_path();
    for (const char* file : {"image", "latents"}) request[file] = "";
    ProcessWorker* worker = loaded();
    if (!worker) return;
    try {
      worker->ask(request, options_.limit);
      see(kWarmsUp, std::filesystem::is_empty(folder), "it wrote some");
    } catch (const WorkerFailure& failure) {
      blame(kWarmsUp, failure, "warm-up");
    }
  }

  void try_deepcache() {
    json request = new_request(0, options_.size);
    request["deepcache"] = "2/0/0";
    const std::optional<Made> made = make(request, kTellsDeepCache);
    if (!made) return;
    const json partial =
        made->answer.value("engagement", json::object()).value("steps_partial", json());
    see(kTellsDeepCache, partial.is_number_integer() && partial > 0,
        "answered ok to 2/0/0 without engagement.steps_partial; a report would call it not "
        "engaged");
  }

  std::vector<std::pair<Duty, std::string>> lines_to_refuse() {
    json missing = new_request(0, options_.size);
    missing["noise"] = scratch_ / "no such file.safetensors";
    return {{kRefusesNoJson, "{\"op\": \"generate\", "},
            {kRefusesUnknownOp, R"({"op": "no such operation"})"},
            {kRefusesMissingNoise, missing.dump()}};
  }

  // The engine has to refuse the line, to say why, and to make a picture after it.
  void check_refusal(Duty duty, const std::string& line) {
    ProcessWorker* worker = loaded();
    if (!worker) return;
    try {
      const json answer = read_answer(worker->exchange(line, options_.limit));
      const bool refused = !answer.at("ok").get<bool>();
      see(duty, refused, "answered ok");
      see(duty, !refused || !answer.value("error", json("")).get<std::string>().empty(),
          "does not say why, in `error`");
      worker->ask(new_request(0, options_.size), options_.limit);
    } catch (const UserError& problem) {
      see(kKeepsToAnswers, false, problem.what());
      worker_.reset();
    } catch (const WorkerFailure& failure) {
      see(duty, false, fmt::format("{}: {}", failure.kind, failure.what()));
      if (!failure.alive()) worker_.reset();
    }
  }

  void quit() {
    ProcessWorker* worker = loaded();
    if (!worker) return;
    try {
      const ProcessWorker::End end = worker->quit(std::min(options_.limit, kQuitLimit));
      see(kQuits, end.code == 0, fmt::format("ended with {}", end.code));
      see(kKeepsToAnswers, end.output.empty(),
          "at its end it wrote " +
              json(end.output.substr(0, 200)).dump(-1, ' ', false, json::error_handler_t::replace));
    } catch (const WorkerFailure& failure) {
      see(kQuits, false, fmt::format("{}: {}", failure.kind, failure.what()));
    }
    worker_.reset();
  }

  const CheckOptions& options_;
  const TemporaryFolder scratch_;
  const std::string log_ = scratch_ / "engine.log";
  const TokenIdHasher tokens_;
  ProcessWorker noise_;
  std::unique_ptr<ProcessWorker> worker_;
  EngineFindings findings_;
  int requests_ = 0;
};

}  // namespace

int check_engine(const CheckOptions& options, std::ostream& out) {
  EngineCheck check(options);
  check.run();
  return check.print(out);
}

}  // namespace sameseed
