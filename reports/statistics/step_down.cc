#include "reports/statistics/step_down.h"

#include <cmath>

namespace sameseed {

Claims step_down(const std::vector<SparseRow>& rows, std::size_t observations,
                 const std::vector<double>& margins, const FamilyOptions& options) {
  Claims claims{.estimates = estimate_family(rows, observations, options),
                .shown = std::vector<bool>(rows.size(), false)};
  const auto is_beyond = [&](const EffectEstimate& one, double margin) {
    return one.half_width && std::abs(one.mean) - *one.half_width > margin;
  };
  std::vector<EffectEstimate> latest = claims.estimates;
  std::vector<std::size_t> left(rows.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  for (bool more = true; more;) {
    more = false;
    std::vector<std::size_t> next;
    for (std::size_t i = 0; i < left.size(); ++i) {
      const bool beyond = is_beyond(latest[i], margins[left[i]]);
      // A row that does not vary is not of the family: without it nothing changes for the others.
      more = more || (beyond && latest[i].spread > 0);
      if (beyond)
        claims.shown[left[i]] = true;
      else
        next.push_back(left[i]);
    }
    left = std::move(next);
    if (left.empty()) break;
    std::vector<SparseRow> rest;
    for (const std::size_t index : left) rest.push_back(rows[index]);
    if (more) latest = estimate_family(rest, observations, options);
  }
  return claims;
}

}  // namespace sameseed
