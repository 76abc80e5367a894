// Quantiles of the symmetric beta distribution.
#pragma once

namespace sameseed {

// The x in 0..1 below which a share `p` of Beta(shape, shape) lies, to some 1e-15 of it. 0 < shape
// < 1.
double beta_quantile(double p, double shape);

}  // namespace sameseed
