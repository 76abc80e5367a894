#include "reports/summary/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "reports/run/made_comparison.h"
#include "reports/run/request_steps.h"
#include "reports/statistics/factorial.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/summary/comparison.h"

namespace sameseed {
namespace {

constexpr double kNoRatio = std::numeric_limits<double>::quiet_NaN();

using Losses = std::map<std::string, double>;  // prompt -> mean over its seeds

Losses losses_of(const Comparison& comparison, const ReportMetric& metric) {
  std::map<std::string, std::vector<double>> by_prompt;
  for (const ScoredPair& scored : comparison.pairs)
    if (const auto value = scored.value(metric.name); value && scored.pair.same_as.empty())
      by_prompt[scored.pair.prompt].push_back(metric.loss(*value));
  Losses means;
  for (const auto& [prompt, losses] : by_prompt) {
    const double sum = std::accumulate(losses.begin(), losses.end(), 0.0);
    if (std::isfinite(sum)) means[prompt] = sum / static_cast<double>(losses.size());
  }
  return means;
}

double mean_of_losses(const Losses& losses) {
  double sum = 0;
  for (const auto& [prompt, loss] : losses) sum += loss;
  return losses.empty() ? kNoRatio : sum / static_cast<double>(losses.size());
}

// The comparisons with the reference at most one of whose switches is on, by that switch's level
// and by all other axes; model -> comparison.
struct Levels {
  Setting levels;
  std::map<Setting, std::map<std::string, const Comparison*>> contexts;
};

std::vector<Levels> levels_of(const std::vector<Comparison>& comparisons,
                              const std::vector<SweepSwitch>& switches) {
  std::vector<Levels> list;
  for (const Comparison& comparison : comparisons) {
    if (!comparison.is_against_reference()) continue;
    auto [on, rest] = switched_on(comparison.setting, switches);
    const auto model = rest.find(kModelsAxis);
    if (std::ranges::any_of(on, [&](const auto& axis) {  // it shows what the models lose without it
          const auto proof = comparison.engagement.find(axis.first);
          return proof != comparison.engagement.end() && !proof->second.acted();
        }))
      continue;
    if (on.size() > 1 || model == rest.end() || !model->second.is_string()) continue;
    const std::string name = model->second;
    rest.erase(model);
    auto known = std::ranges::find(list, on, &Levels::levels);
    if (known == list.end()) known = list.insert(list.end(), {.levels = on, .contexts = {}});
    known->contexts[rest][name] = &comparison;
  }
  return list;
}

ModelLosses losses_of(const Levels& levels, const std::string& a, const std::string& b,
                      const ReportMetric& metric) {
  ModelLosses losses{.a = a, .b = b};
  for (const auto& [context, by_model] : levels.contexts) {
    if (!by_model.contains(a) || !by_model.contains(b)) continue;
    const Losses ours = losses_of(*by_model.at(a), metric),
                 theirs = losses_of(*by_model.at(b), metric);
    for (const auto& [prompt, loss] : ours)
      if (const auto other = theirs.find(prompt);
          other != theirs.end() && loss >= 0 && other->second >= 0)
        losses.by_prompt[prompt].emplace_back(loss, other->second);
  }
  return losses;
}

struct LogRatios {
  std::map<std::string, double> by_prompt;
  std::size_t replaced = 0;
  bool any_loss = false;
};

// Losses of exactly 0 have no logarithm: half of the smallest loss that is none stands for them.
LogRatios log_ratios(const ModelLosses& losses) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const auto& [prompt, pairs] : losses.by_prompt)
    for (const auto& [ours, theirs] : pairs)
      for (const double one : {ours, theirs})
        if (one > 0) smallest = std::min(smallest, one);
  LogRatios ratios{.by_prompt = {}, .any_loss = std::isfinite(smallest)};
  for (const auto& [prompt, pairs] : losses.by_prompt) {
    double sum = 0;
    for (auto [ours, theirs] : pairs) {
      for (double* one : {&ours, &theirs})
        if (*one == 0) {
          *one = smallest / 2;
          ++ratios.replaced;
        }
      sum += ratios.any_loss ? std::log(ours / theirs) : 0;
    }
    ratios.by_prompt[prompt] = sum / static_cast<double>(pairs.size());
  }
  return ratios;
}

std::string answer_of(const EffectEstimate& estimate, bool any_loss, const std::string& a,
                      const std::string& b) {
  if (!any_loss && estimate.n > 0) return "no loss";
  if (!estimate.half_width) return "too few";
  const double low = estimate.mean - *estimate.half_width,
               high = estimate.mean + *estimate.half_width, margin = std::log(kSensitivityMargin);
  if (-margin <= low && high <= margin) return "equal within the margin";
  if (low > 0) return a + " more sensitive";
  return high < 0 ? b + " more sensitive" : "not shown";
}

SensitivityOn told_of(const EffectEstimate& estimate, const LogRatios& ratios,
                      const ModelLosses& row) {
  SensitivityOn on{.ratio = {.n = estimate.n,
                             .prompts = estimate.n,
                             .value = ratios.any_loss ? std::exp(estimate.mean) : 1},
                   .answer = answer_of(estimate, ratios.any_loss, row.a, row.b),
                   .replaced = ratios.replaced,
                   .spread = estimate.spread,
                   .needed = observations_needed(estimate)};
  if (estimate.half_width && ratios.any_loss)
    on.ratio.interval = Interval{std::exp(estimate.mean - *estimate.half_width),
                                 std::exp(estimate.mean + *estimate.half_width)};
  return on;
}

