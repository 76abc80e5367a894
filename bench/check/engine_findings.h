// What an engine has to do, and what was seen of it.
#pragma once

#include <iosfwd>
#include <map>
#include <string>

namespace sameseed {

// In the order in which they are told.
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
  // Of several looks at one duty the first that failed counts, and `otherwise` says what was wrong.
  void see(Duty duty, bool holds, const std::string& otherwise = "");

  bool failed(Duty duty) const;

  // A line for each duty: "ok", "note", "WRONG" or "?". Returns whether all that must be was seen
  // and is right.
  bool print(const std::string& engine, std::ostream& out) const;

 private:
  std::map<Duty, std::string> seen_;  // looked at; and what was wrong with it, where anything was
};

}  // namespace sameseed
