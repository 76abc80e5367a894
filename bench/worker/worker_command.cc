#include "bench/worker/worker_command.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "bench/plan/engine_name.h"
#include "bench/system/programs.h"

extern char** environ;

namespace sameseed {

Variables variables_of(const nlohmann::json& environment) {
  Variables variables;
  for (const auto& [name, value] : environment.at("variables").items())
    variables[name] = value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
  return variables;
}

std::vector<std::string> environment_for(const Variables& variables,
                                         const std::set<std::string>& swept) {
  std::map<std::string, std::string> values;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos && !swept.contains(text.substr(0, equals)))
      values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : variables) {
    if (value)
      values[name] = *value;
    else
      values.erase(name);
  }
  if (!values.contains("OMP_WAIT_POLICY")) values.try_emplace(kSpinCount, kFewSpins);
  std::vector<std::string> list;
  for (const auto& [name, value] : values) list.push_back(name + "=" + value);
  return list;
}

std::vector<std::string> worker_command(const std::string& engine, const std::string& worker) {
  for (const char* ours : {"reference", "accelerated", "null", "noise"})
    if (engine == ours) return {program(worker).string(), engine};
  if (is_folder(engine))  // one that may hold blanks
    return {program(worker).string(), kFolderEngine, folder_of(engine)};
  std::vector<std::string> words(1);
  for (const char c : engine) {
    if (c != ' ')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  return words;
}

}  // namespace sameseed
