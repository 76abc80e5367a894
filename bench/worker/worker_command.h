// What a worker is started with: its command line and its environment variables.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sameseed {

using Variables = std::map<std::string, std::optional<std::string>>;  // no value: unset

// The variables of an environment of the plan, where null stands for unset.
Variables variables_of(const nlohmann::json& environment);

// What a worker is started with, and nothing else: of this process's environment what
// passed_variables.h lists, without `swept`, and the variables on top.
std::vector<std::string> environment_for(const Variables& variables,
                                         const std::set<std::string>& swept);

// The variables of this process that --keep-env names. Throws UserError for one that is not set.
std::map<std::string, std::string> kept_variables(const std::vector<std::string>& names);

// The switches that are set in this process and reach no worker; `known` are those that an axis or
// --keep-env names.
std::vector<std::string> left_out_switches(const std::set<std::string>& known);
std::string left_out_warning(const std::string& name);

// The command line of a worker: one of our engines (or `noise`) in the program `worker` beside this
// one, or an outside program with arguments, words apart.
std::vector<std::string> worker_command(const std::string& engine,
                                        const std::string& worker = "sameseed-worker");

}  // namespace sameseed
