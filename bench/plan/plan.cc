#include "bench/plan/plan.h"

#include <set>

#include "bench/plan/engine_name.h"
#include "io/error.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kAccumulationPrefix = "ONEFLOW_";
constexpr const char* kHighest = "highest";  // precision: the most exact on the device
constexpr const char* kCudnnApi = "reference.env.TORCH_CUDNN_V8_API_DISABLED";
constexpr const char* kCudnnV7 = "1";
constexpr int kFloorThreads = 1, kOtherFloorThreads = 2;  // the second where the first is the arm's

class Planner {
 public:
  Planner(const Matrix& matrix, const json& load) : matrix_(matrix), load_(load) {}

  json plan() {
    for (const Point& point : points(matrix_.axes)) {
      if (const Exclusion* rule = excluded(point)) {
        excluded_.push_back({{"setting", point}, {"because", rule->because}});
        continue;
      }
      compare(point, "reference");
      if (switches_off(point) != point) compare(point, "switches_off");
      if (matrix_.floor) measure_floor(point);
    }
    if (comparisons_.empty())
      throw UserError(
          "the matrix leaves nothing to compare: every combination is excluded, so relax "
          "`exclude`");
    json plan = {{"schema", "sameseed/plan/1"},
                 {"name", matrix_.name},
                 {"matrix_sha256", matrix_.sha256},
                 {"model", load_.at("model")},
                 {"timing",
                  {{"warmup", matrix_.timing.warmup},
                   {"blocks", matrix_.timing.blocks},
                   {"prompts", matrix_.timing.prompts}}},
                 {"axes", axes()},
                 {"environments", environments_},
                 {"cases", cases_},
                 {"samples", samples()},
                 {"comparisons", comparisons_},
                 {"excluded", excluded_}};
    if (matrix_.floor) plan["floor"] = floor_;
    if (!matrix_.reasons.empty()) plan["reasons"] = matrix_.reasons;
    return plan;
  }

 private:
  const Exclusion* excluded(const Point& point) const {
    for (const Exclusion& rule : matrix_.exclude) {
      bool all = true;
      for (const auto& [name, value] : rule.when) all = all && point.at(name) == value;
      if (all) return &rule;
    }
    return nullptr;
  }

  // The same point with the candidate's half accumulation, DeepCache and post-processing off.
  static Point switches_off(Point point) {
    for (auto& [name, value] : point) {
      if (name.starts_with("candidate.env." + std::string(kAccumulationPrefix))) value = "0";
      if (name == "candidate.request.deepcache" || name == "candidate.request.enhance")
        value = nullptr;
    }
    return point;
  }

  // Both arms get the noise of the reference arm's precision, or of the one that the matrix names:
  // each precision has a stream of its own.
  std::string noise_precision(const Point& point) const {
    if (matrix_.noise_precision) return *matrix_.noise_precision;
    for (const char* axis : {"reference.load.precision", "both.load.precision"})
      if (const auto found = point.find(axis); found != point.end() && found->second.is_string())
        return found->second == kHighest ? "fp32" : found->second.get<std::string>();
    return "fp32";
  }

  // What the arm's side of a point asks for.
  struct Asked {
    json environment, request;
  };
  Asked asked(const Point& point, const std::string& arm, const std::string& prompt,
              std::uint64_t seed) const {
    Asked asked = {
        {{"engine", matrix_.engines.at(arm)}, {"variables", json::object()}, {"load", load_}},
        matrix_.request};
    if (matrix_.cold && matrix_.engines.at(arm) == "accelerated")
      asked.environment["load"]["cold"] = true;
    asked.request["prompt"] = prompt;
    asked.request["seed"] = seed;
    for (const auto& [name, value] : point) {
      const std::size_t first = name.find('.'), second = name.find('.', first + 1);
      const std::string side = name.substr(0, first),
                        kind = name.substr(first + 1, second - first - 1);
      const std::string field = name.substr(second + 1);
      const bool ours = side == arm || side == "both";
      // A variable that only the other arm names is unset here: nothing leaks in from outside.
      if (kind == "env") asked.environment["variables"][field] = ours ? value : json();
      if (kind == "load" && ours) asked.environment["load"][field] = value;
      if (kind == "request" && ours) asked.request[field] = value;
    }
    return asked;
  }

