#include "reports/run/request_proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>

#include "io/json_schema.h"
#include "reports/run/request_steps.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kDrawsNothing =
    "no proof possible: the null engine draws no picture of a request";

std::int64_t evaluations(const SampleRecord& sample) {
  return counted(*sample.engagement, "steps_full") + counted(*sample.engagement, "steps_partial");
}

// Whether guidance is on: at 1 and below there is none.
bool guides(const json& guidance) { return !guidance.is_number() || guidance.get<double>() > 1; }

// Small letters, one blank between words: how the tokenizers read a text.
std::string as_read(const json& text) {
  std::string read;
  for (const char c : text_or_empty(text))
    if (!std::isspace(static_cast<unsigned char>(c)))
      read += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!read.empty() && read.back() != ' ')
      read += ' ';
  if (read.ends_with(' ')) read.pop_back();
  return read;
}

bool was_cut(const SampleRecord& sample) {
  return std::ranges::any_of(sample.warnings, [](const std::string& warning) {
    return warning.find("cut off") != std::string::npos;
  });
}

// Why two values of a field may give the same picture; empty where they may not.
std::string may_be_equal(const std::string& field, const json& request, const json& value,
                         const json& other, const SampleRecord& a, const SampleRecord& b) {
  if (field == "guidance") {
    if (as_read(answered(request, "negative")) == as_read(answered(request, "prompt")))
      return "the negative prompt is the prompt";
    return guides(value) || guides(other) ? "" : "guidance of 1 and below is none";
  }
  if (field != "negative") return "its value changes nothing here";
  if (!guides(answered(request, "guidance"))) return "it is not read without guidance";
  if (as_read(value) == as_read(other)) return "both are read alike";
  return was_cut(a) || was_cut(b) ? "a part of it was cut off" : "";
}

// How two pictures of one case but for a value are equal; empty where they differ, or the record
// does not tell.
std::string equal_in(const SampleRecord& a, const SampleRecord& b) {
  if (!a.latents.empty() && !b.latents.empty())
    return a.latents == b.latents ? "the same latents" : "";
  return !a.picture.empty() && a.picture == b.picture ? "the same picture" : "";
}

bool comparable(const SampleRecord& a, const SampleRecord& b) {
  return (!a.latents.empty() && !b.latents.empty()) || (!a.picture.empty() && !b.picture.empty());
}

}  // namespace

Proof steps_proof(const std::string& field, const json& asked, const ArmEvidence& arm,
                  const RunEvidence& run) {
  std::set<std::int64_t> counts;
  for (const SampleRecord* sample : arm.samples) {
    const json* request = run.requests.of(sample->case_id);
    const std::optional<double> wanted = request ? steps_of(*request) : std::nullopt;
    const std::int64_t made = evaluations(*sample);
    if (made == 0 || !wanted) return {kNoProof, "no proof possible: the worker counts no steps"};
    if (field == "steps" && (request->contains("timesteps") || request->contains("sigmas")) &&
        (answered(*request, "timesteps").is_array() || answered(*request, "sigmas").is_array()))
      return {kInert, "not read: the request lists its own steps"};
    const auto steps = static_cast<std::int64_t>(std::llround(*wanted));
    counts.insert(made);
    if (made == steps || made == 2 * steps - 1) continue;
    const std::string told = fmt::format("{}: {} steps were asked for, the worker counts {}",
                                         named(*sample), steps, made);
    if (made < steps) return {kNotEngaged, told};
    for (const Counterpart& other : run.requests.counterparts(sample->case_id, field))
      if (evaluations(*other.picture) == made)
        return {kNotEngaged,
                fmt::format("{}, as it does where {} = {}", told, field, excerpt(other.value))};
    return {kNoProof, "no proof possible: " + told};
  }
  if (asked.is_null()) return {kEngaged, "no list of steps"};
  return {kEngaged, fmt::format("the worker counts {} steps", *counts.begin())};
}

Proof extent_proof(const ArmEvidence& arm, const RunEvidence& run) {
  if (arm.engine == "null") return {kNoProof, kDrawsNothing};
  for (const SampleRecord* sample : arm.samples) {
    const SampleRecord* picture = run.requests.picture(sample->case_id);
    if (!picture || picture->picture.empty())
      return {kNoProof, "no proof possible: " + named(*sample) + " has no picture's file"};
  }
  return {kEngaged, "every picture's file has the size asked for"};
}

Proof other_field_proof(const std::string& field, const json& asked, const ArmEvidence& arm,
                        const RunEvidence& run) {
  if (arm.engine == "null") return {kNoProof, kDrawsNothing};
  std::optional<json> differs_from;
  Proof inert;
  std::set<std::string> looked_at;
  for (const SampleRecord* sample : arm.samples) {
    const SampleRecord* own = run.requests.picture(sample->case_id);
    if (!own || !looked_at.insert(sample->case_id).second) continue;
    for (const Counterpart& other : run.requests.counterparts(sample->case_id, field)) {
      if (!comparable(*own, *other.picture)) continue;
      std::string equal = equal_in(*own, *other.picture);
      // What was not tokenized was not read, however much pictures differ from one making to
      // another.
      if (equal.empty() && field == "negative" && !own->token_ids.empty() &&
          own->token_ids == other.picture->token_ids)
        equal = "the same token ids";
      if (equal.empty()) {
        differs_from = other.value;
        continue;
      }
      const std::string why = may_be_equal(field, *run.requests.of(sample->case_id), asked,
                                           other.value, *own, *other.picture);
      const std::string found = fmt::format("{}: {}, to the bit, as where {} = {}", named(*own),
                                            equal, field, excerpt(other.value));
      if (why.empty()) return {kNotEngaged, found};
      if (inert.verdict.empty()) inert = {kInert, found + ": " + why};
    }
  }
  if (!inert.verdict.empty() && !differs_from) return inert;
  if (differs_from)
    return {kEngaged,
            fmt::format("other pictures than where {} = {}", field, excerpt(*differs_from))};
  return {kNoProof,
          "no proof possible: the run has no pictures of another value to hold these against"};
}

}  // namespace sameseed
