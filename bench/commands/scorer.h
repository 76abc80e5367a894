// The scorer is a program of its own, so that scores never depend on the variables under test.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sameseed {

// Seconds without a sign of life after which the scorer counts as hung; nothing: learnt.
using ScorerLimit = std::optional<std::chrono::milliseconds>;

// Runs sameseed-scorer with these arguments and the metrics' weights. One that hangs is ended and
// started anew once. Returns its exit code: 0, 1 for what the user can put right, or 7 where it
// could not start, died, hung or failed, which it says on stderr.
int run_scorer(std::vector<std::string> arguments, const ScorerLimit& limit = {});

// Starts the scorer for its self-test; why it cannot be used, or empty. To be asked before a run
// makes pictures.
std::string problem_of_scorer();

// Writes RUN/scores.jsonl; the code is never 1: a run that cannot be scored is not at its end. The
// caller holds the RunLock.
int score_run(const std::filesystem::path& run, const ScorerLimit& limit = {});

}  // namespace sameseed
