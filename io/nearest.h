// "Did you mean ...?"
#pragma once

#include <string>
#include <vector>

namespace sameseed {

// The one of `known` (which must not be empty) with the smallest edit distance to `name`; of equals
// the first.
std::string nearest(const std::string& name, const std::vector<std::string>& known);

}  // namespace sameseed
