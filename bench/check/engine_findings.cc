#include "bench/check/engine_findings.h"

#include <fmt/format.h>

#include <ostream>

namespace sameseed {
namespace {

struct DutyText {
  Duty duty;
  const char* text;
  bool must = true;  // otherwise what is missing is a note
};

constexpr DutyText kDuties[] = {
    {kLoads, "starts, and answers `load`"},
    {kNamesItself, "load: says in `engine` what it is"},
    {kNamesVersions, "load: says its `versions`, by which runs are told apart", false},
    {kMakesPictures, "generate: answers every request with ok"},
    {kKeepsToAnswers,
     "answers in one JSON object a line, with the request's id; nothing else on stdout"},
    {kFillsRecords, "generate: says what the records need"},
    {kTimesSteps, "generate: gives every step's time", false},
    {kHashesNoise, "hashes.noise is the SHA-256 of the noise file's tensor"},
    {kHashesTokens, "hashes.token_ids is that of the model's tokenizers", false},
    {kHashesLatents, "hashes.latents is there, so that a switch that changes latents is seen",
     false},
    {kWritesPicture, "picture: a whole 8-bit RGB PNG of the size that was asked for"},
    {kWritesLatents,
     "latents: a safetensors file that holds `latents`, or none and no hashes.latents"},
    {kRenames,
     "files: written under another name and renamed, so that a kill leaves no half of one"},
    {kLeavesNothing, "files: leaves nothing else beside them"},
    {kWarmsUp, "warm-up: without names for files it answers and writes none"},
    {kTakesBothSizes, "size: width and height may differ, either way", false},
    {kRepeats, "the same request gives the same picture, whatever came between"},
    {kTellsSeedsApart, "another seed gives another picture", false},
    {kTellsDeepCache, "deepcache: acts and says so, or is refused as unsupported", false},
    {kRefusesNoJson, "refuses a line that is no JSON, and goes on"},
    {kRefusesUnknownOp, "refuses an operation that does not exist, and goes on"},
    {kRefusesMissingNoise, "refuses a noise file that is not there, and goes on"},
    {kQuits, "quits at the end of its input, with exit code 0"},
};

}  // namespace

void EngineFindings::see(Duty duty, bool kept, const std::string& otherwise) {
  std::string& why = seen_[duty];
  if (!kept && why.empty()) why = otherwise;
}

bool EngineFindings::failed(Duty duty) const {
  const auto found = seen_.find(duty);
  return found != seen_.end() && !found->second.empty();
}

bool EngineFindings::print(const std::string& engine, std::ostream& out) const {
  std::map<std::string, int> counts;
  for (const auto& [duty, text, must] : kDuties) {
    const auto found = seen_.find(duty);
    const bool reached = found != seen_.end();
    const std::string why = reached ? found->second : "";
    const std::string word = !reached ? "?" : why.empty() ? "ok" : must ? "WRONG" : "note";
    ++counts[word];
    out << fmt::format("{:<6} {}{}{}\n", word, text, why.empty() ? "" : ": ", why);
  }
  const bool conforms = counts["WRONG"] == 0 && counts["?"] == 0;
  out << fmt::format("\n{}: {}: {} ok, {} noted, {} wrong, {} not reached\n", engine,
                     conforms ? "keeps the protocol" : "does NOT keep the protocol", counts["ok"],
                     counts["note"], counts["WRONG"], counts["?"]);
  return conforms;
}

}  // namespace sameseed
