#include "reports/formats/json.h"

#include <cmath>
#include <ostream>
#include <utility>

#include "reports/formats/json_values.h"
#include "reports/formats/json_writer.h"
#include "reports/formats/report_format.h"
#include "reports/judge/coverage.h"
#include "reports/statistics/fewest_blocks.h"
#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {
namespace {

using nlohmann::json;

// {n, mean, median, worst5, worst, worst_case, interval}; only {n: 0} without values.
json statistics_json(const Statistics& statistics) {
  json entry = {{"n", statistics.n()}};
  if (statistics.n() == 0) return entry;
  if (statistics.mean.prompts > 0) entry["prompts"] = statistics.mean.prompts;
  put_number(entry, "mean", statistics.mean.value);
  put_number(entry, "median", statistics.median);
  put_number(entry, "worst5", statistics.worst5);
  put_number(entry, "worst", statistics.worst);
  entry["worst_case"] = statistics.worst_case;
  if (statistics.range) {
    put_number(entry, "lowest", statistics.range->low);
    put_number(entry, "highest", statistics.range->high);
  }
  entry["interval"] = interval_json(statistics.mean.interval);
  if (!statistics.mean.interval) entry["interval_absent"] = statistics.mean.no_interval;
  return entry;
}

json metric_json(const ReportMetric& metric) {
  json entry = {{"name", metric.name},
                {"unit", metric.unit},
                {"better", name_of(metric.better)},
                {"identical", finite_or_null(metric.identical)},
                {"definition", metric.definition}};
  if (!std::isfinite(metric.identical)) entry["identical_nonfinite"] = "+inf";
  if (!metric.available()) entry["unavailable"] = metric.unavailable;
  return entry;
}

json quality_json(const Quality& quality) {
  if (!quality.unavailable.empty()) return {{"n", 0}, {"unavailable", quality.unavailable}};
  json entry = statistics_json(quality.statistics);
  entry["unit"] = quality.unit;
  entry["better"] = name_of(quality.better);
  entry["noise_floor"] = nullptr;
  for (const auto& [name, floor] : quality.floors)
    entry["noise_floor"][name] = {{"row", floor.row},
                                  {"unit", floor.unit},
                                  {"mean", finite_or_null(floor.mean)},
                                  {"worst", finite_or_null(floor.worst)},
                                  {"bound", or_null(floor.bound)}};
  if (!quality.reading.empty()) entry["reading"] = quality.reading;
  return entry;
}

json oracle_json(const OracleReading& oracle) {
  json entry = {{"unit", oracle.unit}, {"n", oracle.difference.n}};
  if (oracle.difference.n == 0) return entry;
  entry["candidate"] = finite_or_null(oracle.candidate);
  entry["reference"] = finite_or_null(oracle.reference);
  entry["difference"] = finite_or_null(oracle.difference.value);
  entry["interval"] = interval_json(oracle.difference.interval);
  entry["reading"] = oracle.reading;
  return entry;
}

json class_json(const ClassReading& reading) {
  return {{"name", reading.name ? json(name_of(*reading.name)) : json()},
          {"at_best", name_of(reading.at_best)},
          {"because", reading.because}};
}

json ratio_json(std::size_t blocks, const std::optional<Estimate>& ratio) {
  json entry = {{"blocks", blocks},
                {"ratio", ratio ? json(ratio->value) : json()},
                {"ratio_interval", ratio ? interval_json(ratio->interval) : json()}};
  if (!ratio) entry["ratio_absent"] = too_few_blocks(blocks);
  return entry;
}

json timing_json(const TimingStatistics& timing) {
  json entry = statistics_json(timing.candidate);
  entry["unit"] = "ms";
  entry["better"] = "lower";
  entry["reference"] = statistics_json(timing.reference);
  entry.update(ratio_json(timing.blocks, timing.ratio));
  if (timing.itself) {
    json itself = ratio_json(timing.itself->blocks, timing.itself->ratio);
    itself["row"] = timing.itself->row;
    if (!timing.itself->reading.empty()) itself["reading"] = timing.itself->reading;
    entry["against_itself"] = std::move(itself);
  }
  return entry;
}

json engagement_json(const Engagement& proof) {
  json entry = {{"value", proof.value},
                {"samples", proof.samples},
                {"verdict", proof.verdict},
                {"evidence", proof.evidence}};
  if (!proof.means.empty()) entry["means"] = proof.means;
  if (proof.is_default) entry["default"] = true;
  if (!proof.same_as.empty()) entry["same_as"] = proof.same_as;
  if (!proof.same_because.empty()) entry["same_because"] = proof.same_because;
  return entry;
}

json scored_pair_json(const ScoredPair& scored) {
  json entry = {{"candidate", scored.pair.candidate}, {"reference", scored.pair.reference},
                {"prompt", scored.pair.prompt},       {"seed", scored.pair.seed},
                {"values", json::object()},           {"nonfinite", json::object()}};
  for (const auto& [metric, value] : scored.values) {
    entry["values"][metric] = finite_or_null(value);
    if (!std::isfinite(value))
      entry["nonfinite"][metric] = std::isnan(value) ? "nan" : value > 0 ? "+inf" : "-inf";
  }
  if (!scored.pair.same_as.empty()) entry["same_as"] = scored.pair.same_as;
  if (!scored.repeat.empty()) entry["repeat"] = scored.repeat;
  return entry;
}

json numbers_json(const std::vector<std::optional<double>>& numbers) {
  json list = json::array();
  for (const auto& number : numbers) list.push_back(or_null(number));
  return list;
}

json curves_json(const TraceCurves& curves) {
  json norms = json::array();
  for (const auto& row : curves.block_norms) norms.push_back(numbers_json(row));
  return {{"latents", numbers_json(curves.latents)}, {"block_norms", std::move(norms)}};
}

json trace_json(const TraceSummary& trace) {
  if (trace.refused) return {{"pairs", 0}, {"refused", *trace.refused}};
  json entry = curves_json(trace.mean);
  entry["pairs"] = trace.pairs;
  entry["blocks"] = trace.blocks;
  entry["over_blocks"] = numbers_json(trace.over_blocks);
  entry["nonfinite_from"] = value_or_null(trace.nonfinite_from);
  entry["first_step"] = value_or_null(trace.first_step);
  entry["first_block"] = nullptr;
  if (trace.first_block)
    entry["first_block"] = {{"block", trace.first_block->block}, {"step", trace.first_block->step}};
  entry["floor"] = trace.floor ? curves_json(*trace.floor) : json{{"absent", kNoTraceFloor}};
  entry["floor"]["pairs"] = trace.floor_pairs;
  return entry;
}

json arm_json(const Arm& arm) {
  return {{"engine", arm.engine}, {"environment", arm.environment}, {"axes", arm.axes}};
}

json timed_sample_json(const TimedSample& sample) {
  return {{"sample", sample.sample},
          {"case", sample.case_id},
          {"arm", sample.arm},
          {"block", sample.block},
          {"timings_ms", sample.ms.taken()}};
}

json changed_output_json(const ChangedOutput& changed) {
  return {{"counterpart", "the same request with the candidate's switches off"},
          {"pairs", changed.pairs},
          {"latents_differ", changed.latents_differ}};
}

json comparison_json(const Comparison& comparison) {
  const Speed& speed = comparison.speed;
  json entry = {
      {"id", comparison.id},
      {"setting", comparison.setting},
      {"against", comparison.against},
      {"arms",
       {{"candidate", arm_json(comparison.candidate)},
        {"reference", arm_json(comparison.reference)}}},
      {"quality", map_json(comparison.quality, quality_json)},
      {"oracle", comparison.oracle ? map_json(*comparison.oracle, oracle_json) : json()},
      {"class", class_json(comparison.setting_class)},
      {"broken",
       list_json(comparison.broken,
                 [](const BrokenPicture& one) {
                   return json{{"case", one.case_id}, {"side", one.side}, {"ways", one.ways}};
                 })},
      {"damage", nullptr},
      {"speed", map_json(speed.timings, timing_json)},
      {"timed_samples", list_json(speed.samples, timed_sample_json)},
      {"broken_blocks", speed.broken_blocks},
      {"invalid_blocks", speed.invalid_blocks},
      {"invalid", speed.invalid},
      {"status", comparison.status},
      {"reason", comparison.reason},
      {"refused", comparison.refused},
      {"engagement", map_json(comparison.engagement, engagement_json)},
      {"changed_output",
       comparison.changed_output ? changed_output_json(*comparison.changed_output) : json()},
      {"cases", list_json(comparison.pairs, scored_pair_json)},
      {"repeat", comparison.repeat}};
  if (comparison.damage)
    entry["damage"] = {{"kinds", comparison.damage->kinds},
                       {"sentence", comparison.damage->sentence}};
  if (comparison.trace) entry["trace"] = trace_json(*comparison.trace);
  return entry;
}

json floor_row_json(const FloorRow& row) {
  json entry = {{"id", row.id},
                {"arm", row.arm},
                {"kind", row.kind},
                {"pairs", row.pairs},
                {"cases", list_json(row.cases, scored_pair_json)}};
  if (!row.of.empty()) entry["of"] = row.of;
  if (row.threads) entry["threads"] = {row.threads->first, row.threads->second};
  if (!row.reason.empty()) entry["reason"] = row.reason;
  entry["quality"] = map_json(row.quality, [](const FloorLosses& losses) {
    json out = {{"unit", losses.unit}, {"n", losses.n}};
    if (losses.n == 0) return out;
    out["mean"] = finite_or_null(losses.mean);
    out["worst"] = finite_or_null(losses.worst);
    out["bound"] = or_null(losses.bound);
    return out;
  });
  return entry;
}

// The reference's own times, sample by sample.
json time_floor_json(const TimeFloorRow& row) {
  return {{"id", row.id},
          {"environment", row.environment},
          {"timed_samples", list_json(row.speed.samples, timed_sample_json)},
          {"broken_blocks", row.speed.broken_blocks},
          {"invalid_blocks", row.speed.invalid_blocks},
          {"invalid", row.speed.invalid}};
}

json noise_floor_json(const FloorSummary& floor) {
  if (!floor.measured)
    return {{"measured", false}, {"reason", "not asked for; `sameseed run --floor` measures it"}};
  return {{"measured", true}, {"rows", list_json(floor.rows, floor_row_json)}};
}

json intervals_json() {
  const IntervalMethod method = interval_method();
  return {{"level", method.confidence},
          {"method", method.method},
          {"resamples", method.resamples},
          {"seed", method.seed},
          {"of", method.of}};
}

json failure_json(const Failure& failure) {
  return {{"sample", failure.sample}, {"case", failure.case_id},      {"kind", failure.kind},
          {"error", failure.error},   {"log_tail", failure.log_tail}, {"repeat", failure.repeat}};
}

json nonfinite_json(const NonfiniteCase& one) {
  json entry = one.found;
  entry.update({{"sample", one.sample},
                {"case", one.case_id},
                {"environment", one.environment},
                {"engine", one.engine},
                {"repeat", one.repeat}});
  return entry;
}

json cut_json(const CutPrompt& one) {
  return {{"prompt", one.prompt}, {"tokens", one.tokens}, {"lost", one.lost}};
}

json cut_prompts_json(const CutPrompts& prompts) {
  return {{"of", prompts.of},
          {"cut", list_json(prompts.cut, cut_json)},
          {"negatives", list_json(prompts.negatives, cut_json)}};
}

json repeated_json(const RepeatedPictures& one) {
  return {{"comparison", one.comparison},
          {"pairs", one.pairs},
          {"different", one.different},
          {"prompts", one.prompts},
          {"groups", list_json(one.groups, [](const std::vector<RepeatedPicture>& group) {
             return list_json(group, [](const RepeatedPicture& of) {
               return json{{"prompt", of.prompt}, {"seed", of.seed}};
             });
           })}};
}

json uncovered_json(const Coverage& coverage) {
  return {{"settings",
           list_json(coverage.settings,
                     [](const UncoveredSetting& setting) {
                       return json{{"comparison", setting.comparison}, {"label", setting.label}};
                     })},
          {"of", coverage.of},
          {"metrics", coverage.metrics},
          {"times", coverage.times}};
}

json claim_json(const TestedClaim& claim) {
  return {{"claim", claim.claim},
          {"model", claim.model.empty() ? json() : json(claim.model)},
          {"value", or_null(claim.value)},
          {"interval", interval_json(claim.interval)},
          {"of", claim.of},
          {"answer", claim.answer},
          {"because", claim.because}};
}

constexpr const char* kComparisons = "comparisons";

// These are large; their place is kept.
json report_without_comparisons(const Summary& summary, const Verdict& verdict) {
  json run = summary.start;
  run["starts"] = summary.started;
  json report = {
      {"schema", "sameseed/report/2"},
      {"name", summary.name},
      {"run", std::move(run)},
      {"cohort", summary.cohort},
      {"model", summary.model},
      {"axes", list_json(summary.axes, axis_json)},
      {"scored", summary.scored},
      {"metrics", list_json(summary.metrics, metric_json)},
      {"intervals", intervals_json()},
      {"noise_floor", noise_floor_json(summary.noise_floor)},
      {"excluded", list_json(summary.excluded,
                             [](const Excluded& one) {
                               return json{{"setting", one.setting}, {"because", one.because}};
                             })},
      {"invalid", summary.invalid},
      {"failures", list_json(summary.failures, failure_json)},
      {"nonfinite", list_json(summary.nonfinite, nonfinite_json)},
      {"cut_prompts", cut_prompts_json(summary.cut_prompts)},
      {"repeated_pictures", list_json(summary.repeated_pictures, repeated_json)},
      {kComparisons, nullptr},
      {"workers", summary.workers},
      {"effects", effects_json(summary.effects)},
      {"verdict", verdict_json(verdict)}};
  if (const LossyPictures& lossy = summary.lossy_pictures; lossy.jpegs > 0)
    report["lossy_pictures"] = {
        {"of", lossy.of}, {"jpegs", lossy.jpegs}, {"quality", {lossy.lowest, lossy.highest}}};
  if (verdict.gates) report["uncovered"] = uncovered_json(uncovered(summary, verdict));
  for (const auto& [model, effects] : summary.effects_by_model)
    report["effects_by_model"][model] = effects_json(effects);
  if (summary.sensitivity) report["sensitivity"] = sensitivity_json(*summary.sensitivity);
  if (summary.claims) report["claims"] = list_json(*summary.claims, claim_json);
  if (!summary.time_floor.empty())
    report["time_floor"] = list_json(summary.time_floor, time_floor_json);
  return report;
}

class JsonReport final : public Report {
 public:
  std::string file() const override { return "report.json"; }
  void write(const Summary& summary, const Verdict& verdict, std::ostream& out) const override {
    out << "{";
    bool is_first = true;
    const json head = report_without_comparisons(summary, verdict);
    for (const auto& [name, value] : head.items()) {
      out << (std::exchange(is_first, false) ? "\n " : ",\n ") << json(name) << ": ";
      if (name != kComparisons) {
        write_json(out, value, 1);
        continue;
      }
      ListWriter list(out, 1);
      for (const Comparison& comparison : summary.comparisons)
        list.add(comparison_json(comparison));
      list.end();
    }
    out << "\n}\n";
  }
};

}  // namespace

json report_json(const Summary& summary, const Verdict& verdict) {
  json report = report_without_comparisons(summary, verdict);
  report[kComparisons] = list_json(summary.comparisons, comparison_json);
  return report;
}

std::unique_ptr<Report> make_json_report() { return std::make_unique<JsonReport>(); }

}  // namespace sameseed
