// How settings, numbers and commands are written for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sameseed {

// "conv half 1, matmul half unset, deepcache 3/0/0"; "plain" without axes.
std::string setting_label(const nlohmann::json& setting);

// "1", "unset", "off".
std::string value_label(const std::string& axis, const nlohmann::json& value);

// "reference" or "switches off".
std::string against_label(const nlohmann::json& comparison);

// "yes", "inert", "yes, 2 inert", "NO" or "-" where there is nothing to prove; where the comparison
// did not come out, its status.
std::string engaged_label(const nlohmann::json& comparison);

// The columns of a table: those metrics of whom one number each is shown.
struct Column {
  const char *metric, *title, *format;
};
const std::vector<Column>& table_columns();

// A statistic of an entry of `quality` or `speed`, or "-".
std::string statistic_text(const nlohmann::json& entry, const char* statistic, const char* format);

// What others wrote, on one line: control characters (a terminal would obey them) become spaces.
std::string one_line(std::string text);

// A word for a POSIX shell.
std::string quoted(const std::string& word);

}  // namespace sameseed
