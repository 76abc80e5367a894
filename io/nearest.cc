#include "io/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sameseed {

// With one row of the table kept.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest(const std::string& name, const std::vector<std::string>& known) {
  return *std::min_element(known.begin(), known.end(), [&](const auto& x, const auto& y) {
    return edit_distance(name, x) < edit_distance(name, y);
  });
}

std::string hint_for(const std::string& name, const std::vector<std::string>& known,
                     const std::string& before) {
  if (known.empty()) return "none is known here";
  const std::string near = nearest(name, known);
  const std::size_t few = std::max<std::size_t>(2, std::max(name.size(), near.size()) / 3);
  const std::size_t edits = edit_distance(name, near);
  if (edits <= few && edits < std::min(name.size(), near.size()))
    return fmt::format("did you mean \"{}{}\"?", before, near);
  return fmt::format("known: {}{}", before, fmt::join(known, ", " + before));
}

}  // namespace sameseed
