#include "reports/summary/trace.h"

#include <algorithm>
#include <utility>

namespace sameseed {
namespace {

using Number = std::optional<double>;

enum class Over { kMean, kWorst };

// Over the traces; nothing where no trace has a number: the block did not run in both arms, or the
// difference is not finite.
template <typename ValueOf>
Number over_traces(const std::vector<const PairTrace*>& traces, Over over, ValueOf value_of) {
  double sum = 0, worst = 0;
  int count = 0;
  for (const PairTrace* trace : traces) {
    const Number& value = value_of(*trace);
    if (!value) continue;
    sum += *value;
    worst = std::max(worst, *value);
    ++count;
  }
  if (count == 0) return std::nullopt;
  return over == Over::kMean ? sum / count : worst;
}

// Latents and block norms of all steps.
TraceCurves curves(const std::vector<const PairTrace*>& traces, std::size_t steps,
                   std::size_t blocks, Over over) {
  TraceCurves result;
  for (std::size_t step = 0; step < steps; ++step) {
    result.latents.push_back(over_traces(
        traces, over,
        [&](const PairTrace& trace) -> const Number& { return trace.latents.at(step); }));
    std::vector<Number> row;
    for (std::size_t block = 0; block < blocks; ++block)
      row.push_back(over_traces(traces, over, [&](const PairTrace& trace) -> const Number& {
        return trace.block_norms.at(step).at(block);
      }));
    result.block_norms.push_back(std::move(row));
  }
  return result;
}

// Traces of as many steps and the same blocks as this one.
std::vector<const PairTrace*> like(const PairTrace& first,
                                   const std::vector<const PairTrace*>& traces) {
  std::vector<const PairTrace*> fitting;
  for (const PairTrace* trace : traces)
    if (trace->refused.empty() && trace->blocks == first.blocks &&
        trace->latents.size() == first.latents.size())
      fitting.push_back(trace);
  return fitting;
}

bool beyond(const Number& value, const Number& floor) {
  return value && *value > floor.value_or(0);
}

std::optional<std::size_t> first_step(const TraceCurves& mean, const TraceCurves& floor,
                                      const std::optional<std::size_t>& nonfinite_from) {
  for (std::size_t step = 0; step < mean.latents.size(); ++step)
    if (step == nonfinite_from || beyond(mean.latents.at(step), floor.latents.at(step)))
      return step;
  return std::nullopt;
}

// In the order of computing: step by step, block by block.
std::optional<TraceSummary::FirstBlock> first_block(const TraceCurves& mean,
                                                    const TraceCurves& floor,
                                                    const std::vector<std::string>& blocks) {
  for (std::size_t step = 0; step < mean.block_norms.size(); ++step)
    for (std::size_t block = 0; block < blocks.size(); ++block)
      if (beyond(mean.block_norms.at(step).at(block), floor.block_norms.at(step).at(block)))
        return TraceSummary::FirstBlock{.block = blocks.at(block), .step = step};
  return std::nullopt;
}

std::vector<Number> mean_over_steps(const std::vector<std::vector<Number>>& norms,
                                    std::size_t blocks) {
  std::vector<Number> result;
  for (std::size_t block = 0; block < blocks; ++block) {
    double sum = 0;
    int count = 0;
    for (const auto& row : norms)
      if (row.at(block)) {
        sum += *row.at(block);
        ++count;
      }
    result.push_back(count > 0 ? Number(sum / count) : std::nullopt);
  }
  return result;
}

void take_traces(const std::vector<MadePair>& pairs, std::vector<const PairTrace*>& into) {
  for (const MadePair& pair : pairs)
    if (const PairScores* scores = pair.scores(); scores && scores->trace)
      into.push_back(&*scores->trace);
}

}  // namespace

std::optional<TraceSummary> trace_summary(const std::vector<const PairTrace*>& pairs,
                                          const std::vector<const PairTrace*>& floor) {
  if (pairs.empty()) return std::nullopt;
  TraceSummary summary;
  const auto whole =
      std::ranges::find_if(pairs, [](const PairTrace* pair) { return pair->refused.empty(); });
  if (whole == pairs.end()) {
    summary.refused = pairs.front()->refused;
    return summary;
  }
  const std::vector<const PairTrace*> compared = like(**whole, pairs),
                                      equals = like(**whole, floor);
  const std::size_t steps = (*whole)->latents.size();
  summary.pairs = compared.size();
  summary.blocks = (*whole)->blocks;
  summary.mean = curves(compared, steps, summary.blocks.size(), Over::kMean);
  summary.over_blocks = mean_over_steps(summary.mean.block_norms, summary.blocks.size());
  for (const PairTrace* pair : compared)
    if (pair->nonfinite_from &&
        (!summary.nonfinite_from || *pair->nonfinite_from < *summary.nonfinite_from))
      summary.nonfinite_from = pair->nonfinite_from;
  const TraceCurves limit = curves(equals, steps, summary.blocks.size(), Over::kWorst);
  summary.first_step = first_step(summary.mean, limit, summary.nonfinite_from);
  summary.first_block = first_block(summary.mean, limit, summary.blocks);
  summary.floor_pairs = equals.size();
  if (!equals.empty()) summary.floor = limit;
  return summary;
}

std::optional<TraceSummary> trace_of(const MadeComparison& comparison,
                                     const std::vector<MadeFloorRow>& floor) {
  std::vector<const PairTrace*> pairs, equals;
  take_traces(comparison.pairs, pairs);
  if (!pairs.empty())
    for (const std::size_t row : comparison.floor_rows) take_traces(floor[row].pairs, equals);
  return trace_summary(pairs, equals);
}

}  // namespace sameseed
