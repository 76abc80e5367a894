// The scores of one pair, as the fields of a line of scores.jsonl.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/image.h"
#include "metrics/metric.h"

namespace sameseed {

using Metrics = std::vector<std::unique_ptr<Metric>>;

// Name, unit, direction and definition of every quantity that can be scored.
nlohmann::json describe_all(const Metrics& metrics);

struct PictureScores {
  nlohmann::json scores;
  // That a part of the difference is compression, where a file is a JPEG; else empty.
  std::string compression;
  Image map;  // dark where the pictures look alike, bright where they do not
};
PictureScores score_pictures(const Metrics& metrics, const std::filesystem::path& candidate,
                             const std::filesystem::path& reference);

// Adds the distances of latents and embeddings that both files hold. No path: an arm has none.
void score_tensors(const std::filesystem::path& candidate, const std::filesystem::path& reference,
                   nlohmann::json& scores);

// What is not finite becomes null when it is written.
nlohmann::json score_traces(const std::filesystem::path& candidate,
                            const std::filesystem::path& reference);

}  // namespace sameseed
