// How much worse a score may be and still be "not worse".
#pragma once

#include <map>
#include <string>

#include "reports/compare/claims.h"

namespace sameseed {

using ScoreMargins = std::map<std::string, ScoreMargin>;  // by metric; others have their default

// The default: a quarter of A's mean loss of the same setting, and at least what nobody sees.
//
// A quarter, because losses of one setting vary from prompt to prompt by more than a factor of 2
// and neighbouring settings of a switch (DeepCache every 3rd or every 5th step) differ by more than
// that: a change of less than a quarter changes no choice of a setting. The least amounts are some
// tenth of what can be seen where that is known (a CIEDE2000 of 1), else what rounding a picture to
// 8 bits does to it (1/12 levels^2); without them a loss of 0 in A would allow nothing in B.
ScoreMargin default_margin(const std::string& metric);
ScoreMargin margin_of(const std::string& metric, const ScoreMargins& margins);

// "lpips.alex=0.01" (a loss) or "lpips.alex=10%" (of A's mean loss, and at least what nobody sees).
// Throws UserError for other texts.
void add_score_margin(const std::string& text, ScoreMargins& margins);

// "2%" or "0.02". Throws UserError for other texts.
double parse_time_margin(const std::string& text);

}  // namespace sameseed