  // The id of the case, which is new or was there before.
  std::string add_case(const Asked& asked, const Point& point) {
    json environment = asked.environment;
    const std::string environment_id = id_of(environment);
    environment["id"] = environment_id;
    if (known_.insert(environment_id).second) environments_.push_back(environment);
    json one = {{"environment", environment_id},
                {"request", asked.request},
                {"noise_precision", noise_precision(point)}};
    const std::string id = one["id"] = id_of(one);
    if (known_.insert(id).second) cases_.push_back(one);
    return id;
  }

  // The same network in the highest precision at hand, with every switch as it is by default.
  std::string add_oracle(const Point& point, const std::string& prompt, std::uint64_t seed) {
    Asked oracle = asked(point, "reference", prompt, seed);
    for (auto& [name, value] : oracle.environment["variables"].items()) value = nullptr;
    const json load = oracle.environment["load"];
    oracle.environment["load"] = load_;
    for (const char* kept : {"vae", "variant"})
      if (load.contains(kept)) oracle.environment["load"][kept] = load.at(kept);
    oracle.environment["load"]["precision"] = kHighest;
    oracle.request["deepcache"] = nullptr;
    // The oracle of two arms that are both enhanced is enhanced as well.
    if (!point.contains("both.request.enhance")) oracle.request["enhance"] = nullptr;
    return add_case(oracle, point);
  }

  void compare(const Point& point, const std::string& kind) {
    json pairs = json::array();
    for (const std::string& prompt : matrix_.prompts)
      for (const std::uint64_t seed : matrix_.seeds) {
        json pair = {{"prompt", prompt}, {"seed", seed}};
        pair["candidate"] = add_case(asked(point, "candidate", prompt, seed), point);
        pair["reference"] =
            kind == "reference"
                ? add_case(asked(point, "reference", prompt, seed), point)
                : add_case(asked(switches_off(point), "candidate", prompt, seed), point);
        if (matrix_.oracle && kind == "reference") pair["oracle"] = add_oracle(point, prompt, seed);
        pairs.push_back(std::move(pair));
      }
    const std::string id = id_of({{"setting", point}, {"kind", kind}, {"pairs", pairs}});
    comparisons_.push_back({{"id", id}, {"setting", point}, {"kind", kind}, {"pairs", pairs}});
  }

  // Rows that ought to be equal: each arm, switches off, against itself made another way.
  void measure_floor(const Point& point) {
    const auto second_process = [](Asked& again) { again.environment["process"] = 2; };
    // The accelerated engine keeps its choice of algorithms; another machine would search its own.
    const auto searches_anew = [](Asked& again) {
      again.environment["process"] = 2;
      if (again.environment.at("engine") == "accelerated") again.environment["load"]["cold"] = true;
    };
    const auto other_threads = [](Asked& again) {
      json& load = again.environment["load"];
      load["threads"] =
          load.value("threads", 0) == kFloorThreads ? kOtherFloorThreads : kFloorThreads;
    };
    const Point off = switches_off(point);
    const auto makes_pictures = [&](const char* arm) {
      return !is_folder(matrix_.engines.at(arm));  // one that only hands them out has no noise
    };
    if (makes_pictures("reference")) add_floor(off, "reference", "second process", second_process);
    if (takes_threads(matrix_.engines.at("reference")))
      add_floor(off, "reference", "other thread count", other_threads);
    if (makes_pictures("candidate")) add_floor(off, "candidate", "second process", searches_anew);
    if (const auto api = off.find(kCudnnApi); api != off.end() && api->second != kCudnnV7)
      add_floor(off, "reference", "cuDNN v8 and v7", [](Asked& again) {
        again.environment["variables"]["TORCH_CUDNN_V8_API_DISABLED"] = kCudnnV7;
      });
  }

