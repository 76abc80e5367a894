// The scoring stage: pictures and latents of a run in, RUN/scores.jsonl out.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace sameseed {

// Called after the self-test and after each pair: whoever waits knows that the scorer goes on.
using SignOfLife = std::function<void()>;

// Loads every metric and scores pictures whose scores are known. Throws where one is wrong.
void test_scorer(const std::string& weights);

// Scores every pair of RUN/plan.json whose two pictures were made from the same noise and the same
// token ids, and writes its heat map to RUN/maps/. Runs the metrics' self-test first. Throws
// UserError where files are missing.
void score_run(
    const std::filesystem::path& run, const std::string& weights,
    const SignOfLife& sign_of_life = [] {});

// Scores the pictures of one run against those of another: `pairs` is {a: RUN, b: RUN, pairs: [{a:
// CASE, b: CASE}]}, `out` is written as scores.jsonl is, with b's pictures as candidates.
void score_across(
    const std::filesystem::path& pairs, const std::string& weights,
    const std::filesystem::path& out, const SignOfLife& sign_of_life = [] {});

// Every metric of one pair and the damage they tell of, as the JSON of `score-pair`. Writes the
// heat map as a PNG where `map` names one.
nlohmann::json score_pair(
    const std::filesystem::path& reference, const std::filesystem::path& candidate,
    const std::string& weights, const std::filesystem::path& map = {},
    const SignOfLife& sign_of_life = [] {});

}  // namespace sameseed
