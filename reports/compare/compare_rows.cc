#include "reports/compare/compare_rows.h"

#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "reports/statistics/factorial.h"
#include "reports/statistics/loss.h"
#include "reports/statistics/statistics.h"
#include "reports/summary/speed.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One of each symptom: with all metrics, most of them relatives, a real change would drown in its
// family.
constexpr const char* kJudged[] = {"lpips.alex",
                                   "ssim.gaussian",
                                   "psnr.rgb",
                                   "color.delta_e_mean",
                                   "detail.high_frequency_ratio",
                                   "flip.mean",
                                   "local.noise_sigma",
                                   "latents.relative_l2"};
constexpr const char* kTimings[] = {"total_ms", "step_full_ms", "step_partial_ms", "decode_ms"};

// Of those that both runs could compute, by the same definition.
std::vector<json> judged_metrics(const RunIndex& a, const RunIndex& b) {
  std::vector<json> list;
  for (const char* name : kJudged)
    for (const json& ours : a.metrics())
      for (const json& theirs : b.metrics())
        if (ours.at("name") == name && theirs.at("name") == name &&
            ours.value("definition", "") == theirs.value("definition", "") &&
            !ours.contains("unavailable") && !theirs.contains("unavailable"))
          list.push_back(ours);
  return list;
}

std::optional<double> loss_in(const RunIndex& run, const json& pair, const json& metric) {
  const auto value = run.score(pair.at("candidate"), pair.at("reference"), metric.at("name"));
  if (!value) return std::nullopt;
  const double loss = loss_of(*value, scale_of(metric));
  return std::isfinite(loss) ? std::optional(loss) : std::nullopt;
}

json pair_key(const json& pair) { return {"pair", pair.at("prompt"), pair.at("seed")}; }

// The comparison of the other run that stands for the same setting; null where there is none.
const json* counterpart(const json& comparison, const RunIndex& other) {
  for (const json& one : other.files().plan.at("comparisons"))
    if (one.at("kind") == comparison.at("kind") && one.at("setting") == comparison.at("setting"))
      return &one;
  return nullptr;
}

// (prompt, seed) -> loss of B less loss of A.
std::map<json, double> score_changes(const json& ours, const json& theirs, const json& metric,
                                     const RunIndex& a, const RunIndex& b) {
  std::map<json, double> losses, changes;
  for (const json& pair : ours.at("pairs"))
    if (const auto loss = loss_in(a, pair, metric)) losses[pair_key(pair)] = *loss;
  for (const json& pair : theirs.at("pairs")) {
    const auto found = losses.find(pair_key(pair));
    if (found == losses.end()) continue;
    if (const auto loss = loss_in(b, pair, metric)) changes[pair_key(pair)] = *loss - found->second;
  }
  return changes;
}

// A setting of which most values are missing counts as not made.
std::vector<json> settings_made(const std::vector<json>& settings, const Table& table) {
  std::vector<json> made;
  for (std::size_t point = 0; point < settings.size(); ++point) {
    std::size_t present = 0;
    for (const auto& of_unit : table) present += !std::isnan(of_unit[point]);
    made.push_back(present > 0 && 2 * present >= table.size() ? settings[point] : json());
  }
  return made;
}

std::vector<Effect> main_effects(const RunIndex& run, const std::vector<json>& settings) {
  auto effects = effects_of(switches_of(run.files().plan.at("axes")), settings);
  std::erase_if(effects,
                [](const Effect& one) { return one.levels.size() != 1 || one.contrasts.empty(); });
  return effects;
}

std::map<std::size_t, double> finite(const std::vector<double>& row, auto index_of) {
  std::map<std::size_t, double> values;
  for (std::size_t i = 0; i < row.size(); ++i)
    if (!std::isnan(row[i])) values[index_of(i)] = row[i];
  return values;
}

std::optional<double> sm_mhz(const json& record) {
  // The reading just after the work tells the clock of the work; before it the device may have
  // idled.
  for (const char* when : {"after", "before"}) {
    const json reading = record.value("device", json::object()).value(when, json::object());
    if (reading.is_object() && reading.value("sm_mhz", json()).is_number())
      return reading.at("sm_mhz").get<double>();
  }
  return std::nullopt;
}

}  // namespace

CompareRows::CompareRows(const RunIndex& a, const RunIndex& b, double time_margin)
    : a_(a), b_(b), time_margin_(std::log1p(time_margin)), metrics_(judged_metrics(a, b)) {
  for (const json& ours : a.files().plan.at("comparisons")) {
    const json* theirs = counterpart(ours, b);
    if (!theirs || ours.at("kind") != "reference") continue;
    timed_.push_back({.setting = ours.at("setting"),
                      .a = times_of(a, ours, clocks_a_),
                      .b = times_of(b, *theirs, clocks_b_)});
  }
}

void CompareRows::add(json entry, std::map<std::size_t, double> values, double margin) {
  rows_.push_back({std::move(entry), std::move(values)});
  margins_.push_back(margin);
}

