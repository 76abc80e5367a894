// Pairs of one comparison that are the same pictures: of both arms, to the byte. An outside engine
// that ignores the prompt, or a folder that hands out a file twice, makes no second observation.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "reports/run/plan.h"

namespace sameseed {

using PictureHashes = std::map<std::string, std::string>;  // case -> SHA-256 of its picture's file

// Places in `pairs` of those that are the same pictures, two or more a group, in their order.
// Pairs without both hashes are in none.
std::vector<std::vector<std::size_t>> equal_pictures(const std::vector<Pair>& pairs,
                                                     const PictureHashes& pictures);

// Sets Pair::same_as of prompts that share pictures, so that they count as one observation: that of
// the least name, over chains as well.
void note_equal_pictures(std::vector<Pair>& pairs, const PictureHashes& pictures);

}  // namespace sameseed