  // An outside engine need not know what a number of threads is.
  static bool takes_threads(const std::string& engine) {
    return engine == "reference" || engine == "accelerated";
  }

  template <typename Change>
  void add_floor(const Point& point, const char* arm, const char* kind, Change change) {
    json pairs = json::array();
    for (const std::string& prompt : matrix_.prompts)
      for (const std::uint64_t seed : matrix_.seeds) {
        Asked once = asked(point, arm, prompt, seed), again = once;
        change(again);
        json pair = {{"prompt", prompt}, {"seed", seed}};
        pair["reference"] = add_case(once, point);
        pair["candidate"] = add_case(again, point);
        pairs.push_back(std::move(pair));
      }
    const std::string id = id_of({{"floor", kind}, {"pairs", pairs}});
    if (known_.insert(id).second)  // many settings share one floor
      floor_.push_back({{"id", id}, {"arm", arm}, {"kind", kind}, {"pairs", pairs}});
  }

  json axes() const {
    json list = json::array();
    for (const Axis& axis : matrix_.axes)
      list.push_back({{"name", axis.name}, {"values", axis.values}});
    return list;
  }

  static json sample(const std::string& case_id, const char* kind, const json& comparison,
                     int block, int position, const char* arm) {
    const json key = {{"case", case_id},
                      {"kind", kind},
                      {"comparison", comparison},
                      {"block", block},
                      {"position", position}};
    json result = key;
    result["id"] = id_of(key);
    result["arm"] = arm;
    return result;
  }

  // Quality first, an environment at a time; then the A B B A blocks, comparison by comparison.
  json samples() const {
    json list = json::array();
    for (const json& environment : environments_)
      for (const json& one : cases_)
        if (one.at("environment") == environment.at("id"))
          list.push_back(sample(one.at("id"), "quality", nullptr, 0, 0, "candidate"));
    for (const json& comparison : comparisons_)
      for (int block = 0; block < matrix_.timing.blocks; ++block)
        for (int prompt = 0;
             prompt < matrix_.timing.prompts && prompt < static_cast<int>(matrix_.prompts.size());
             ++prompt) {
          const json& pair =
              comparison.at("pairs").at(static_cast<std::size_t>(prompt) * matrix_.seeds.size());
          const int number = block * matrix_.timing.prompts + prompt;
          int position = 0;
          for (const char* arm : {"reference", "candidate", "candidate", "reference"})
            list.push_back(
                sample(pair.at(arm), "timing", comparison.at("id"), number, position++, arm));
        }
    return list;
  }

  const Matrix& matrix_;
  const json& load_;
  std::set<std::string> known_;
  json environments_ = json::array(), cases_ = json::array(), comparisons_ = json::array(),
       excluded_ = json::array(), floor_ = json::array();
};

}  // namespace

json make_plan(const Matrix& matrix, const json& load) { return Planner(matrix, load).plan(); }

std::string recipe_of(const json& plan) {
  json recipe = {{"axes", plan.at("axes")},
                 {"timing", plan.at("timing")},
                 {"requests", json::array()},
                 {"comparisons", json::array()}};
  for (const json& one : plan.at("cases"))
    recipe["requests"].push_back({one.at("request"), one.at("noise_precision")});
  for (const json& comparison : plan.at("comparisons"))
    recipe["comparisons"].push_back({comparison.at("setting"), comparison.at("kind")});
  for (const json& row : plan.value("floor", json::array()))
    recipe["floor"].push_back({row.at("arm"), row.at("kind")});
  return sha256(recipe.dump());
}

std::string id_of(const json& value) { return sha256(value.dump()).substr(0, 16); }

}  // namespace sameseed
