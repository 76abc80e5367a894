#include "bench/worker/worker_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bench/plan/engine_name.h"
#include "bench/system/programs.h"
#include "bench/worker/passed_variables.h"
#include "io/error.h"
#include "io/text.h"

extern char** environ;

namespace sameseed {
namespace {

// The variables of this process by their names.
std::map<std::string, std::string> own_variables() {
  std::map<std::string, std::string> values;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const std::size_t equals = text.find('='); equals != std::string::npos)
      values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return values;
}

bool is_passed(const std::string& name) {
  return std::ranges::any_of(kPassedVariables, [&](const auto& one) { return name == one.name; });
}

bool is_switch(const std::string& name) {
  const auto begins = [&](const char* prefix) { return name.starts_with(prefix); };
  return std::ranges::any_of(kSwitchPrefixes, begins) && std::ranges::none_of(kNoSwitches, begins);
}

}  // namespace

Variables variables_of(const nlohmann::json& environment) {
  Variables variables;
  for (const auto& [name, value] : environment.at("variables").items())
    variables[name] = value.is_null() ? std::nullopt : std::optional(value.get<std::string>());
  return variables;
}

std::vector<std::string> environment_for(const Variables& variables,
                                         const std::set<std::string>& swept) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : own_variables())
    if (is_passed(name) && !swept.contains(name)) values[name] = value;
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

std::map<std::string, std::string> kept_variables(const std::vector<std::string>& names) {
  std::map<std::string, std::string> kept;
  for (const std::string& name : names) {
    const char* value = std::getenv(name.c_str());
    if (!value) throw UserError(fmt::format("--keep-env {}: no such variable is set here", name));
    if (find_invalid_utf8(value) != std::string::npos)
      throw UserError(fmt::format("--keep-env {}: its value is not UTF-8", name));
    kept[name] = value;
  }
  return kept;
}

std::vector<std::string> left_out_switches(const std::set<std::string>& known) {
  std::vector<std::string> names;
  for (const auto& [name, value] : own_variables())
    if (is_switch(name) && !is_passed(name) && !known.contains(name) &&
        !(name == kSpinCount && value == kFewSpins))
      names.push_back(name);
  return names;
}

std::string left_out_warning(const std::string& name) {
  return fmt::format(
      "warning: {0} is set here and does not reach the workers; --keep-env {0} takes it along, as "
      "a "
      "part of what the run is made of",
      name);
}

std::vector<std::string> worker_command(const std::string& engine, const std::string& worker) {
  if (is_built_in(engine) || engine == "noise") return {program(worker).string(), engine};
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
