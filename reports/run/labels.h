// How settings, numbers and commands are written for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/statistics/setting.h"

namespace sameseed {

// "conv half 1, matmul half unset, deepcache 3/0/0"; "plain" without axes.
std::string setting_label(const Setting& setting);

// "1", "unset", "off".
std::string value_label(const std::string& axis, const AxisValue& value);

// The columns of a table: those metrics of whom one number each is shown.
struct Column {
  const char *metric, *title, *format;
};
const std::vector<Column>& table_columns();

// A number in a table; "-" where there is none, a word where it is not finite.
std::string number_text(const std::optional<double>& value, const char* format);

// What others wrote, on one line: control characters (a terminal would obey them) become spaces.
std::string one_line(std::string text);

// "A, B, C and 4 more": the first `most` of them.
std::string listed(const std::vector<std::string>& names, std::size_t most,
                   const char* separator = ", ");

// A word for a POSIX shell.
std::string quoted(const std::string& word);

}  // namespace sameseed
