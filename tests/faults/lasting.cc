#include "tests/faults/lasting.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/files.h"
#include "io/json_lines.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed::faults {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Every word of digits, hexadecimal ones too, as one sign.
std::string without_numbers(const std::string& text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789abcdef.", at), text.size());
    if (end == at) {
      result += text[at++];
      continue;
    }
    const std::string word = text.substr(at, end - at);
    result += word.find_first_of("0123456789") == std::string::npos ? word : "#";
    at = end;
  }
  return result;
}

// Pairs are scored in any order, and some more than once: what counts is the newest line of each.
std::string newest_scores(const fs::path& file) {
  std::map<std::string, std::string> newest;
  for_each_json_line(file, [&](const json& line) {
    newest[line.value("candidate_case", "") + line.value("reference_case", "")] = line.dump();
    return "";
  });
  std::string lines;
  for (const auto& [cases, line] : newest) lines += line + "\n";
  return lines;
}

std::string lasting_text(const fs::path& file) {
  const std::string name = file.filename();
  const std::string run = file.parent_path();
  if (name == "lock" || name.ends_with(".sqlite")) return "";  // the ledger: see its export
  if (name == "records.jsonl") {
    std::string lines;
    for (auto& [sample, record] : lasting_records(run)) {
      record.erase("slot");  // whichever was free first
      lines += record.dump() + "\n";
    }
    return lines;
  }
  if (name == "scores.jsonl") return newest_scores(file);
  if (name == "report.json") return lasting_report(run).dump(1);
  const std::string ending = file.extension();
  if (ending == ".html" || ending == ".txt" || ending == ".md" || ending == ".xml" ||
      name == "benchmarks.json" || name == "compare.json")
    return without_numbers(read_file(file));
  return read_file(file);
}

}  // namespace

std::map<std::string, std::string> lasting_state(const fs::path& folder) {
  std::map<std::string, std::string> state;
  for (auto entry = fs::recursive_directory_iterator(folder);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().lexically_relative(folder),
                      last = entry->path().filename();
    if (last == "logs" || last == "home" || last == "noise") {
      entry.disable_recursion_pending();
      continue;
    }
    if (entry->is_directory()) {
      state[name + "/"] = "";
      continue;
    }
    try {
      state[name] = lasting_text(entry->path());
    } catch (const std::exception& error) {
      state[name] = error.what();
    }
  }
  return state;
}

std::string differences(const std::map<std::string, std::string>& is,
                        const std::map<std::string, std::string>& should) {
  std::string text;
  for (const auto& [name, value] : should)
    if (!is.contains(name)) text += name + ": missing\n";
  for (const auto& [name, value] : is)
    if (!should.contains(name))
      text += name + ": is too many\n";
    else if (const std::string& other = should.at(name); other != value) {
      const auto [a, b] = std::mismatch(value.begin(), value.end(), other.begin(), other.end());
      const auto at = static_cast<std::size_t>(a - value.begin()), from = at > 40 ? at - 40 : 0;
      std::string parts = fmt::format("{}: differs: {} instead of {}", name,
                                      value.substr(from, 120), other.substr(from, 120));
      std::ranges::replace(parts, '\n', ' ');
      text += parts + "\n";
    }
  return text;
}

}  // namespace sameseed::faults
