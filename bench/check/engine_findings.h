// What an engine has to do, and what was found about each duty.
#pragma once

#include <iosfwd>
#include <map>
#include <string>

namespace sameseed {

// In the order in which they are printed.
enum Duty {
  kLoads,
  kNamesItself,
  kNamesVersions,
  kMakesPictures,
  kKeepsToAnswers,
  kFillsRecords,
  kTimesSteps,
  kHashesNoise,
  kHashesTokens,
  kHashesLatents,
  kWritesPicture,
  kWritesLatents,
  kRenames,
  kLeavesNothing,
  kWarmsUp,
  kTakesBothSizes,
  kRepeats,
  kTellsSeedsApart,
  kTellsDeepCache,
  kRefusesNoJson,
  kRefusesUnknownOp,
  kRefusesMissingNoise,
  kQuits,
};

class EngineFindings {
 public:
  // Enters one look at a duty; `otherwise` says what was wrong. Of several looks the first that
  // failed counts.
  void see(Duty duty, bool kept, const std::string& otherwise = "");

  bool failed(Duty duty) const;

  // A line for each duty: "ok", "note", "WRONG" or "?". Returns whether all that must be was seen
  // and is right.
  bool print(const std::string& engine, std::ostream& out) const;

 private:
  std::map<Duty, std::string> seen_;  // duties looked at, and what was wrong, or nothing
};

}  // namespace sameseed
