// What kind of damage the scores tell of, in a word and in a sentence, by the rules below.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/run_files.h"

namespace sameseed {

// What damage_of() looks at: the scores of one pair.
struct DamageEvidence {
  std::map<std::string, double> values;                    // by metric
  std::map<std::string, PicturePlace> places;              // where a metric has its worst
  std::map<std::string, std::vector<std::string>> broken;  // "candidate", "reference" -> how
};

struct Damage {
  std::vector<std::string> kinds;  // the first explains most
  std::string sentence;
};

// Pure. Nothing where the scores lack a value that the rules need, as those of an older scorer do.
//
// In this order; the first five stand alone:
//   "broken"        the candidate or the reference is no picture, whatever else is true of it
//   "none"          no level differs by more than 1
//   "displaced"     moving the picture by whole pixels explains half of the squared error or more
//   "posterised"    of the levels in use 0.68 times as many have a neighbour as in the reference
//   "local damage"  95 % of the squared error lie on 3/10 of the picture or less, where there is
//                   less than 6/10 of the detail, and no mapping of colours explains 7/10 of it
//   "colour shift"  one mapping of colours, the same everywhere, explains 3/10 of the squared error
//                   (blur, noise and patches reach some 2/10), and not all texture is gone
//   "lost detail"   the difference is the reference's detail taken away (correlation of at most
//                   -0.25), and the candidate has less of high frequencies, relatively less than
//                   of middle ones, by 3 % or more
//   "added noise"   no detail is lost, the difference has detail of its own (correlation within
//                   0.45 of 0), and noise of a quarter of a level; beside a colour shift, of one
//   "changed"       none of these: the pictures show something else, or in another way
std::optional<Damage> damage_of(const DamageEvidence& scores);

// The same of each pair, and how many pairs it is true of: "4 of 6 pairs: detail lost: 26 to 41 %
// of high-frequency energy; mean colour equal within ΔE 0.6, 2: colours shifted: a cast, mean
// ΔE 1.2
// (|ΔL| 0.2, |Δa| 1.1, |Δb| 0.4)". Broken pictures come first, then what most pairs have. `kinds`
// are all that any pair has.
std::optional<Damage> damage_of(const std::vector<DamageEvidence>& pairs);

}  // namespace sameseed
