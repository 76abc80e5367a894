#include "tests/simulation/scripted_machine.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cmath>

#include "bench/worker/worker_command.h"
#include "tests/simulation/pictures.h"

namespace sameseed::simulation {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr std::size_t kMostRequests = 3000;  // of one start: more is a loop without end
constexpr pid_t kPid = 1;

Time::duration seconds(double count) {
  return std::chrono::microseconds(std::llround(count * 1e6));
}

class ScriptedWorker final : public Worker {
 public:
  ScriptedWorker(World& world, std::vector<std::string> command,
                 std::vector<std::string> environment)
      : world_(world),
        command_(std::move(command)),
        variables_(std::move(environment)),
        is_noise_(command_.back() == "noise"),
        slot_(Turns::job()) {
    if (is_noise_) return;
    world_.workers[slot_].insert(this);
    if (world_.workers[slot_].size() > 4)  // three, and the one being made when all are needed
      world_.expect.wrong.push_back("a slot keeps more workers than three");
  }

  ~ScriptedWorker() override {
    if (!is_noise_) world_.workers[slot_].erase(this);
    const Time began = world_.turns.now();
    world_.expect.begins(Turns::job(), began);
    // Outside of all jobs the run may be over, and a signal would end this program.
    if (!ended_ && Turns::job() >= 0 && world_.happens(0.5))
      world_.turns.wait_until(began + seconds(world_.chance()));
    world_.expect.happened(Turns::job(), {.op = 'q', .began = began, .ended = world_.turns.now()});
  }

  std::string exchange(const std::string& line, Duration limit) override;
  void send_ahead(const std::string&) override {}  // its machine loads nothing ahead
  pid_t pid() const override { return kPid; }

 private:
  struct Request {
    Op op = 'g';
    json message;
    bool has_files() const { return !message.value("image", "").empty(); }
    bool is_traced() const { return !message.value("trace", "").empty(); }
  };

  void end() override { ended_ = true; }
  Op op_of(const json& message) const;
  void recognise(const json& load);
  const Deed& choose(const Request& request);
  Time::duration time_for(const Request& request, const Deed& what, Duration limit);
  void write_files(const Request& request, const Deed& what);
  std::string answer_to(const Request& request, const Deed& what, double total, double wall);

