// What a line of records.jsonl or scores.jsonl, and an answer of an engine, may hold. Every reader
// of them goes through here, so that none meets a value of a type that it does not expect.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/json_lines.h"

namespace sameseed {

// Each returns why the line cannot be ("`error` is no text"), or nothing where it can. Unknown
// types and fields pass: a newer version may have written them.
std::string problem_of_record(const nlohmann::json& line);
std::string problem_of_score(const nlohmann::json& line);

// Of what an engine says of a picture: times, hashes, warnings, nonfinite and the like; those of a
// record's fields that are its own words.
std::string problem_of_answer(const nlohmann::json& answer);

// "+inf" and "-inf" as a line of scores.jsonl has them; NaN for any other word.
double nonfinite_number(const std::string& word);

// Calls `take` with each line of RUN/records.jsonl that can be one (io/json_lines.h).
PassedOver for_each_record(const std::filesystem::path& path,
                           const std::function<void(nlohmann::json record)>& take);

// The same of RUN/scores.jsonl, where a line can neither have a value that its metric never has: an
// LPIPS below 0, an SSIM above 1.
PassedOver for_each_score(const std::filesystem::path& path,
                          const std::function<void(nlohmann::json line)>& take);

}  // namespace sameseed
