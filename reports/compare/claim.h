// What a comparison of two runs claims, one number at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "reports/statistics/estimate.h"
#include "reports/statistics/setting.h"

namespace sameseed {

enum class About { kPictures, kOwnReference, kSpeed, kCycles, kSwitch };
const char* name_of(About about);  // "pictures", "own reference", "speed", "cycles", "switch"

struct Claim {
  About about = About::kPictures;
  std::string arm;                  // "candidate", "reference" or "switches off"
  std::optional<Setting> setting;   // nothing: all settings together
  std::optional<Setting> off = {};  // of a switch: what it is held against
  std::string against = {};         // of own references: "reference" or "switches_off"
  std::string measure, unit;        // a metric or timing; of losses, or "ratio" of times, B / A
  // Of pictures: how many, their mean loss, and that of the floor where all of them have one.
  struct Pictures {
    std::size_t pairs = 0;
    double loss = 0;
    std::optional<double> floor;
  };
  std::optional<Pictures> pictures = {};
  // n: prompts, or blocks of times; 0: nothing was to be estimated. Of scores and times the
  // interval is what "not worse" was read from: 90 %, 5 % on either side.
  Estimate difference = {};
  std::optional<double> margin =
      {};  // how much worse is still "not worse": a loss, or 0.01 of times
  std::optional<double> before = {};  // of own references: A's mean loss
  // Of own references whose margin is a share of A's mean loss: `difference` over it. "Not worse"
  // was read from its interval, in which A's mean is as uncertain as B's.
  std::optional<Estimate> relative = {};
  std::optional<double> smallest_shown = {};  // that could have been shown
  std::optional<double> needed = {};          // prompts or blocks that would probably tell
  std::string reading = {};                   // reports/FILES.md, compare.json
  std::string cause = {};                     // of a slower time: "another clock"; or empty

  bool is_time() const { return unit == "ratio"; }
  // Whether the verdict asks that it be shown to be not worse.
  bool is_promised() const { return about == About::kOwnReference || about == About::kSpeed; }
};

// Whether it says that B differs from A.
bool is_difference(const Claim& claim);

}  // namespace sameseed
