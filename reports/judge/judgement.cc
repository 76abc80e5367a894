#include "reports/judge/judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "reports/judge/drift.h"
#include "reports/judge/gate_interval.h"
#include "reports/judge/gate_observations.h"
#include "reports/judge/gate_wording.h"
#include "reports/judge/sample_size.h"
#include "reports/statistics/fewest_blocks.h"

namespace sameseed {
namespace {

bool fits(const Gate& gate, const Setting& setting) {
  return std::ranges::all_of(gate.where, [&](const auto& wanted) {
    const auto found = setting.find(wanted.first);
    return found != setting.end() && found->second == wanted.second;
  });
}

// A gate beside the settings that it judges, and what it comes to.
struct Case {
  const Gate& gate;
  const GateWording words;
  const Summary& summary;
  const Summary* accepted;
  std::vector<const Comparison*> comparisons;  // as in decision.settings
  GateDecision decision;
  bool is_usable = true;  // else the gate itself is wrong, and a cause says how
};

std::optional<double> value_of(const Gate& gate, const Comparison& comparison) {
  if (!gate.is_timing) {
    const Quality* quality = comparison.metric(gate.name);
    return quality ? quality->statistics.named(gate.statistic) : std::nullopt;
  }
  const TimingStatistics* timing = comparison.speed.timing(gate.name);
  if (!timing) return std::nullopt;
  if (gate.statistic != "ratio") return timing->candidate.named(gate.statistic);
  return timing->ratio ? std::optional(timing->ratio->value) : std::nullopt;
}

// Pairs or whole blocks that have the metric or the timing.
std::size_t count_of(const Gate& gate, const Comparison& comparison) {
  if (gate.is_timing) {
    const TimingStatistics* timing = comparison.speed.timing(gate.name);
    return timing ? timing->blocks : 0;
  }
  const Quality* quality = comparison.metric(gate.name);
  return quality ? quality->statistics.n() : 0;
}

void leave_in_doubt(Case& judged, std::size_t place, const std::string& text) {
  judged.decision.settings[place].answer = Answer::kInconclusive;
  judged.decision.causes.push_back(
      judged.words.cause("inconclusive", 5, text, judged.comparisons[place]));
}

void leave_for_want_of_observations(Case& judged, std::size_t place, std::size_t count,
                                    std::size_t needed, const char* what = "pairs") {
  leave_in_doubt(judged, place, judged.words.too_few(count, needed, what));
}

void fail(Case& judged, std::size_t place, const std::string& text) {
  Answer& answer = judged.decision.settings[place].answer;
  judged.decision.causes.push_back(judged.words.failure(text, *judged.comparisons[place]));
  if (answer != Answer::kFail) ++judged.decision.failed;
  answer = Answer::kFail;
}

// Blocks of a gate on times that do not count, behind what is said of the others.
std::string with_missing_blocks(const Case& judged, std::size_t place, const std::string& text) {
  if (!judged.gate.is_timing) return text;
  const std::string missing = missing_blocks(judged.comparisons[place]->speed, judged.gate.name);
  return missing.empty() ? text : text + "; " + missing;
}

// Some pairs may break a gate; it takes all of them to pass it. Where samples failed the verdict
// has a cause already.
void pass(Case& judged, std::size_t place, std::size_t count) {
  const Comparison& comparison = *judged.comparisons[place];
  const std::size_t pairs = comparison.pairs.size();
  if (!judged.gate.is_timing && comparison.status == "ok" && count < pairs)
    return leave_for_want_of_observations(judged, place, count, pairs);
  if (judged.gate.is_timing && comparison.status == "ok")
    if (const std::string missing = missing_blocks(comparison.speed, judged.gate.name);
        !missing.empty()) {
      judged.decision.settings[place].answer = Answer::kInconclusive;
      judged.decision.causes.push_back(judged.words.cause("missing", 7, missing, &comparison));
      return;
    }
  ++judged.decision.passed;
  judged.decision.settings[place].answer = Answer::kPass;
}

// Whether there is anything to judge. Where there is not the verdict says why: times of an invalid
// environment, samples that were not made or not scored.
bool stands(Case& judged, std::size_t place) {
  const Comparison& comparison = *judged.comparisons[place];
  if (comparison.status == "unsupported") {
    ++judged.decision.unsupported;
    judged.decision.settings[place].answer = Answer::kUnsupported;
    return false;
  }
  if (judged.gate.wanted_class) return true;
  if (judged.gate.is_timing &&
      (!comparison.speed.invalid.empty() || !judged.summary.cohort.at("differs").empty()))
    return false;
  if (!value_of(judged.gate, comparison) && (comparison.status != "ok" || !judged.summary.scored))
    return false;
  const Quality* quality = judged.gate.is_timing ? nullptr : comparison.metric(judged.gate.name);
  if (!quality || quality->unavailable.empty()) return true;
  leave_in_doubt(judged, place, quality->unavailable);
  return false;
}

void judge_value(Case& judged, std::size_t place) {
  const Gate& gate = judged.gate;
  const std::optional<double> value = value_of(gate, *judged.comparisons[place]);
  const std::size_t count = count_of(gate, *judged.comparisons[place]);
  const auto needed = static_cast<std::size_t>(std::max(1, gate.min_pairs));
  if (gate.statistic == "ratio")
    if (const std::string few = too_few_blocks(count); !few.empty())
      return leave_in_doubt(judged, place, with_missing_blocks(judged, place, few));
  if (!value || count < needed) return leave_for_want_of_observations(judged, place, count, needed);
  ++judged.decision.judged;
  if (gate.at_most && !(*value <= *gate.at_most))
    fail(judged, place,
         with_missing_blocks(judged, place,
                             fmt::format("{:.6g} is more than {:.6g}", *value, *gate.at_most)));
  if (gate.at_least && !(*value >= *gate.at_least))
    fail(judged, place,
         with_missing_blocks(judged, place,
                             fmt::format("{:.6g} is less than {:.6g}", *value, *gate.at_least)));
  if (judged.decision.settings[place].answer != Answer::kFail) pass(judged, place, count);
}

// Where the class is not told it may still be shown that it is no better than another.
void judge_class(Case& judged, std::size_t place) {
  const ClassReading& reading = judged.comparisons[place]->setting_class;
  const SettingClass wanted = *judged.gate.wanted_class;
  SettingDecision& setting = judged.decision.settings[place];
  ++judged.decision.judged;
  if (reading.name && *reading.name <= wanted) {
    ++judged.decision.passed;
    setting.answer = Answer::kPass;
  } else if (reading.at_best > wanted) {
    fail(judged, place, judged.words.other_class(reading));
  } else {
    leave_in_doubt(judged, place, judged.words.other_class(reading));
  }
}

// What could have been shown of the mean, where the gate is on another statistic or on a number.
// `tests`: of the file's gates by interval, where this is one.
void add_precision(Case& judged, std::size_t tests = 1) {
  std::vector<GateObservations> observations;
  for (const Comparison* comparison : judged.comparisons)
    observations.push_back(
        units_of(judged.gate, Bound::kNone, *comparison, judged.summary, judged.accepted));
  if (judged.gate.is_timing)  // of few blocks no ratio is shown
    for (GateObservations& blocks : observations)
      if (blocks.beyond.size() < kFewestBlocks) blocks.beyond.clear();
  const auto precision = precision_of(judged.gate, observations, tests);
  for (std::size_t place = 0; place < precision.size(); ++place)
    if (precision[place]) judged.decision.settings[place].tests.push_back(*precision[place]);
}

// Those of every bound; none where one of them cannot be judged.
std::vector<GateObservations> observations_to_judge(Case& judged, std::size_t place) {
  const std::size_t fewest = fewest_of(judged.gate);
  const auto least_pairs = static_cast<std::size_t>(judged.gate.min_pairs);
  const Comparison& comparison = *judged.comparisons[place];
  std::vector<GateObservations> list;
  for (const Bound bound : bounds_of(judged.gate)) {
    list.push_back(units_of(judged.gate, bound, comparison, judged.summary, judged.accepted));
    const GateObservations& observations = list.back();
    if (observations.code) {
      judged.decision.settings[place].answer = Answer::kInconclusive;
      judged.decision.causes.push_back(judged.words.cause(observations.code == 1   ? "usage"
                                                          : observations.code == 6 ? "environment"
                                                                                   : "inconclusive",
                                                          observations.code, observations.problem,
                                                          &comparison));
    } else if (const std::string few =
                   judged.gate.is_timing ? few_blocks(observations) : std::string();
               !few.empty()) {
      leave_in_doubt(judged, place, with_missing_blocks(judged, place, few));
    } else if (observations.beyond.size() < fewest) {
      leave_for_want_of_observations(judged, place, observations.beyond.size(),
                                     fewest_to_pass(judged.gate), "prompts");
    } else if (const std::size_t pairs =
                   judged.gate.is_timing ? observations.beyond.size() : observations.pairs;
               pairs < least_pairs) {
      leave_for_want_of_observations(judged, place, pairs, least_pairs);
    } else {
      continue;
    }
    return {};
  }
  return list;
}

// Whether what was measured may be noise only. A bound that is the floor itself has seen to it.
bool is_within_floor(const Gate& gate, const Comparison& comparison) {
  const Quality* quality = gate.is_timing ? nullptr : comparison.metric(gate.name);
  return !gate.floor && quality && quality->reading == "no difference shown";
}

// A file that states its sample size is not judged on fewer prompts.
bool has_its_prompts(Case& judged, std::size_t place) {
  if (judged.gate.is_timing || !judged.gate.prompts) return true;
  const auto needed = static_cast<std::size_t>(*judged.gate.prompts);
  const std::size_t prompts = prompts_in(judged.comparisons[place]->pairs);
  if (prompts >= needed) return true;
  leave_in_doubt(
      judged, place,
      fmt::format("the gate file is for {} prompts, and the run has {}", needed, prompts));
  return false;
}

void judge_values(Case& judged) {
  for (std::size_t place = 0; place < judged.comparisons.size(); ++place)
    if (stands(judged, place) && has_its_prompts(judged, place))
      judged.gate.wanted_class ? judge_class(judged, place) : judge_value(judged, place);
  if (!judged.gate.wanted_class) add_precision(judged);
}

// The settings of a gate that can be judged by interval.
struct ToJudge {
  std::vector<std::size_t> places;
  GateToJudge observations;
};

ToJudge to_judge(Case& judged) {
  ToJudge list{.places = {}, .observations = {.gate = &judged.gate, .settings = {}}};
  for (std::size_t place = 0; place < judged.comparisons.size(); ++place)
    if (stands(judged, place) && has_its_prompts(judged, place))
      if (auto observations = observations_to_judge(judged, place); !observations.empty()) {
        list.places.push_back(place);
        list.observations.settings.push_back(std::move(observations));
      }
  return list;
}

void take_answers(Case& judged, const std::vector<std::size_t>& places,
                  const GateToJudge& observations, const std::vector<IntervalAnswer>& answers,
                  std::size_t tests) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ++judged.decision.judged;
    judged.decision.settings[places[i]].tests = answers[i].tests;
    if (answers[i].answer == Answer::kPass)
      pass(judged, places[i], observations.settings[i].front().pairs);
    const bool failed = answers[i].answer == Answer::kFail;
    const bool noise = failed && is_within_floor(judged.gate, *judged.comparisons[places[i]]);
    for (const std::string& text : answers[i].texts)
      if (failed && !noise)
        fail(judged, places[i], with_missing_blocks(judged, places[i], text));
      else
        leave_in_doubt(
            judged, places[i],
            with_missing_blocks(judged, places[i], noise ? judged.words.only_noise(text) : text));
  }
  if (judged.gate.statistic != "mean" && judged.gate.statistic != "ratio")
    add_precision(judged, tests);
}