  World& world_;
  const std::vector<std::string> command_, variables_;
  const bool is_noise_;
  const int slot_;
  std::string environment_;  // of the plan; "noise" for the one that draws it
  const Deed* next_ = nullptr;
  bool ended_ = false, distrusted_ = false;
};

Op ScriptedWorker::op_of(const json& message) const {
  if (message.at("op") == "noise") return 'n';
  if (message.at("op") == "load") return 'l';
  return message.at("id") == "warm-up" ? 'w' : 'g';
}

// Which environment of the plan this is: by its command, its variables and what it is to load.
void ScriptedWorker::recognise(const json& load) {
  std::size_t fitting = 0;
  for (const json& environment : world_.plan.at("environments")) {
    json wanted = environment.at("load");
    wanted["op"] = "load";
    bool fits =
        wanted == load && worker_command(environment.at("engine"), "sameseed-worker") == command_;
    for (const auto& [name, value] : environment.at("variables").items()) {
      const std::string begins = name + "=";
      const auto found = std::ranges::find_if(
          variables_, [&](const std::string& one) { return one.starts_with(begins); });
      fits = fits && (value.is_null() ? found == variables_.end()
                                      : found != variables_.end() &&
                                            *found == begins + value.get<std::string>());
    }
    if (!fits) continue;
    environment_ = environment.at("id");
    ++fitting;
  }
  if (fitting != 1) world_.expect.wrong.push_back("a worker was started as no environment says");
}

const Deed& ScriptedWorker::choose(const Request& request) {
  if (next_) return *std::exchange(next_, nullptr);
  if (request.op == 'l' && world_.refusing.contains(environment_))
    return deed("does not support it");
  if ((request.op == 'g' || request.op == 'w') &&
      world_.unsupported.contains(environment_ + request.message.at("prompt").get<std::string>()))
    return deed("does not support it");
  if (request.op == 'n' && world_.mood.slow_noise && world_.happens(0.5))
    return deed("answers slowly");
  if (!world_.happens(request.op == 'n' ? world_.mood.noise_fault : world_.mood.fault))
    return deed("answers");
  for (;;) {
    const Deed& one = deeds()[world_.below(deeds().size())];
    if (std::string_view(one.ops).find(request.op) != std::string_view::npos) return one;
  }
}

Time::duration ScriptedWorker::time_for(const Request& request, const Deed& what, Duration limit) {
  if (std::string_view(what.name).starts_with("had ")) return {};
  const double most = std::chrono::duration<double>(limit).count() * 0.9;
  if (what.pace == Pace::kAtLimit) return limit;
  if (what.pace == Pace::kJustInTime) return limit - 1ms;
  if (what.pace == Pace::kSlow) return seconds(most * world_.chance());
  const double usual = request.op == 'n' ? 0.02 : request.op == 'l' ? 4 : 1.5;
  return seconds(std::min(most, usual * std::exp(2 * world_.chance() - 1)));
}

void ScriptedWorker::write_files(const Request& request, const Deed& what) {
  const std::string_view how = what.picture;
  if (request.op == 'n') {
    const std::string file = request.message.at("out");
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    write(file, "noise");
    world_.expect.noise_is_there(std::filesystem::path(file).filename());
  }
  if (request.op != 'g') return;
  if (how == "none") return;
  if (request.is_traced()) write(request.message.at("trace"), tensors("latents", "block_norms"));
  if (!request.has_files()) return;
  std::string picture = png(how == "other size" ? 32 : 64, 64, world_.requests);
  if (how == "half") picture.resize(picture.size() / 2);
  write(request.message.at("image"), picture);
  if (how == "no latents") return;
  write(request.message.at("latents"), tensors(how == "other latents" ? "other" : "latents"));
}

std::string ScriptedWorker::answer_to(const Request& request, const Deed& what, double total,
                                      double wall) {
  std::string more;
  if (request.op == 'g' || request.op == 'w')
    more = fmt::format(
        R"(,"timings_ms":{{"total":{}}},"hashes":{{"noise":"n","token_ids":"t","latents":"l"}})",
        json(total).dump());
  std::string text = what.answer;
  const auto put = [&](const std::string& name, const std::string& value) {
    if (const std::size_t at = text.find(name); at != std::string::npos)
      text.replace(at, name.size(), value);
  };
  put("$ID", request.message.value("id", json("none")).dump());
  put("$MORE", more);
  put("$T", json(total).dump());
  put("$LONG", json(1.02 * wall + 6).dump());
  return text;
}

std::string ScriptedWorker::exchange(const std::string& line, Duration limit) {
  if (++world_.requests > kMostRequests) give_up("a start makes requests without end");
  Request request{.message = json::parse(line)};
  request.op = op_of(request.message);
  if (is_noise_)
    environment_ = "noise";
  else if (request.op == 'l')
    recognise(request.message);
  if (ended_ || distrusted_)
    world_.expect.wrong.push_back("a worker that has ended or failed was asked");
  const int slot = Turns::job();
  world_.expect.begins(slot, world_.turns.now());
  world_.expect.request_begins(slot, request.op, environment_, limit);
  if (request.op == 'g' && !std::filesystem::exists(request.message.at("noise").get<std::string>()))
    world_.expect.wrong.push_back("a worker was asked for a picture of noise that is not there");

  if (request.has_files() &&
      std::filesystem::exists(request.message.at("image").get<std::string>()))
    world_.expect.wrong.push_back("an earlier attempt's picture is there when a worker is asked");

  const Deed& what = choose(request);
  const bool flips_in_load = request.op == 'l' && world_.happens(world_.mood.content);
  const int version = world_.model_version;
  const Time began = world_.turns.now();
  world_.turns.wait_until(began + time_for(request, what, limit));
  if (flips_in_load) world_.set_model(world_.model_version + 1);
  Happening happening{.op = request.op,
                      .environment = environment_,
                      .sample = request.message.value("id", ""),
                      .outcome = what.outcome,
                      .is_answered = what.is_answered,
                      .began = began,
                      .ended = world_.turns.now()};
  const double wall = std::chrono::duration<double, std::milli>(happening.ended - began).count();
  happening.total_ms = wall * world_.chance();
  const bool harmless = what.only_pictures && !request.has_files() &&
                        !(request.is_traced() && std::string_view(what.picture) == "none");
  if (harmless) happening.outcome = "ok";
  if (std::string_view(what.name) == "shares its CPU" && wall > 80) {
    happening.shared = true;
    world_.cpu_waited[slot] += wall;
    world_.cpu_busy[slot] += wall;
  }
  if (happening.outcome == "ok" && request.op == 'l') {
    if (!world_.expect.model) world_.expect.model = world_.model_version;
    if (version != world_.model_version || *world_.expect.model != world_.model_version)
      happening.outcome = "content";
  }
  if (what.writes_files || *what.picture) write_files(request, what);
  if (*what.next) next_ = &deed(what.next);
  const std::string& outcome = happening.outcome;
  distrusted_ = outcome != "ok" && outcome != "failed" && outcome != "unsupported";
  world_.seen(fmt::format("{}: {}", name_of(request.op), what.name));
  world_.note(fmt::format("{} {} {}: {}, {:.3f} ms: {}", name_of(request.op), environment_,
                          happening.sample, what.name, wall, happening.outcome));
  world_.expect.happened(slot, happening);
  if (*what.answer) return answer_to(request, what, happening.total_ms, wall);
  end();
  throw WorkerFailure(what.outcome, what.name);
}

}  // namespace

