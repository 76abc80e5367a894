#include "reports/run/deepcache_proof.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "reports/run/request_steps.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kCasesLookedAt = 4;

// A setting as the README has it: INTERVAL/LAYER/BLOCK or INTERVAL/branch:K, with /quad:CENTER:POW
// behind it or not.
struct AskedCache {
  int interval = 1;
  int depth = 0;           // branch K; of LAYER/BLOCK: 3 LAYER + BLOCK + 1
  bool by_branch = false;  // equal timesteps then count as the first of them
  std::string schedule;    // "quad:CENTER:POW", or empty: every interval-th step
};

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

// Nothing for what is written otherwise, as engines from outside may.
std::optional<AskedCache> parsed(const json& asked) {
  std::vector<std::string> parts(1);
  for (const char c : text_or_empty(asked))
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  AskedCache cache;
  if (parts.back().starts_with("quad:")) {
    cache.schedule = parts.back();
    parts.pop_back();
  }
  cache.by_branch = parts.size() == 2 && parts[1].starts_with("branch:");
  if (!cache.by_branch && parts.size() != 3) return std::nullopt;
  const auto interval = whole_number(parts[0]);
  const auto place = whole_number(cache.by_branch ? parts[1].substr(7) : parts[1]),
             block = cache.by_branch ? std::optional(0) : whole_number(parts[2]);
  if (!interval || *interval < 1 || !place || !block) return std::nullopt;
  cache.interval = *interval;
  cache.depth = cache.by_branch ? *place : 3 * *place + *block + 1;
  return cache;
}

struct MadeSteps {
  std::int64_t full = 0, partial = 0;
  std::optional<std::vector<int>> list;  // of the full ones, where the worker names them

  bool operator==(const MadeSteps&) const = default;
  std::int64_t all() const { return full + partial; }
  std::string told() const { return fmt::format("{} full steps, {} partial", full, partial); }
};

MadeSteps steps_made(const SampleRecord& sample) {
  const json& counters = *sample.engagement;
  MadeSteps made{.full = counted(counters, "steps_full"),
                 .partial = counted(counters, "steps_partial"),
                 .list = {}};
  if (const json& list = answered(counters, "full_steps"); list.is_array()) {
    made.list.emplace();
    for (const json& step : list)
      made.list->push_back(step.is_number_integer() ? step.get<int>() : -1);
  }
  return made;
}

// Of every interval-th step; behind the `steps` first of a sampler that asks the network more often
// there is none.
std::vector<int> even_steps(const AskedCache& cache, std::int64_t all, std::int64_t steps) {
  std::vector<int> full;
  for (int i = 0; i < all && (cache.interval == 1 || i < steps); i += cache.interval)
    full.push_back(i);
  return full;
}

// DeepCacheSDHelper knows a step by its timestep, so equal ones count as the first of them.
std::vector<int> steps_by_timestep(const AskedCache& cache, const json& timesteps) {
  std::vector<int> full;
  for (std::size_t i = 0; i < timesteps.size(); ++i) {
    const auto first = std::ranges::find(timesteps, timesteps[i]) - timesteps.begin();
    if (first % cache.interval == 0) full.push_back(static_cast<int>(i));
  }
  return full;
}

// Why the steps of an image are not those that were asked for; empty where they are, as far as the
// record tells.
std::string objection_of_steps(const AskedCache& cache, const MadeSteps& made, std::int64_t steps,
                               const json& timesteps) {
  if (made.list && static_cast<std::int64_t>(made.list->size()) != made.full)
    return fmt::format("{}, and the worker names {} full ones", made.told(), made.list->size());
  if (!cache.schedule.empty() && cache.interval > 1) {
    const std::int64_t wanted = (steps + cache.interval - 1) / cache.interval;
    return made.full == wanted
               ? ""
               : fmt::format("{}; {} full ones were asked for", made.told(), wanted);
  }
  const std::vector<int> wanted = cache.by_branch && timesteps.is_array()
                                      ? steps_by_timestep(cache, timesteps)
                                      : even_steps(cache, made.all(), steps);
  const auto count = static_cast<std::int64_t>(wanted.size());
  if (made.list ? *made.list == wanted : made.full == count) return "";
  // Timesteps that the worker does not name may repeat: a few with Karras' levels, all of a sampler
  // that asks the network twice in a step.
  const bool may_repeat = cache.by_branch && !timesteps.is_array() && cache.interval > 1;
  if (may_repeat && (made.all() != steps || made.full <= 2 * count)) return "";
  return fmt::format("{}; asked for are full steps {}{}", made.told(), fmt::join(wanted, ", "),
                     made.list ? fmt::format(", made were {}", fmt::join(*made.list, ", ")) : "");
}

