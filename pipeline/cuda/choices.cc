#include "pipeline/cuda/choices.h"

#include <fmt/format.h>

#include <iostream>

#include "io/error.h"
#include "io/files.h"
#include "io/sha256.h"

namespace sameseed::cuda {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "sameseed/algorithms/1";

}  // namespace

Choices::Choices(std::filesystem::path file, std::string machine)
    : file_(std::move(file)), machine_(std::move(machine)), known_(read()) {}

// A file that cannot be used costs a search, not the run.
json Choices::read() const {
  if (file_.empty()) return json::object();
  try {
    json stored = read_json(file_);
    if (stored.value("schema", "") == kSchema && stored.value("machine", "") == machine_ &&
        stored.contains("choices") && stored.at("choices").is_object()) {
      json choices = json::object();
      for (const auto& [operation, choice] : stored.at("choices").items())
        if (choice.is_object() && choice.contains("algorithm") &&
            choice.at("algorithm").is_string())
          choices[operation] = choice;
      return choices;
    }
  } catch (const UserError&) {
  } catch (const json::exception&) {
  }
  return json::object();
}

json Choices::find(const std::string& operation) const {
  const auto found = known_.find(operation);
  if (found == known_.end()) return {};
  taken_[operation] = *found;
  return *found;
}

void Choices::keep(const std::string& operation, json choice) {
  taken_[operation] = choice;
  known_[operation] = std::move(choice);
  changed_ = true;
}

void Choices::save() {
  if (file_.empty() || !changed_) return;
  json all = read();
  all.update(known_);
  changed_ = false;
  try {
    write_file(file_,
               json{{"schema", kSchema}, {"machine", machine_}, {"choices", all}}.dump(1) + "\n");
  } catch (const UserError& error) {  // the next process searches again
    std::cerr << "the algorithms that were chosen are not kept: " << error.what()
              << "; set XDG_CACHE_HOME to a folder that can be written to\n";
  }
}

std::filesystem::path choices_file(const std::string& machine) {
  const std::string key = sha256(std::as_bytes(std::span(machine))).substr(0, 12);
  return cache_file(fmt::format("algorithms-{}.json", key));
}

}  // namespace sameseed::cuda