bool Mood::is_benign() const {
  return fault == 0 && noise_fault == 0 && no_start == 0 && content == 0 && !signal &&
         !signal_line && !full_line && !lost_flush && !low_disk;
}

void World::note(const std::string& text) {
  if (trace)
    trace->push_back(fmt::format(
        "{:12.3f} ms  {}  {}",
        std::chrono::duration<double, std::milli>(turns.now().time_since_epoch()).count() - 3.6e9,
        Turns::job() < 0 ? "main  " : fmt::format("slot {}", Turns::job()), text));
}

void World::signal() {
  if (slots_are_done || expect.is_signalled()) return;
  expect.signalled(turns.now());
  seen("signal");
  note("the run is interrupted");
  ::raise(SIGINT);
}

void World::set_model(int version) {
  model_version = version;
  write(model_file, fmt::format("{{\"version\":\"{}\"}}",
                                std::string(static_cast<std::size_t>(version) + 1, 'v')));
  seen("content changes");
  note(fmt::format("the model is version {}", version));
}

void World::waited(Time began) {
  seen("wait for another slot's noise");
  note("has waited for a lock");
  expect.happened(Turns::job(), {.op = '-', .began = began, .ended = turns.now()});
}

std::unique_ptr<Worker> ScriptedMachine::start(const std::vector<std::string>& command,
                                               const std::vector<std::string>& environment,
                                               const std::filesystem::path&) {
  const bool is_noise = command.back() == "noise";
  Happening start{.op = 's',
                  .environment = is_noise ? "noise" : "",
                  .outcome = "ok",
                  .began = world_.turns.now(),
                  .ended = world_.turns.now()};
  if (world_.happens(world_.mood.no_start)) {
    start.outcome = "crashed";
    world_.seen(is_noise ? "noise: cannot be started" : "load: cannot be started");
    world_.note("a worker cannot be started");
    world_.expect.happened(Turns::job(), start);
    throw WorkerFailure("crashed", "it cannot be started");
  }
  world_.expect.happened(Turns::job(), start);
  if (!is_noise && world_.happens(world_.mood.content)) world_.set_model(world_.model_version + 1);
  return std::make_unique<ScriptedWorker>(world_, command, environment);
}

CpuReading ScriptedMachine::read_cpu(pid_t) {
  CpuReading reading;
  reading.busy_ms = world_.cpu_busy[Turns::job()];
  reading.ran_ms = 0;
  reading.waited_ms = world_.cpu_waited[Turns::job()];
  return reading;
}

std::uintmax_t ScriptedMachine::free_space(const std::filesystem::path&) {
  if (!world_.mood.low_disk) return 1ULL << 40;
  world_.seen("failure on a full disk");
  world_.note("the disk is full");
  world_.expect.disk_is_full(world_.turns.now());
  return 4096;  // too little for any picture
}

}  // namespace sameseed::simulation
