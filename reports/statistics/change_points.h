// Where a series of numbers took a step.
//
// Method: PELT, the exact segmentation with the least penalised cost (Killick, Fearnhead and Eckley
// 2012, "Optimal detection of changepoints with a linear computational cost", JASA 107), for
// changes of the mean of normal noise. The noise's size comes from the differences of neighbours
// (their median, as a step touches one of them only; their mean where most are exactly 0), the
// penalty of a step is kPenalty ln n in units of its square. One value that stands out from both
// its neighbours by 6 sigma is a bad night and no step: it counts as the nearer of the two.
#pragma once

#include <cstddef>
#include <vector>

namespace sameseed {

inline constexpr double kPenalty =
    4;  // 2, the BIC, gives steps in 8 to 16 % of series of short noise
inline constexpr std::size_t kFewestOfAPlateau =
    4;  // a step is seen once so many values lie behind it

// Indices of the first value of each new plateau, ascending; empty where there is no step or fewer
// than 2 kFewestOfAPlateau values. All values must be finite.
std::vector<std::size_t> change_points(const std::vector<double>& values);

}  // namespace sameseed