std::vector<SparseRow> CompareRows::rows() const {
  std::vector<SparseRow> list;
  for (const Row& row : rows_) list.emplace_back(row.values.begin(), row.values.end());
  return list;
}

json CompareRows::clocks() const {
  const auto mean = [](const std::vector<double>& values) -> json {
    double sum = 0;
    for (const double value : values) sum += value;
    return values.empty() ? json() : json(sum / static_cast<double>(values.size()));
  };
  return {{"a", mean(clocks_a_)}, {"b", mean(clocks_b_)}, {"unit", "MHz of the SM clock"}};
}

const CompareRows::Floors& CompareRows::floors_of(const std::string& arm, const json& metric) {
  const auto [entry, is_new] = floors_.try_emplace({arm, metric.at("name")});
  if (!is_new) return entry->second;
  struct Sum {
    double loss = 0;
    int count = 0, runs = 0;
  };
  std::map<json, Sum> sums;
  for (const RunIndex* run : {&a_, &b_}) {
    std::set<json> own;
    for (const json& row : run->files().plan.value("floor", json::array())) {
      if (row.at("kind") != "second process" || row.at("arm") != arm) continue;
      for (const json& pair : row.at("pairs"))
        if (const auto loss = loss_in(*run, pair, metric)) {
          Sum& sum = sums[pair_key(pair)];
          sum.loss += *loss;
          ++sum.count;
          sum.runs += own.insert(pair_key(pair)).second;
        }
    }
  }
  for (const auto& [key, sum] : sums)
    if (sum.runs == 2) entry->second[key] = sum.loss / sum.count;
  return entry->second;
}

void CompareRows::add_pictures(const std::vector<SamePicture>& pictures,
                               const AcrossScores& across) {
  std::map<json, std::vector<const SamePicture*>> groups;
  std::vector<json> order;
  for (const SamePicture& one : pictures) {
    auto& group = groups[one.same_case];
    if (group.empty()) order.push_back(one.same_case);
    group.push_back(&one);
  }
  for (const json& key : order)
    for (const json& metric : metrics_) {
      const auto& group = groups.at(key);
      const Scale scale = scale_of(metric);
      const Floors& known =
          floors_of(group.front()->arm == "reference" ? "reference" : "candidate", metric);
      double total = 0, floors = 0;
      std::size_t pairs = 0, floored = 0;
      std::map<std::size_t, double> beyond;
      for (const SamePicture* one : group) {
        const auto line = across.find({one->b, one->a});
        if (line == across.end()) continue;
        const auto value = score_in(line->second, metric.at("name"));
        if (!value || !std::isfinite(loss_of(*value, scale))) continue;
        const double loss = loss_of(*value, scale);
        total += loss;
        ++pairs;
        const json of_pair = {"pair", one->prompt, one->seed};
        if (const auto floor = known.find(of_pair); floor != known.end()) {
          floors += floor->second;
          ++floored;
          beyond[unit(of_pair)] = loss - floor->second;
        }
      }
      if (pairs == 0) continue;
      const bool measured = floored == pairs;
      json entry = {{"about", "pictures"},
                    {"arm", group.front()->arm},
                    {"setting", group.front()->setting},
                    {"measure", metric.at("name")},
                    {"unit", loss_unit(scale)},
                    {"pairs", pairs},
                    {"loss", total / static_cast<double>(pairs)},
                    {"floor", measured ? json(floors / static_cast<double>(pairs)) : json()}};
      if (!measured || floors == 0 || total == 0) beyond.clear();  // nothing to estimate
      add(std::move(entry), std::move(beyond), 0);
    }
}

void CompareRows::add_scores() {
  for (const json& ours : a_.files().plan.at("comparisons")) {
    const json* theirs = counterpart(ours, b_);
    if (!theirs) continue;
    for (const json& metric : metrics_) {
      std::map<std::size_t, double> values;
      for (const auto& [key, change] : score_changes(ours, *theirs, metric, a_, b_))
        values[unit(key)] = change;
      if (values.empty()) continue;
      add({{"about", "own reference"},
           {"arm", "candidate"},
           {"setting", ours.at("setting")},
           {"against", ours.at("kind")},
           {"measure", metric.at("name")},
           {"unit", loss_unit(scale_of(metric))}},
          std::move(values), 0);
    }
  }
}

std::map<std::string, CompareRows::Times> CompareRows::times_of(const RunIndex& run,
                                                                const json& comparison,
                                                                std::vector<double>& clocks) {
  std::map<std::string, Times> arms;
  const json samples = speed_of(run.timing_records(comparison.at("id"))).samples;
  for (const json& sample : samples) {
    const auto mhz = sm_mhz(run.files().samples.at(sample.at("sample")));
    if (mhz) clocks.push_back(*mhz);
    for (const auto& [timing, ms] : sample.at("timings_ms").items()) {
      BlockTime& time = arms[sample.at("arm")][timing][sample.at("block")];
      time.ms += ms.get<double>();
      ++time.samples;
      if (!mhz) continue;
      time.megacycles += ms.get<double>() * *mhz / 1000;
      ++time.clocked;
    }
  }
  return arms;
}

