// The scorer is a program of its own, so that scores never depend on the variables under test.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sameseed {

// Runs sameseed-scorer with these arguments and the metrics' weights; returns its exit code.
int run_scorer(std::vector<std::string> arguments);

// Writes RUN/scores.jsonl. The caller holds the RunLock.
int score_run(const std::filesystem::path& run);

}  // namespace sameseed
