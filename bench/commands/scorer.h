// The scorer is a program of its own, so that scores never depend on the variables under test.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bench/plan/shard.h"
#include "bench/score/scoring.h"

namespace sameseed {

// Seconds without a sign of life after which the scorer counts as hung; nothing: learnt.
using ScorerLimit = std::optional<std::chrono::milliseconds>;

// Runs sameseed-scorer with these arguments and the metrics' weights. One that hangs is ended and
// started anew once. Returns its exit code: 0, 1 for what the user can put right, or 7 where it
// could not start, died, hung or failed, which it says on stderr.
int run_scorer(std::vector<std::string> arguments, const ScorerLimit& limit = {});

// For the scoring of a run on this machine.
ScoringOptions scoring_options(const ScorerLimit& limit, const std::optional<Shard>& shard = {});

// Scores what is left of a run, and says where it cannot; the code is 0 or 7, never 1: a run that
// cannot be scored is not at its end.
int finish(Scoring& scoring);

// Scores what RUN/scores.jsonl lacks of a run whose pictures are made. The caller holds the
// RunLock.
int score_run(const std::filesystem::path& run, const ScorerLimit& limit = {},
              const std::optional<Shard>& shard = {});

}  // namespace sameseed
