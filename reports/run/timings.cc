#include "reports/run/timings.h"

#include <algorithm>
#include <stdexcept>

namespace sameseed {

const std::vector<std::string>& timing_names() {
  static const std::vector<std::string> names = {"total_ms", "step_full_ms", "step_partial_ms",
                                                 "text_ms", "decode_ms"};
  return names;
}

Timings::Timings(std::initializer_list<std::pair<std::string_view, double>> timings) : Timings() {
  for (const auto& [timing, ms] : timings) set(timing, ms);
}

std::optional<double> Timings::of(std::string_view timing) const {
  const auto place =
      static_cast<std::size_t>(std::ranges::find(timing_names(), timing) - timing_names().begin());
  if (place >= ms_.size() || std::isnan(ms_[place])) return std::nullopt;
  return ms_[place];
}

void Timings::set(std::string_view timing, double ms) {
  const auto found = std::ranges::find(timing_names(), timing);
  if (found == timing_names().end())
    throw std::invalid_argument("no timing is called " + std::string(timing));
  ms_[static_cast<std::size_t>(found - timing_names().begin())] = ms;
}

std::map<std::string, double> Timings::taken() const {
  std::map<std::string, double> all;
  for (std::size_t i = 0; i < ms_.size(); ++i)
    if (!std::isnan(ms_[i])) all[timing_names()[i]] = ms_[i];
  return all;
}

}  // namespace sameseed