// How often layers of the UNet were called; nothing where the worker does not count them.
std::optional<std::int64_t> unet_calls(const SampleRecord& sample) {
  const json& unet = answered(*sample.engagement, "unet");
  if (!unet.is_object()) return std::nullopt;
  std::int64_t calls = 0;
  for (const char* name : {"conv_half", "conv_float", "matmul_half", "matmul_float"})
    calls += counted(unet, name);
  return calls;
}

// A partial step runs less than a full one, and more the deeper its place: against the pictures of
// this run without DeepCache, and those with the same full steps and another place. Empty: nothing
// against it.
std::string objection_of_place(const AskedCache& cache, const SampleRecord& sample,
                               const RequestIndex& requests) {
  const SampleRecord* own = requests.picture(sample.case_id);
  if (!own) return "";
  const MadeSteps made = steps_made(*own);
  for (const Counterpart& other : requests.counterparts(sample.case_id, "deepcache")) {
    const auto its = parsed(other.value);
    const MadeSteps its_made = steps_made(*other.picture);
    const bool is_off = other.value.is_null() || (its && its->interval == 1);
    if (!is_off && (!its || its->interval != cache.interval || its->schedule != cache.schedule ||
                    its->depth == cache.depth || its_made.partial == 0))
      continue;
    const std::string name = is_off ? "without DeepCache" : "with " + text_or_empty(other.value);
    if (!own->latents.empty() && own->latents == other.picture->latents)
      return fmt::format("{}: its latents are those {}, to the bit", named(sample), name);
    const auto calls = unet_calls(*own), its_calls = unet_calls(*other.picture);
    if (!calls || !its_calls || (is_off ? made.all() != its_made.all() : made != its_made))
      continue;
    const bool runs_more = !is_off && its->depth < cache.depth;
    if (runs_more ? *its_calls >= *calls : *its_calls <= *calls)
      return fmt::format("{}: {} calls of the UNet's layers, {} {}", named(sample), *calls,
                         *its_calls, name);
  }
  return "";
}

}  // namespace

Proof deepcache_proof(const json& asked, const ArmEvidence& arm, const RunEvidence& run) {
  const std::optional<AskedCache> cache = parsed(asked);
  const bool every_step = cache && cache->interval == 1;  // the same as no DeepCache
  std::int64_t full = 0, partial = 0;
  bool single_step = false;
  std::set<std::string> looked_at;  // a few cases: a place that is ignored is so in all pictures
  for (const SampleRecord* sample : arm.samples) {
    const MadeSteps made = steps_made(*sample);
    const bool expected = !asked.is_null() && !every_step && made.all() > 1;
    single_step = single_step || made.all() == 1;
    full += made.full;
    partial += made.partial;
    if (made.full == 0 && asked.is_null() && made.all() == 0) continue;  // the worker counts none
    // An interval as long as the picture leaves its first step full alone.
    if (made.full == 0 || expected != (made.partial > 0))
      return {kNotEngaged, fmt::format("{}: {}", named(*sample), made.told())};
    if (!cache) continue;
    const json* request = run.requests.of(sample->case_id);
    const auto asked_steps = request ? steps_of(*request) : std::nullopt;
    const std::int64_t steps = asked_steps ? std::llround(*asked_steps) : made.all();
    if (std::string why =
            objection_of_steps(*cache, made, steps, answered(*sample->engagement, "timesteps"));
        !why.empty())
      return {kNotEngaged, fmt::format("{}: {}", named(*sample), why)};
    if (made.partial > 0 && looked_at.size() < kCasesLookedAt &&
        looked_at.insert(sample->case_id).second)
      if (std::string why = objection_of_place(*cache, *sample, run.requests); !why.empty())
        return {kNotEngaged, std::move(why)};
  }
  const std::string evidence = fmt::format("{} full steps, {} partial", full, partial);
  if (every_step) return {kInert, evidence + ": with interval 1 every step is full", {nullptr}};
  if (!asked.is_null() && single_step)
    return {kInert, evidence + ": the only step is always full", {nullptr}};
  return {kEngaged, evidence};
}

}  // namespace sameseed
