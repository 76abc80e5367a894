#include "reports/compare/promised.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/run/labels.h"
#include "reports/summary/speed.h"

namespace sameseed {
namespace {

constexpr std::size_t kFirst = 3;  // of a list, named in a line

struct Side {
  const char* name;
  const RunIndex& run;
  const MadeComparison& made;
  std::map<PairKey, const MadePair*> pairs = {};
};

Side made_side(const char* name, const RunIndex& run, const PlannedComparison* planned) {
  const auto found = std::ranges::find(run.comparisons(), planned, &MadeComparison::planned);
  Side side{.name = name, .run = run, .made = *found};
  for (const MadePair& pair : found->pairs)
    side.pairs[{pair.planned.prompt, pair.planned.seed}] = &pair;
  return side;
}

std::string title_of(const MadeComparison& made) {
  return fmt::format("{} against {}", one_line(made.label),
                     made.planned->against == "switches_off" ? "switches off" : "the reference");
}

std::string pair_name(const PairKey& pair) {
  return fmt::format("\"{}\" seed {}", one_line(pair.prompt), pair.seed);
}

std::string outcome_of(const SampleRecord* record) { return record ? record->outcome : "missing"; }

// Why a pair has no scores in its run; empty where it has them.
std::string missing_in(const MadePair& pair, bool scored) {
  for (const auto& [arm, record] :
       {std::pair{"candidate", pair.candidate}, {"reference", pair.reference}})
    if (!record || !record->ok()) return fmt::format("{} {}", arm, outcome_of(record));
  if (!scored || pair.scores()) return "";
  return pair.score_line ? "refused by the scorer" : "not scored";
}

bool is_unsupported(const MadePair& pair) {
  return outcome_of(pair.candidate) == "unsupported" || outcome_of(pair.reference) == "unsupported";
}

void add_missing_pairs(const Side& a, const Side& b, std::vector<Shortfall>& list) {
  std::vector<std::string> one_plan;
  for (const Side* side : {&a, &b}) {
    const Side& other = side == &a ? b : a;
    std::map<std::string, std::vector<std::string>> missing;  // why -> pairs
    for (const auto& [key, pair] : side->pairs) {
      const auto found = other.pairs.find(key);
      if (found == other.pairs.end()) {
        one_plan.push_back(fmt::format("{} in {}", pair_name(key), side->name));
        continue;
      }
      if (is_unsupported(*pair) && is_unsupported(*found->second)) continue;
      if (const std::string why = missing_in(*pair, side->run.files().metrics.has_value());
          !why.empty())
        missing[why].push_back(pair_name(key));
    }
    for (const auto& [why, pairs] : missing)
      list.push_back({7, fmt::format("{}: {} of {} pairs are missing in {} ({}): {}",
                                     title_of(side->made), pairs.size(), side->pairs.size(),
                                     side->name, why, listed(pairs, kFirst))});
  }
  if (!one_plan.empty())
    list.push_back({0, fmt::format("{}: {} pairs are planned in one run only: {}", title_of(a.made),
                                   one_plan.size(), listed(one_plan, kFirst))});
}

// Values that only one run has, of pairs that both have scored.
void add_missing_values(const Side& a, const Side& b, std::vector<Shortfall>& list) {
  for (const ReportMetric& metric : judged_metrics(a.run, b.run)) {
    std::map<std::string, std::vector<std::string>> missing;
    for (const auto& [key, ours] : a.pairs) {
      const auto theirs = b.pairs.find(key);
      if (theirs == b.pairs.end() || !ours->scores() || !theirs->second->scores()) continue;
      const auto has = [&](const MadePair& pair) {
        const auto value = pair.scores()->value(metric.name);
        return value && std::isfinite(metric.loss(*value));
      };
      if (has(*ours) != has(*theirs->second))
        missing[has(*ours) ? b.name : a.name].push_back(pair_name(key));
    }
    for (const auto& [side, pairs] : missing)
      list.push_back({7, fmt::format("{}: {} has no value in {} of {} pairs: {}", title_of(a.made),
                                     metric.name, side, pairs.size(), listed(pairs, kFirst))});
  }
}

void add_missing_blocks(const Side& a, const Side& b, std::vector<Shortfall>& list) {
  if (a.made.planned->against != "reference") return;
  for (const Side* side : {&a, &b}) {
    const std::size_t planned = side->made.planned_timing / 4;
    if (planned == 0) continue;
    const auto is_unsupported = [](const SampleRecord* record) {
      return record->outcome == "unsupported";
    };
    if (std::ranges::any_of(a.made.timing, is_unsupported) &&
        std::ranges::any_of(b.made.timing, is_unsupported))
      continue;
    const Speed speed = speed_of(side->made.timing);
    const std::size_t valid = speed.samples.size() / 4,
                      invalid = static_cast<std::size_t>(speed.invalid_blocks);
    if (valid + invalid < planned)
      list.push_back({7, fmt::format("{}: {} of {} blocks are missing in {}", title_of(side->made),
                                     planned - valid - invalid, planned, side->name)});
    if (invalid == 0) continue;
    std::vector<std::string> reasons;
    for (const auto& [reason, count] : speed.invalid) reasons.push_back(reason);
    list.push_back({6, fmt::format("{}: {} of {} blocks of {} are invalid, and not counted ({})",
                                   title_of(side->made), invalid, planned, side->name,
                                   fmt::join(reasons, ", "))});
  }
  if ((a.made.planned_timing == 0) != (b.made.planned_timing == 0))
    list.push_back({5, fmt::format("{}: only one run was to be timed", title_of(a.made))});
}

// Metrics of either run that are not judged though one run has them.
void add_lost_metrics(const RunIndex& a, const RunIndex& b, std::vector<Shortfall>& list) {
  if (!a.files().metrics || !b.files().metrics) {
    for (const auto& [name, run] : {std::pair{"A", &a}, {"B", &b}})
      if (!run->files().metrics)
        list.push_back(
            {5, fmt::format("{} was not scored, so no score is compared; run `sameseed score`",
                            name)});
    return;
  }
  const std::vector<ReportMetric> judged = judged_metrics(a, b);
  std::vector<std::string> lost;
  for (const std::string& name : judgeable_metrics()) {
    const auto has = [&](const RunIndex& run) {
      const auto found = std::ranges::find(run.metrics(), name, &ReportMetric::name);
      return found != run.metrics().end() && found->available();
    };
    if ((has(a) || has(b)) && std::ranges::find(judged, name, &ReportMetric::name) == judged.end())
      lost.push_back(name);
  }
  if (!lost.empty())
    list.push_back({5, fmt::format("not compared, for one run lacks it or measured by another "
                                   "definition: {}",
                                   fmt::join(lost, ", "))});
}

void add_lonely_comparisons(const RunIndex& a, const RunIndex& b,
                            const std::vector<SameComparison>& same, std::vector<Shortfall>& list) {
  std::set<const PlannedComparison*> paired;
  for (const auto& [ours, theirs] : same) paired.insert({ours, theirs});
  for (const auto& [name, run] : {std::pair{"A", &a}, {"B", &b}}) {
    std::vector<std::string> lonely;
    for (const MadeComparison& made : run->comparisons())
      if (!paired.contains(made.planned)) lonely.push_back(title_of(made));
    if (!lonely.empty())
      list.push_back({0, fmt::format("{} comparisons are of {} only: {}", lonely.size(), name,
                                     listed(lonely, kFirst))});
  }
}

}  // namespace

std::vector<Shortfall> same_samples(const RunIndex& a, const RunIndex& b) {
  std::size_t same = 0;
  for (const auto& [id, record] : b.files().samples) {
    const auto found = a.files().samples.find(id);
    same += found != a.files().samples.end() && !record.start.empty() &&
            found->second.start == record.start;
  }
  if (same == 0) return {};
  const std::size_t all = b.files().samples.size();
  return {{6, fmt::format(
                  "{}: {} of {} samples of B are A's own, made by the same start of the "
                  "program; a comparison takes a second run",
                  same == all ? "this is the same run, or a copy of it" : "the runs share samples",
                  same, all)}};
}

std::vector<Shortfall> other_inputs(const RunIndex& a, const RunIndex& b) {
  std::set<std::string> noise, tokens;
  std::map<std::string, std::set<std::string>> unknown;  // in which run -> pictures
  for (const SameComparison& same : same_comparisons(a, b)) {
    const Side ours = made_side("A", a, same.first), theirs = made_side("B", b, same.second);
    for (const auto& [key, pair] : ours.pairs) {
      const auto found = theirs.pairs.find(key);
      if (found == theirs.pairs.end()) continue;
      for (const auto& [one, other] : {std::pair{pair->candidate, found->second->candidate},
                                       {pair->reference, found->second->reference}}) {
        if (!one || !other || !one->ok() || !other->ok()) continue;
        for (const auto& [side, record] : {std::pair{"A", one}, {"B", other}})
          if (record->noise.empty() || record->token_ids.empty())
            unknown[side].insert(pair_name(key));
        if (one->noise != other->noise) noise.insert(pair_name(key));
        if (one->token_ids != other->token_ids)
          tokens.insert(fmt::format("\"{}\"", one_line(key.prompt)));
      }
    }
  }
  std::vector<Shortfall> list;
  for (const auto& [side, pairs] : unknown)
    list.push_back(
        {6, fmt::format("{} does not record from which noise or tokens the pictures of "
                        "{} pairs were made: {}",
                        side, pairs.size(), listed({pairs.begin(), pairs.end()}, kFirst))});
  if (!list.empty()) return list;
  if (!noise.empty())
    list.push_back(
        {6, fmt::format("not the same seeds: {} pictures of B began with other noise: {}",
                        noise.size(), listed({noise.begin(), noise.end()}, kFirst))});
  if (!tokens.empty())
    list.push_back({6, fmt::format("not the same tokens: {} prompts became other tokens in B: {}",
                                   tokens.size(), listed({tokens.begin(), tokens.end()}, kFirst))});
  return list;
}

std::vector<Shortfall> other_scorers(const RunIndex& a, const RunIndex& b) {
  std::vector<Shortfall> list;
  for (const ReportMetric& ours : a.metrics()) {
    const auto theirs = std::ranges::find(b.metrics(), ours.name, &ReportMetric::name);
    if (theirs == b.metrics().end() || ours.library.empty() || theirs->library.empty() ||
        ours.library == theirs->library)
      continue;
    list.push_back(
        {6, fmt::format("{} was computed by {} in A and by {} in B: one program has to score both "
                        "(`sameseed score` again, after scores.jsonl of one of them is removed)",
                        ours.name, ours.library, theirs->library)});
  }
  return list;
}

std::vector<Shortfall> shortfalls(const RunIndex& a, const RunIndex& b) {
  std::vector<Shortfall> list;
  const std::vector<SameComparison> same = same_comparisons(a, b);
  for (const auto& [ours, theirs] : same) {
    const Side left = made_side("A", a, ours), right = made_side("B", b, theirs);
    add_missing_pairs(left, right, list);
    add_missing_values(left, right, list);
    add_missing_blocks(left, right, list);
  }
  add_lost_metrics(a, b, list);
  add_lonely_comparisons(a, b, same, list);
  return list;
}

}  // namespace sameseed
