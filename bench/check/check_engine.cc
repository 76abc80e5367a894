#include "bench/check/check_engine.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>
#include <vector>

#include "bench/check/engine_findings.h"
#include "bench/system/temporary_folder.h"
#include "bench/worker/answer.h"
#include "bench/worker/noise_files.h"
#include "bench/worker/worker.h"
#include "io/error.h"
#include "io/files.h"
#include "io/png_check.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"
#include "pipeline/text/token_ids.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr auto kNoiseLimit = std::chrono::minutes(10);
constexpr std::size_t kLogTail = 2000;  // bytes
constexpr std::chrono::milliseconds kQuitLimit =
    std::chrono::seconds(10);  // after the end of its input

// Which files of a folder were written to under the very names that they now have.
class FolderWatch {
 public:
  explicit FolderWatch(const std::string& folder)
      : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (descriptor_ < 0 || ::inotify_add_watch(descriptor_, folder.c_str(), IN_MODIFY) < 0)
      throw std::runtime_error("the folder of the pictures cannot be watched");
  }
  ~FolderWatch() { ::close(descriptor_); }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  std::set<std::string> written() const {
    std::set<std::string> names;
    alignas(inotify_event) char events[65536];
    for (ssize_t size; (size = ::read(descriptor_, events, sizeof events)) > 0;)
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(events + at);
        if (event->len > 0) names.insert(event->name);
        at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
      }
    return names;
  }

 private:
  int descriptor_;
};

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
    const std::optional<Made> first = make(asked(0, options_.size)),
                              second = make(asked(1, options_.size));
    warm_up();
    compare(first, make(asked(0, options_.size)));
    compare(second, make(asked(1, options_.size)));
    if (first && second)
      see(kTellsSeedsApart, first->picture != second->picture,
          "seeds 0 and 1 gave one and the same picture");
    json turned = asked(1, other_way);
    turned["negative"] = "blurry";
    make(turned, kTakesBothSizes);
    try_deepcache();
    refuses(kRefusesNoJson, "{\"op\": \"generate\", ");
    refuses(kRefusesUnknownOp, R"({"op": "no such operation"})");
    json missing = asked(0, options_.size);
    missing["noise"] = scratch_ / "no such file.safetensors";
    refuses(kRefusesMissingNoise, missing.dump());
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
  void see(Duty duty, bool holds, const std::string& otherwise = "") {
    findings_.see(duty, holds, otherwise);
  }

  // Why a request got no answer, told where it belongs.
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
  Worker* loaded() {
    if (worker_ || findings_.failed(kLoads)) return worker_.get();
    try {
      worker_ =
          std::make_unique<Worker>(worker_command(options_.engine), environment_for({}, {}), log_);
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

  json asked(std::uint64_t seed, const std::string& size) {
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

  static std::string named(const json& request) {
    return fmt::format("seed {}, {}", request.at("seed").dump(),
                       request.at("size").get<std::string>());
  }

  // Asks for a picture and looks at all that it should have brought. Where the engine says that it
  // does not support this, that is no fault but of `if_unsupported`.
  std::optional<Made> make(const json& request, std::optional<Duty> if_unsupported = {}) {
    Worker* worker = loaded();
    if (!worker) return {};
    const std::filesystem::path picture = request.at("image").get<std::string>(),
                                latents = request.at("latents").get<std::string>();
    const FolderWatch watch(picture.parent_path());
    const std::string what = named(request);
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
    look_at_answer(request, answer);
    look_at_file(kWritesPicture, [&] {
      const auto [width, height] = parse_size(request.at("size"));
      check_png(picture, width, height);
    });
    look_at_file(kWritesLatents, [&] {
      if (!hashes_of(answer).contains("latents") && !std::filesystem::exists(latents)) return;
      if (!SafetensorsFile::open(latents).tensors().contains("latents"))
        throw UserError(latents.filename().string() + " holds no tensor `latents`");
    });
    const std::set<std::string> written = watch.written();
    for (const auto& file : {picture, latents})
      see(kRenames, !written.contains(file.filename()),
          fmt::format("{} was written in its place", file.filename().string()));
    see(kLeavesNothing, true);
    for (const auto& entry : std::filesystem::directory_iterator(picture.parent_path()))
      see(kLeavesNothing, entry.path() == picture || entry.path() == latents,
          fmt::format("left {}", entry.path().filename().string()));
    if (!std::filesystem::exists(picture)) return {};
    return Made{answer, sha256_of_file(picture)};
  }

  static json hashes_of(const json& answer) {
    const json hashes = answer.value("hashes", json::object());
    return hashes.is_object() ? hashes : json::object();
  }

  void look_at_answer(const json& request, const json& answer) {
    const std::string what = named(request) + ": ";
    json fields = json::object();
    try {
      fields = record_fields(answer);
      see(kFillsRecords, true);
    } catch (const WorkerFailure& failure) {
      see(kFillsRecords, false, what + failure.what());
    }
    const json hashes = hashes_of(answer);
    const std::string noise = sha256(
        SafetensorsFile::open(request.at("noise").get<std::string>()).tensors().at("noise").data);
    see(kHashesNoise, hashes.value("noise", json()) == noise,
        fmt::format("{}must be {}, not {}", what, noise, hashes.value("noise", json()).dump()));
    json plain = request;
    for (const char* field : {"op", "id"}) plain.erase(field);
    see(kHashesTokens, hashes.value("token_ids", json()) == tokens_.hash_of(read_request(plain)),
        "it is not, so scores count only against engines that state the same ones");
    see(kHashesLatents, hashes.value("latents", json()).is_string(), "it is not");
    const json steps = answer.value("timings_ms", json::object()).value("steps", json::array());
    see(kTimesSteps, steps.size() == request.at("steps").get<std::size_t>(),
        fmt::format("{} times for {} steps", steps.size(), request.at("steps").dump()));
  }

  template <typename Look>
  void look_at_file(Duty duty, Look look) {
    try {
      look();
      see(duty, true);
    } catch (const UserError& problem) {
      see(duty, false, problem.what());
    }
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
    json request = asked(0, options_.size);
    const std::string folder =
        std::filesystem::path(request.at("image").get<std::string>()).parent_path();
    for (const char* file : {"image", "latents"}) request[file] = "";
    Worker* worker = loaded();
    if (!worker) return;
    try {
      worker->ask(request, options_.limit);
      see(kWarmsUp, std::filesystem::is_empty(folder), "it wrote some");
    } catch (const WorkerFailure& failure) {
      blame(kWarmsUp, failure, "warm-up");
    }
  }

  void try_deepcache() {
    json request = asked(0, options_.size);
    request["deepcache"] = "2/0/0";
    const std::optional<Made> made = make(request, kTellsDeepCache);
    if (!made) return;
    const json partial =
        made->answer.value("engagement", json::object()).value("steps_partial", json());
    see(kTellsDeepCache, partial.is_number_integer() && partial > 0,
        "answered ok to 2/0/0 without engagement.steps_partial; a report would call it not "
        "engaged");
  }

  void refuses(Duty duty, const std::string& line) {
    Worker* worker = loaded();
    if (!worker) return;
    try {
      const json answer = read_answer(worker->exchange(line, options_.limit));
      see(duty, !answer.at("ok").get<bool>(), "answered ok");
      see(duty,
          answer.at("ok").get<bool>() ||
              !answer.value("error", json("")).get<std::string>().empty(),
          "does not say why, in `error`");
      worker->ask(asked(0, options_.size), options_.limit);
    } catch (const UserError& problem) {
      see(kKeepsToAnswers, false, problem.what());
      worker_.reset();
    } catch (const WorkerFailure& failure) {
      see(duty, false, fmt::format("{}: {}", failure.kind, failure.what()));
      if (!failure.alive()) worker_.reset();
    }
  }

  void quit() {
    Worker* worker = loaded();
    if (!worker) return;
    try {
      const Worker::End end = worker->quit(std::min(options_.limit, kQuitLimit));
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
  Worker noise_;
  std::unique_ptr<Worker> worker_;
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
