// What one picture took, by part.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sameseed {

// Names of all timings, in the order of a report: "total_ms", "step_full_ms", "step_partial_ms",
// "text_ms", "decode_ms". Steps are means over those of one image.
const std::vector<std::string>& timing_names();

// TIMING -> ms, of the names above; small, as a run has a million of them.
class Timings {
 public:
  Timings() { ms_.fill(std::numeric_limits<double>::quiet_NaN()); }
  Timings(std::initializer_list<std::pair<std::string_view, double>> timings);

  // Nothing for a timing that was not taken, or that is unknown.
  std::optional<double> of(std::string_view timing) const;
  // Throws std::invalid_argument for an unknown one.
  void set(std::string_view timing, double ms);
  // Those taken, by name.
  std::map<std::string, double> taken() const;

 private:
  std::array<double, 5> ms_;
};

}  // namespace sameseed
