#include "tests/simulation/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "bench/plan/expected_times.h"
#include "bench/plan/plan.h"
#include "bench/plan/shard.h"
#include "bench/sweep/resume.h"
#include "io/error.h"
#include "tests/simulation/pictures.h"

namespace sameseed::simulation {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kSwitch = "candidate.env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION";

fs::path model_of(const fs::path& folder) { return folder / "model"; }
fs::path run_of(const fs::path& folder) { return folder / "run"; }
fs::path changing_file(const fs::path& folder) { return model_of(folder) / "model_index.json"; }

std::set<std::string> samples_of(const json& plan, const std::optional<Shard>& shard) {
  std::vector<Stretch> list = stretches(plan);
  const PlanIndex index(plan);
  const ExpectedTimes times;
  if (shard)
    list = stretches_of(*shard, list, [&](std::size_t sample) {
      return times.of(index.case_of(plan.at("samples").at(sample)));
    });
  std::set<std::string> samples;
  for (const Stretch& stretch : list)
    for (const std::size_t place : stretch.samples)
      samples.insert(plan.at("samples").at(place).at("id"));
  return samples;
}

Mood draw_mood(World& world) {
  Mood mood;
  constexpr double kFaults[] = {0, 0, 0.01, 0.03, 0.06, 0.12, 0.25, 0.5, 0.9};
  mood.fault = kFaults[world.below(std::size(kFaults))];
  constexpr double kNoiseFaults[] = {0, 0, 0, 0.05, 0.2, 0.4, 0.6, 1};
  mood.noise_fault = kNoiseFaults[world.below(std::size(kNoiseFaults))];
  mood.no_start = world.happens(0.1) ? 0.3 : 0;
  mood.content = world.happens(0.07) ? 0.2 : 0;
  mood.slow_noise = world.happens(0.15);
  if (world.happens(0.25))
    mood.signal = Milliseconds(static_cast<std::int64_t>(std::exp2(17 * world.chance())));
  if (world.happens(0.1)) mood.signal_line = 1 + world.below(30);
  if (world.happens(0.07)) mood.full_line = 1 + world.below(30);
  if (world.happens(0.04)) mood.lost_flush = 1 + world.below(10);
  mood.low_disk = world.happens(0.05);
  return mood;
}

// What a power cut or a hand may do to the folder between two starts.
void damage(World& world) {
  const fs::path log = world.run / "records.jsonl";
  std::error_code none;
  const auto size = fs::file_size(log, none);
  if (!none && size > 0 && world.happens(0.15)) {
    fs::resize_file(log, size - std::min<std::uintmax_t>(size, 1 + world.below(600)));
    world.seen("damage: the log's end is lost");
    world.note("the log loses its end");
  }
  if (!none && world.happens(0.1)) {
    std::ofstream(log, std::ios::app) << R"({"type":"sample","sam)";
    world.seen("damage: half a line");
    world.note("the log ends in half a line");
  }
  if (!fs::exists(world.run / "images")) return;
  std::vector<fs::path> pictures;  // in an order that is the same each time
  for (const auto& entry : fs::directory_iterator(world.run / "images"))
    pictures.push_back(entry.path());
  std::ranges::sort(pictures);
  for (const fs::path& file : pictures) {
    if (!world.happens(0.03)) continue;
    world.seen("damage: a picture is lost or cut");
    world.note("picture " + file.filename().string() + " is lost or cut");
    if (world.happens(0.5))
      fs::remove(file);
    else
      fs::resize_file(file, fs::file_size(file) / 2);
  }
}

// What differs between two tries of the same schedule is left out.
std::string cut_at_path(const std::string& text) {
  std::string kept = text;
  for (std::size_t at; (at = kept.find('/')) != std::string::npos;)
    kept.erase(at, std::min(kept.find_first_of(" :", at), kept.size()) - at);
  return kept;
}

void start_once(World& world, GenerateOptions options, ScriptedMachine& machine) {
  world.slots_are_done = false;
  world.requests = world.lines = world.flushes = 0;
  options.slots = 1 + static_cast<int>(world.below(3));
  const Time began = world.turns.now();
  if (world.mood.signal) world.turns.at(began + *world.mood.signal, [&world] { world.signal(); });
  world.note(fmt::format("generate with {} slots", *options.slots));
  world.seen(fmt::format("start with {} slots{}", *options.slots,
                         world.mood.is_benign() ? ", all well" : ""));
  world.expect.start_begins(began);
  try {
    const GenerateResult result = generate(world.run, options, machine);
    world.turns.at(Time::max(), [] {});
    world.note(fmt::format(
        "it returns: {} failed, {}{}", result.failed, result.interrupted ? "interrupted, " : "",
        result.stopped.empty() ? "not stopped" : "stopped: " + cut_at_path(result.stopped)));
    world.seen(result.content_changed    ? "end: content changed"
               : !result.stopped.empty() ? "end: stopped"
               : result.interrupted      ? "end: interrupted"
               : result.failed > 0       ? "end: samples failed"
                                         : "end: all well");
    world.expect.start_ends(world.turns.now(), result);
  } catch (const UserError& error) {
    world.turns.at(Time::max(), [] {});
    world.note("it throws: " + cut_at_path(error.what()));
    world.seen("end: an error");
    world.expect.start_throws(world.turns.now(), error.what());
  }
}

