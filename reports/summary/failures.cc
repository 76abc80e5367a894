#include "reports/summary/failures.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace sameseed {
namespace {

constexpr std::size_t kShortestId = 8;  // hexadecimal digits

std::string without(std::string text, const std::string& id) {
  if (id.empty()) return text;
  for (std::size_t at = text.find(id); at != std::string::npos; at = text.find(id, at + 1))
    text.replace(at, id.size(), "#");
  return text;
}

// The message without the ids that it holds: its own sample's, its case's, and any other that reads
// like one.
std::string without_ids(const Failure& failure) {
  const std::string text = without(without(failure.error, failure.sample), failure.case_id);
  constexpr const char* digits = "0123456789abcdef";
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of(digits, at), text.size());
    const std::string run = text.substr(at, end - at);
    const bool is_id = run.size() >= kShortestId && run.find_first_of("0123456789") < run.size();
    result += is_id ? "#" : run;
    if (end < text.size()) result += text[end];
    at = end + 1;
  }
  return result;
}

// "given_up" as people say it.
std::string words_of(const std::string& kind) { return kind == "given_up" ? "skipped" : kind; }

}  // namespace

std::vector<AlikeFailures> alike(const std::vector<Failure>& failures) {
  std::vector<AlikeFailures> groups;
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for (const Failure& failure : failures) {
    const auto [place, fresh] =
        places.try_emplace({failure.kind, without_ids(failure)}, groups.size());
    if (fresh) groups.push_back({.first = &failure});
    ++groups[place->second].samples;
  }
  return groups;
}

std::string told(const AlikeFailures& failures) {
  const Failure& first = *failures.first;
  const std::string what = words_of(first.kind) + ": " + first.error;
  if (failures.samples == 1) return fmt::format("sample {}: {}", first.sample, what);
  if (first.kind == "missing")
    return fmt::format("{} samples are missing, the first is {}: they were never made",
                       failures.samples, first.sample);
  return fmt::format("{} samples failed alike: {}; the first is sample {}", failures.samples, what,
                     first.sample);
}

std::string counted(const std::vector<Failure>& failures) {
  std::map<std::string, std::size_t> counts;
  for (const Failure& failure : failures)
    if (failure.kind != "unsupported") ++counts[words_of(failure.kind)];
  std::string text;
  for (const auto& [kind, count] : counts)
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", count,
                        count == 1 ? "sample" : "samples", kind);
  return text;
}

}  // namespace sameseed
