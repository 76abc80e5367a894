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

namespace {

// What both begin with up to a dot they share ("both.request."): it says nothing of how near the
// rest is.
std::size_t shared_beginning(const std::string& a, const std::string& b) {
  std::size_t shared = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i)
    if (a[i] == '.') shared = i + 1;
  return shared;
}

// Whether one is a part of the other, as "CONV" is of a variable's name.
bool is_part(const std::string& name, const std::string& other) {
  constexpr std::size_t kLetters = 3;  // fewer tell nothing
  const std::size_t shared = shared_beginning(name, other);
  const std::string a = name.substr(shared), b = other.substr(shared);
  return std::min(a.size(), b.size()) >= kLetters &&
         (a.find(b) != std::string::npos || b.find(a) != std::string::npos);
}

bool is_near(const std::string& name, const std::string& other) {
  const std::size_t shared = shared_beginning(name, other);
  const std::string a = name.substr(shared), b = other.substr(shared);
  const std::size_t edits = edit_distance(a, b),
                    few = std::max<std::size_t>(2, std::max(a.size(), b.size()) / 3);
  return edits <= few && edits < std::min(a.size(), b.size());
}

}  // namespace

std::string hint_for(const std::string& name, const std::vector<std::string>& known,
                     const std::string& before) {
  if (known.empty()) return "none is known here";
  std::vector<std::string> parts;
  for (const std::string& one : known)
    if (is_part(name, one)) parts.push_back(one);
  const std::string near = nearest(name, parts.empty() ? known : parts);
  if (!parts.empty() || is_near(name, near))
    return fmt::format("did you mean \"{}{}\"?", before, near);
  return fmt::format("known: {}{}", before, fmt::join(known, ", " + before));
}

}  // namespace sameseed
