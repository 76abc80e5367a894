// compare.json as a person reads it on a terminal.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "reports/compare/compare.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kMostDifferences = 20, kMostClaims = 25;  // lines

std::string value_text(const json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (value.is_null()) text = "-";
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return one_line(text);
}

void write_cohort(const json& cohort, std::ostream& out) {
  const json& differences = cohort.at("differences");
  if (differences.empty()) {
    out << "the cohorts are equal\n";
    return;
  }
  out << "the cohorts differ in\n";
  std::vector<const json*> sorted;  // what may not differ on top
  for (const json& one : differences) sorted.push_back(&one);
  std::stable_sort(sorted.begin(), sorted.end(), [](const json* a, const json* b) {
    return a->at("allowed").is_null() && !b->at("allowed").is_null();
  });
  for (std::size_t i = 0; i < sorted.size() && i < kMostDifferences; ++i) {
    const json& one = *sorted[i];
    out << fmt::format(
        "  {:<28} {} -> {}   {}\n", one_line(one.at("field")), value_text(one.at("a")),
        value_text(one.at("b")),
        one.at("allowed").is_null() ? "NOT VARIED" : one.at("allowed").get<std::string>());
  }
  if (sorted.size() > kMostDifferences)
    out << fmt::format("  and {} more\n", sorted.size() - kMostDifferences);
}

std::string subject(const json& claim) {
  const json& setting = claim.at("setting");
  std::string text = claim.at("arm").get<std::string>();
  if (claim.at("about") == "switch") text = "switch";
  text += setting == "all" ? ", all settings" : ": " + setting_label(setting);
  if (claim.value("against", "") == "switches_off") text += ", against switches off";
  return text;
}

std::string amount(const json& claim) {
  if (claim.at("difference").is_null())
    return claim.contains("loss") ? fmt::format("{:.3g}", claim.at("loss").get<double>()) : "-";
  const double value = claim.at("difference");
  const json& interval = claim.at("interval");
  const bool ratio = claim.at("unit") == "ratio";
  const auto number = [&](double one) {
    return ratio ? fmt::format("{:+.2f} %", 100 * (one - 1)) : fmt::format("{:+.3g}", one);
  };
  if (interval.is_null()) return number(value);
  return fmt::format("{} [{}, {}]", number(value), number(interval.at("low")),
                     number(interval.at("high")));
}

void write_claims(const json& claims, const char* about, const char* title, std::ostream& out) {
  std::map<std::string, std::size_t> readings;
  std::vector<const json*> told;
  double smallest = 0, largest = 0;
  std::string smallest_measure;
  std::size_t count = 0;
  for (const json& claim : claims) {
    if (claim.at("about") != about) continue;
    ++count;
    const std::string reading = claim.at("reading");
    ++readings[reading];
    if (reading != "equal" && reading != "no difference shown" && reading != "too few")
      told.push_back(&claim);
    if (claim.at("unit") == "ratio" && claim.at("smallest_shown").is_number()) {
      const double one = claim.at("smallest_shown");
      smallest = smallest == 0 ? one : std::min(smallest, one);
      largest = std::max(largest, one);
    }
  }
  if (count == 0) return;
  std::vector<std::string> parts;
  for (const auto& [reading, number] : readings)
    parts.push_back(fmt::format("{} {}", number, reading));
  out << fmt::format("{}: {}\n", title, fmt::join(parts, ", "));
  for (std::size_t i = 0; i < told.size() && i < kMostClaims; ++i) {
    const json& claim = *told[i];
    out << fmt::format(
        "  {:<26} {:<34} {}   ({}; n {})\n", claim.at("reading").get<std::string>(), amount(claim),
        claim.at("measure").get<std::string>(), subject(claim),
        claim.at("n").get<int>() ? claim.at("n").get<int>() : claim.value("pairs", 0));
  }
  if (told.size() > kMostClaims)
    out << fmt::format("  and {} more, see compare.json\n", told.size() - kMostClaims);
  if (largest > 0)
    out << fmt::format(
        "  the smallest change of time that this could have shown: {:.1f} % to {:.1f} %\n",
        100 * smallest, 100 * largest);
}

}  // namespace

void write_comparison(const json& compared, std::ostream& out) {
  for (const char* side : {"a", "b"}) {
    const json& run = compared.at(side);
    out << fmt::format("{}  {}  {}  cohort {}\n", side[0] == 'a' ? 'A' : 'B',
                       one_line(run.at("folder")), value_text(run.at("started")),
                       run.at("cohort").get<std::string>().substr(0, 12));
    if (!run.at("differs").empty())
      out << fmt::format("   its own starts or workers disagree in {}\n",
                         one_line(run.at("differs").dump()));
  }
  write_cohort(compared.at("cohort"), out);
  const json& claims = compared.at("claims");
  write_claims(claims, "pictures", "B's pictures against A's", out);
  write_claims(claims, "own reference", "each against its own reference (B less A, in loss)", out);
  write_claims(claims, "speed", "times (B / A)", out);
  write_claims(claims, "cycles", "the same in cycles of the SM clock", out);
  write_claims(claims, "switch", "what a switch costs (B less A)", out);
  if (compared.contains("clocks") && compared.at("clocks").at("a").is_number() &&
      compared.at("clocks").at("b").is_number())
    out << fmt::format("SM clock while timed: {:.0f} MHz in A, {:.0f} MHz in B\n",
                       compared.at("clocks").at("a").get<double>(),
                       compared.at("clocks").at("b").get<double>());
  else if (std::any_of(claims.begin(), claims.end(),
                       [](const json& claim) { return claim.at("about") == "speed"; }))
    out << "no clock was told: a busy or a hot machine looks like a slower one; `sameseed doctor` "
           "before each run\n";
  if (compared.contains("family"))
    out << fmt::format(
        "all {} claims hold together at {:.0f} % (Holm's step-down, resampled); times count from "
        "{:.0f} % on\n",
        compared.at("family").at("claims").get<int>(),
        100 * compared.at("family").at("level").get<double>(),
        100 * compared.at("family").at("time_margin").get<double>());
  const json& verdict = compared.at("verdict");
  const std::string text = verdict.at("text");
  out << fmt::format("verdict: {} ({}){}\n", verdict.at("word").get<std::string>(),
                     verdict.at("code").get<int>(), text.empty() ? "" : ": " + text);
}

}  // namespace sameseed
