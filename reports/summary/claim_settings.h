// A run's settings as the claims about its switches need them: what differs in one thing only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/loss_table.h"
#include "reports/statistics/report_metric.h"
#include "reports/statistics/setting.h"

namespace sameseed {

struct Comparison;
struct EffectOfSwitch;
struct Effects;
struct FloorRow;
struct Summary;

// Comparisons by the values of all axes that are neither model nor switch: guidance 5, say.
using ByContext = std::map<Setting, const Comparison*>;

// One model's comparisons, each with the switches that are on in it.
struct OfModel {
  std::string name;  // empty: the only one
  const Effects* effects = nullptr;
  struct Entry {
    const Comparison* comparison;
    Setting on, context;  // candidate's switches that are not off; all other axes
  };
  std::vector<Entry> entries;
  std::vector<const FloorRow*> floor;

  // With these switches on and all others off.
  ByContext with(const Setting& on, const char* against = "reference") const;
  // Null where it is none of the run's.
  const EffectOfSwitch* effect(const std::string& axis, const AxisValue& level) const;
};

// A model each; one without a name where the run has one model only.
std::vector<OfModel> models_of(const Summary& summary);

// Numbers of pairs; what has several, one a context, counts with their mean.
class MeansOfPairs {
 public:
  void add(const Pair& pair, double value);
  std::vector<double> of_prompts() const;

 private:
  std::map<PairKey, std::pair<double, double>> sums_;  // and how many there are
};

// Losses of two settings, prompt by prompt: the first less the second. Only what differs in nothing
// else is held together.
std::vector<double> differences(const ByContext& ones, const ByContext& others,
                                const ReportMetric& metric);

bool share_context(const ByContext& ones, const ByContext& others);

// The metric's mean over the contexts that `beside` has too.
std::optional<double> mean_of(const ByContext& comparisons, const ByContext& beside,
                              const std::string& metric);

}  // namespace sameseed
