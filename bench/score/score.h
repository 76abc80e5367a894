// The scores of pairs: pictures and latents of runs in, lines of scores.jsonl out.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/score/pair_scores.h"

namespace sameseed {

// Called after the self-test and after each pair: whoever waits knows that the scorer goes on.
using SignOfLife = std::function<void()>;

// Scores the pairs of one run, one a message.
class PairScorer {
 public:
  // `weights`: the folder that holds lpips/.
  PairScorer(std::filesystem::path run, std::string weights);

  // {op: "describe"}, the first of all, loads the metrics and scores pictures whose scores are
  // known: {scorer: the line of scores.jsonl that describes them}. Throws where one is wrong. {op:
  // "score", id, candidate, reference: {sample, case, files, hashes}, mapped, beside} scores the
  // pictures of two samples: {id, pair: its line of scores.jsonl, warnings}. A pair that cannot be
  // scored (the arms began with other noise, a file is not the one of its record) is one with
  // `refused`. `mapped`: its heat map is written to RUN/maps/, and the line names its SHA-256.
  // `beside`: what else works on this machine goes before it. Throws DiskFull.
  nlohmann::json answer(const nlohmann::json& ask);

 private:
  std::filesystem::path run_;
  std::string weights_;
  Metrics metrics_;
};

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
