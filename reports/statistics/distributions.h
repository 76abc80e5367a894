// Chances of known distributions, exact to rounding.
#pragma once

#include <cstddef>

namespace sameseed {

// Binomial: that at most `k` of `n` independent ones have what each has with the chance `share` (0
// to 1).
double chance_of_at_most(std::size_t k, std::size_t n, double share);

// That at least `k` have it.
double chance_of_at_least(std::size_t k, std::size_t n, double share);

// Student's t: that it is `t` or more. `degrees` of freedom, 1 and up.
double chance_of_t_above(double t, std::size_t degrees);

// What Student's t is above with this chance, 0 to 0.5.
double student_quantile(double chance_above, std::size_t degrees);

}  // namespace sameseed