// By interval all gates of a file are one family.
void judge_intervals(std::vector<Case>& file) {
  std::vector<Case*> cases;
  std::vector<std::vector<std::size_t>> places;
  std::vector<GateToJudge> family;
  for (Case& judged : file)
    if (judged.gate.by_interval && judged.is_usable) {
      ToJudge list = to_judge(judged);
      cases.push_back(&judged);
      places.push_back(std::move(list.places));
      family.push_back(std::move(list.observations));
    }
  const auto answers = judge_by_interval(family);
  const std::size_t tests = tests_of(family);
  for (std::size_t i = 0; i < cases.size(); ++i)
    take_answers(*cases[i], places[i], family[i], answers[i], tests);
}

// Causes that are about no setting.
void add_causes_of_all(Case& judged) {
  const bool left_out = std::ranges::any_of(judged.summary.excluded, [&](const Excluded& excluded) {
    return fits(judged.gate, excluded.setting);
  });
  if (judged.comparisons.empty() && !left_out)
    judged.decision.causes.push_back(judged.words.cause("usage", 1, judged.words.fits_nothing()));
  else if (static_cast<int>(judged.comparisons.size()) == judged.decision.unsupported)
    judged.decision.causes.push_back(judged.words.cause(
        "inconclusive", 5,
        "nothing was judged: every setting it names is excluded or unsupported"));
}

