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
// In this order; each stands alone but where two are named (damage_rules.cc has the thresholds and
// their reasons; tests/damage/confusion.py says how often they are right on photographs):
//   "broken"           the candidate or the reference is no picture, whatever else is true of it
//   "none"             no level differs by more than 1
//   "displaced"        one shift, of any size and by parts of a pixel, explains most of the error
//   "redrawn locally"  the error lies together in a small part of the picture, which shows
//                      something else there
//   "local damage"     the same, where one colour, noise, blur or another colour fills it
//   "pixelated"        nearly all steps lie on a grid of 2 to 32 pixels
//   "checkerboard"     the difference repeats every 2, 4 or 8 pixels
//   "another picture"  neither coarse nor middle structures are in the same places, and no warp
//   puts
//                      them there
//   "posterised"       levels lost their neighbours, or luma lies in bands
//   "block artefacts"  8 x 8 blocks hold zeros as JPEG's compression leaves them; beside a shift of
//                      colours as well
//   "sharpened"        the reference's own fine structures are stronger
//   "seams"            the colours step along a straight line where the reference does not
//   "displaced"        place by place, by a slowly changing step
//   "colour shift"     one mapping of colours, the same everywhere, explains it; beside it "lost
//                      detail" or "added noise", measured against the mapped reference
//   "lost detail"      less of the reference's fine structures is there than of its coarse ones
//   "added noise"      what came is the candidate's own, a quarter of a level or more
//   "changed"          none of these
//
// Scores of a scorer that did not measure this yet get "displaced", "posterised" or "local damage"
// where those alone are sure, and "changed" otherwise.
std::optional<Damage> damage_of(const DamageEvidence& scores);

// The same of each pair, and how many pairs it is true of: "4 of 6 pairs: detail lost: 26 to 41 %
// of high-frequency energy; mean colour equal within ΔE 0.6, 2: colours shifted: a cast, mean
// ΔE 1.2
// (|ΔL| 0.2, |Δa| 1.1, |Δb| 0.4)". Broken pictures come first, then what most pairs have. `kinds`
// are all that any pair has.
std::optional<Damage> damage_of(const std::vector<DamageEvidence>& pairs);

}  // namespace sameseed