std::optional<double> request_number(const nlohmann::json& request, const char* field) {
  const auto found = request.find(field);
  if (found == request.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

// One number where all have it; nothing where they differ.
void agree(std::optional<double>& known, bool first, std::optional<double> value) {
  if (!value) return;
  known = first || known == value ? value : std::nullopt;
}

std::string sampler_of(const MadeComparison& made) {
  const WorkerRecord* worker = made.reference.worker;
  if (!worker || !worker->load.is_object()) return "";
  const auto effective = worker->load.find("effective");
  if (effective == worker->load.end() || !effective->is_object()) return "";
  const auto sampler = effective->find("sampler");
  return sampler != effective->end() && sampler->is_string() ? sampler->get<std::string>() : "";
}

// Means over the reference pictures of a comparison.
void take_pictures(const MadeComparison& made, ModelFacts& facts) {
  double contrast = 0, deviation = 0;
  std::size_t pictures = 0, latents = 0;
  for (const MadePair& pair : made.pairs)
    if (const PairScores* scores = pair.scores()) {
      const ReferenceFacts& of = scores->of_reference;
      if (std::isfinite(of.contrast)) contrast += of.contrast, ++pictures;
      if (std::isfinite(of.latents_deviation)) deviation += of.latents_deviation, ++latents;
    }
  if (pictures > 0) facts.contrast = contrast / static_cast<double>(pictures);
  if (latents > 0) facts.latents_deviation = deviation / static_cast<double>(latents);
}

ModelFacts facts_of(const std::string& model, const RunIndex& run, const Levels* off,
                    const std::vector<ReportMetric>& metrics) {
  ModelFacts facts{.model = model};
  if (!off) return facts;
  bool first = true;
  for (const auto& [context, by_model] : off->contexts) {
    if (!by_model.contains(model)) continue;
    const Comparison& comparison = *by_model.at(model);
    const auto made = std::ranges::find_if(run.comparisons(), [&](const MadeComparison& one) {
      return one.planned->id == comparison.id;
    });
    if (made == run.comparisons().end()) continue;
    for (const Pair& pair : made->planned->pairs) {
      const nlohmann::json& request = run.case_of(pair.reference)->request;
      agree(facts.guidance, first, request_number(request, "guidance"));
      agree(facts.steps, first, steps_of(request));
      first = false;
    }
    if (facts.sampler.empty()) facts.sampler = sampler_of(*made);
    if (!facts.contrast) take_pictures(*made, facts);
    for (const ReportMetric& metric : metrics) {
      if (!metric.available()) continue;
      facts.switches_off.emplace(metric.name, mean_of_losses(losses_of(comparison, metric)));
      if (const Quality* quality = comparison.metric(metric.name))
        for (const auto& [kind, floor] : quality->floors) {
          double& largest = facts.floor.emplace(metric.name, floor.mean).first->second;
          largest = std::max(largest, floor.mean);
        }
    }
  }
  return facts;
}

}  // namespace

std::vector<SensitivityOn> ratios_of_losses(const std::vector<ModelLosses>& rows) {
  std::vector<LogRatios> ratios;
  std::set<std::string> prompts;
  for (const ModelLosses& row : rows) {
    ratios.push_back(log_ratios(row));
    for (const auto& [prompt, ratio] : ratios.back().by_prompt) prompts.insert(prompt);
  }
  std::vector<std::vector<double>> family;
  for (const LogRatios& one : ratios) {
    std::vector<double>& values = family.emplace_back();
    for (const std::string& prompt : prompts) {
      const auto found = one.by_prompt.find(prompt);
      values.push_back(found == one.by_prompt.end() ? kNoRatio : found->second);
    }
  }
  const auto estimates = estimate_family(family);
  std::vector<SensitivityOn> told;
  for (std::size_t i = 0; i < rows.size(); ++i)
    told.push_back(told_of(estimates[i], ratios[i], rows[i]));
  return told;
}

std::optional<Sensitivity> sensitivity_of(const RunIndex& run,
                                          const std::vector<Comparison>& comparisons,
                                          const std::vector<SweepAxis>& axes,
                                          const std::vector<ReportMetric>& metrics,
                                          const std::optional<std::string>& headline) {
  const auto axis = std::ranges::find(axes, std::string(kModelsAxis), &SweepAxis::name);
  if (axis == axes.end()) return std::nullopt;
  const std::vector<Levels> all = levels_of(comparisons, switches_of(axes));
  const auto off = std::ranges::find(all, Setting(), &Levels::levels);
  Sensitivity result{.headline = headline, .models = {}, .rows = {}};
  std::vector<std::string> models;
  for (const AxisValue& value : axis->values)
    if (value.is_string()) models.push_back(value);
  for (const std::string& model : models)
    result.models.push_back(facts_of(model, run, off == all.end() ? nullptr : &*off, metrics));
  std::vector<const Levels*> of_rows;
  for (std::size_t a = 0; a < models.size(); ++a)
    for (std::size_t b = a + 1; b < models.size(); ++b)
      for (const Levels& levels : all) {
        result.rows.push_back({.levels = levels.levels, .a = models[a], .b = models[b]});
        of_rows.push_back(&levels);
      }
  for (const ReportMetric& metric : metrics) {
    if (!metric.available()) continue;
    std::vector<ModelLosses> losses;
    for (std::size_t i = 0; i < result.rows.size(); ++i)
      losses.push_back(losses_of(*of_rows[i], result.rows[i].a, result.rows[i].b, metric));
    const std::vector<SensitivityOn> told = ratios_of_losses(losses);
    for (std::size_t i = 0; i < told.size(); ++i)
      result.rows[i].by_metric.emplace(metric.name, told[i]);
  }
  return result;
}

}  // namespace sameseed
