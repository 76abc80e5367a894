// Where a series of numbers took a step.
//
// First look: PELT, the exact segmentation with the least penalised cost (Killick, Fearnhead and
// Eckley 2012, "Optimal detection of changepoints with a linear computational cost", JASA 107), for
// changes of the mean of normal noise. The noise's size comes from the differences of neighbours
// (their median, as a step touches one of them only; their mean where most are exactly 0), the
// penalty of a step is kPenalty ln n in units of its square. One value, or two in a row, that
// stands out from both its neighbours by 6 sigma is a bad night and no step: it is left out, as are
// such values at either end, unless more than one in five would be.
//
// Second look: of these, the steps stay whose means before and after lie 3.75 standard errors apart
// (more in a short series), with kNightsToConfirm nights on either side. The noise of this look is
// the largest of three: that of the first, that around the means, and that of blocks of four
// nights, which is larger where neighbouring nights are alike. The weakest goes first, of several
// beside too short parts the one without which the values fit best. And the step must have been
// there, within a night of its place, when the newest night was not.
//
// Error rates, measured: reports/STATISTICS.md.
#pragma once

#include <cstddef>
#include <vector>

namespace sameseed {

inline constexpr double kPenalty = 2;                // the BIC: the second look is strict enough
inline constexpr std::size_t kFewestOfAPlateau = 4;  // of the first look
inline constexpr std::size_t kNightsToConfirm = 6;   // on both sides of a step, of the second look

// Indices of the first value of each new plateau, ascending; empty where there is no step, or too
// few values for one. All values must be finite.
std::vector<std::size_t> change_points(const std::vector<double>& values);

// Indices of the nights that are not bad: of these alone steps are found, and a plateau has its
// mean.
std::vector<std::size_t> good_nights(const std::vector<double>& values);

// What the first look finds alone, of all values: in noise it is often wrong.
std::vector<std::size_t> candidate_steps(const std::vector<double>& values);

}  // namespace sameseed