Answer answer_of(const GateDecision& decision) {
  if (decision.failed > 0) return Answer::kFail;
  const int all = static_cast<int>(decision.settings.size()) - decision.unsupported;
  return decision.passed > 0 && decision.passed == all ? Answer::kPass : Answer::kInconclusive;
}

// The gate beside its settings, nothing judged yet.
Case case_of(const Gate& gate, int number, const Summary& summary, const Summary* accepted) {
  Case judged{.gate = gate,
              .words = GateWording(gate, number),
              .summary = summary,
              .accepted = accepted,
              .comparisons = {},
              .decision = {.gate = gate}};
  for (const std::string& problem :
       {wrong_name(gate, summary), wrong_side(gate, summary), wrong_place(gate, summary)})
    if (!problem.empty()) judged.decision.causes.push_back(judged.words.cause("usage", 1, problem));
  judged.is_usable = judged.decision.causes.empty();
  if (!judged.is_usable) return judged;
  for (const Comparison& comparison : summary.comparisons)
    if (comparison.against == gate.against && fits(gate, comparison.setting)) {
      judged.decision.settings.push_back({.comparison = comparison.id});
      judged.comparisons.push_back(&comparison);
    }
  return judged;
}

std::vector<GateDecision> decide_on(const std::vector<Gate>& gates, const Summary& summary,
                                    const Summary* accepted, const FirstBaseline* first) {
  std::vector<Case> file;
  for (const Gate& gate : gates)
    file.push_back(case_of(gate, static_cast<int>(file.size()), summary, accepted));
  judge_intervals(file);
  std::vector<GateDecision> decisions;
  for (Case& judged : file) {
    if (judged.is_usable) {
      if (!judged.gate.by_interval) judge_values(judged);
      add_causes_of_all(judged);
      judged.decision.answer = answer_of(judged.decision);
      if (first) judged.decision.drift = drift_of(judged.gate, judged.comparisons, summary, *first);
      judged.decision.smallest_change = smallest_change_of(judged.decision.settings);
    }
    decisions.push_back(std::move(judged.decision));
  }
  return decisions;
}

}  // namespace

std::vector<GateDecision> decide(const std::vector<Gate>& gates, const Summary& summary,
                                 const Summary* accepted, const FirstBaseline* first) {
  if (gates.empty() || !gates.front().prompts) return decide_on(gates, summary, accepted, first);
  const auto prompts = static_cast<std::size_t>(*gates.front().prompts);
  return decide_on(gates, of_first_prompts(summary, prompts), accepted, first);
}

const char* name_of(Answer answer) {
  switch (answer) {
    case Answer::kPass:
      return "pass";
    case Answer::kFail:
      return "fail";
    case Answer::kInconclusive:
      return "inconclusive";
    case Answer::kNotJudged:
      return "not judged";
    case Answer::kUnsupported:
      return "unsupported";
  }
  return "";
}

}  // namespace sameseed