namespace {

// log(B / A) of two blocks; nothing where one is not whole.
template <typename BlockTime>
std::optional<double> change_of(const BlockTime& a, const BlockTime& b, bool cycles) {
  if (a.samples != 2 || b.samples != 2) return std::nullopt;
  if (cycles && (a.clocked != 2 || b.clocked != 2)) return std::nullopt;
  const double ours = cycles ? a.megacycles : a.ms, theirs = cycles ? b.megacycles : b.ms;
  if (ours <= 0 || theirs <= 0) return std::nullopt;
  return std::log(theirs / ours);
}

}  // namespace

// Block i of A stands beside block i of B: they are of different runs, so any pairing is as good.
std::map<int, double> CompareRows::changes_of(const Timed& timed, const std::string& arm,
                                              const std::string& timing, bool cycles) {
  std::map<int, double> changes;
  const auto ours = timed.a.find(arm), theirs = timed.b.find(arm);
  if (ours == timed.a.end() || theirs == timed.b.end()) return changes;
  const auto first = ours->second.find(timing), second = theirs->second.find(timing);
  if (first == ours->second.end() || second == theirs->second.end()) return changes;
  for (const auto& [block, time] : first->second)
    if (const auto found = second->second.find(block); found != second->second.end())
      if (const auto change = change_of(time, found->second, cycles)) changes[block] = *change;
  return changes;
}

void CompareRows::add_time_rows(const std::string& arm, const std::string& timing, bool cycles) {
  std::map<std::size_t, double> all;
  const auto claim = [&](const json& setting) -> json {
    return {{"about", cycles ? "cycles" : "speed"},
            {"arm", arm},
            {"setting", setting},
            {"measure", timing},
            {"unit", "ratio"}};
  };
  for (const Timed& timed : timed_) {
    std::map<std::size_t, double> own;
    for (const auto& [block, change] : changes_of(timed, arm, timing, cycles))
      own[unit({"block", timed.setting, block})] = change;
    all.insert(own.begin(), own.end());
    if (!own.empty() && arm == "candidate" && timing == "total_ms")
      add(claim(timed.setting), std::move(own), time_margin_);
  }
  if (!all.empty()) add(claim("all"), std::move(all), time_margin_);
}

void CompareRows::add_times() {
  for (const bool cycles : {false, true})
    for (const char* arm : {"candidate", "reference"})
      for (const char* timing : kTimings) add_time_rows(arm, timing, cycles);
}

void CompareRows::add_switches() {
  std::vector<json> settings;
  std::vector<std::pair<const json*, const json*>> comparisons;
  for (const json& ours : a_.files().plan.at("comparisons"))
    if (const json* theirs = counterpart(ours, b_); theirs && ours.at("kind") == "reference") {
      settings.push_back(ours.at("setting"));
      comparisons.emplace_back(&ours, theirs);
    }
  const auto claim = [](const Effect& effect, const std::string& measure, const std::string& unit) {
    return json{{"about", "switch"}, {"arm", "candidate"}, {"setting", effect.levels},
                {"off", effect.off}, {"measure", measure}, {"unit", unit}};
  };
  for (const json& metric : metrics_) {
    std::map<json, std::vector<double>> by_pair;
    for (std::size_t point = 0; point < comparisons.size(); ++point)
      for (const auto& [key, change] :
           score_changes(*comparisons[point].first, *comparisons[point].second, metric, a_, b_))
        by_pair.try_emplace(key, settings.size(), kNaN).first->second[point] = change;
    Table table;
    std::vector<std::size_t> units;
    for (auto& [key, row] : by_pair) {
      units.push_back(unit(key));
      table.push_back(std::move(row));
    }
    const auto effects = main_effects(a_, settings_made(settings, table));
    const Table rows = rows_over_pairs(effects, table);
    for (std::size_t i = 0; i < effects.size(); ++i)
      add(claim(effects[i], metric.at("name"), loss_unit(scale_of(metric))),
          finite(rows[i], [&](std::size_t at) { return units[at]; }), 0);
  }
  Table table;  // block -> setting -> change of log(candidate / reference)
  for (std::size_t point = 0; point < timed_.size(); ++point) {
    const auto candidate = changes_of(timed_[point], "candidate", "total_ms", false),
               reference = changes_of(timed_[point], "reference", "total_ms", false);
    for (const auto& [block, change] : candidate) {
      if (!reference.contains(block)) continue;
      const auto index = static_cast<std::size_t>(block);
      if (table.size() <= index)
        table.resize(index + 1, std::vector<double>(settings.size(), kNaN));
      table[index][point] = change - reference.at(block);
    }
  }
  if (table.empty()) return;
  const auto effects = main_effects(a_, settings_made(settings, table));
  const Table rows = rows_over_blocks(effects, table);
  for (std::size_t i = 0; i < effects.size(); ++i)
    add(claim(effects[i], "total_ms", "ratio"),
        finite(rows[i],
               [&](std::size_t at) {
                 return unit({"context", at});
               }),
        time_margin_);
}

}  // namespace sameseed