// After a start in which all went well.
void check_end(World& world, const std::set<std::string>& shard) {
  const auto finished = finished_samples(world.plan, world.run),
             taken = read_made_before(world.run, world.plan).finished;
  if (finished != taken)
    world.expect.wrong.push_back("resume and the documents differ in what is finished");
  for (const std::string& sample : shard)
    if (!finished.contains(sample))
      world.expect.wrong.push_back("sample " + sample + " is not made in the end");
}

}  // namespace

std::vector<json> make_plans(const fs::path& folder) {
  fs::create_directories(model_of(folder) / "unet");
  write(model_of(folder) / "unet/config.json", "{}");
  write(changing_file(folder), R"({"version":"v"})");
  std::vector<json> plans;
  for (int shape = 0; shape < 6; ++shape) {
    Matrix matrix;
    matrix.name = fmt::format("shape {}", shape);
    matrix.axes = {{kSwitch, {"0", "1"}}};
    if (shape % 2 == 1) matrix.axes = {{"candidate.request.deepcache", {nullptr, "3/0/0"}}};
    if (shape == 2)
      matrix.axes.push_back(
          {"candidate.env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION", {"0", "1"}});
    matrix.engines = {{"reference", "true a"}, {"candidate", "true b"}};
    matrix.prompts = {"a"};
    if (shape % 2 == 1) matrix.prompts.push_back("b");
    constexpr std::uint64_t kSeeds[] = {4, 2, 2, 2, 6, 5};  // each a noise of its own
    for (std::uint64_t seed = 0; seed < kSeeds[shape]; ++seed) matrix.seeds.push_back(seed);
    matrix.request = {{"steps", 4},
                      {"guidance", 5.0},
                      {"size", "64x64"},
                      {"negative", nullptr},
                      {"deepcache", nullptr}};
    matrix.timing = {.warmup = shape % 3,
                     .blocks = shape == 5   ? 0
                               : shape == 1 ? 2
                                            : 1,
                     .prompts = 1};
    plans.push_back(make_plan(matrix, {{"model", model_of(folder).string()}}));
    if (shape == 3) plans.back()["trace"] = true;
  }
  return plans;
}

Tried try_schedule(std::uint64_t seed, const std::vector<json>& plans, const fs::path& folder,
                   Histogram& histogram, bool traced) {
  name_schedule(seed);
  Random random(seed);
  Tried tried;
  const json& plan = plans[random() % plans.size()];
  GenerateOptions options{
      .command = {"simulation"}, .verbosity = Verbosity::kQuiet, .devices = "cpu"};
  if (random() % 2) options.time_limit = Milliseconds(2000 + random() % 60000);
  if (random() % 5 == 0) {
    const int count = 2 + static_cast<int>(random() % 2);
    options.shard = Shard{1 + static_cast<int>(random() % static_cast<unsigned>(count)), count};
  }
  const std::set<std::string> shard = samples_of(plan, options.shard);
  fs::remove_all(run_of(folder));
  fs::create_directories(run_of(folder));
  write(run_of(folder) / "plan.json", plan.dump());
  Expectations expect(plan, run_of(folder), shard, options.time_limit);
  World world{.random = random,
              .plan = plan,
              .run = run_of(folder),
              .model_file = changing_file(folder),
              .fixed_limit = options.time_limit,
              .expect = expect,
              .histogram = histogram};
  if (traced) world.trace = &tried.trace;
  for (const json& environment : plan.at("environments"))
    if (world.happens(0.07)) world.refusing.insert(environment.at("id"));
  for (const json& one : plan.at("cases"))
    if (world.happens(0.02))
      world.unsupported.insert(one.at("environment").get<std::string>() +
                               one.at("request").at("prompt").get<std::string>());
  ScriptedMachine machine(world);
  watch_log(&world);
  for (std::size_t left = world.below(4); left > 0; --left) {
    world.mood = draw_mood(world);
    start_once(world, options, machine);
    damage(world);
  }
  world.mood = {};
  const int model = expect.recorded_model().value_or(world.model_version);
  if (model != world.model_version) world.set_model(model);
  start_once(world, options, machine);
  check_end(world, shard);
  watch_log(nullptr);
  if (world.model_version != 0) world.set_model(0);
  tried.wrong = expect.wrong;
  return tried;
}

}  // namespace sameseed::simulation
