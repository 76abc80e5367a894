// "Did you mean ...?"
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sameseed {

// How many letters have to be put in, left out or exchanged to get from one to the other
// (Levenshtein).
std::size_t edit_distance(const std::string& a, const std::string& b);

// The one of `known` (which must not be empty) with the smallest edit distance to `name`; of equals
// the first.
std::string nearest(const std::string& name, const std::vector<std::string>& known);

// What to say behind a name that does not exist: "did you mean "X"?" where a known name is near -
// two letters differ, or a third of them behind the dots that both share, or one is a part of
// the other - and which there are where none is. Each is shown behind `before`.
std::string hint_for(const std::string& name, const std::vector<std::string>& known,
                     const std::string& before = "");

}  // namespace sameseed
