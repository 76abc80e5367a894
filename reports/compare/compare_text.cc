// compare.json as a person reads it on a terminal.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "reports/compare/compare.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

constexpr std::size_t kMostDifferences = 20, kMostClaims = 25;  // lines

std::string value_text(const nlohmann::json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (value.is_null()) text = "-";
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return one_line(text);
}

void write_run(const char* name, const ComparedRun& run, std::ostream& out) {
  out << fmt::format("{}  {}  {}  cohort {}\n", name, one_line(run.folder),
                     run.started ? value_text(*run.started) : "-", run.cohort.substr(0, 12));
  if (!run.differs.empty())
    out << fmt::format("   its own starts or workers disagree in {}\n",
                       one_line(nlohmann::json(run.differs).dump()));
}

void write_cohort(const std::vector<CohortDifference>& differences, std::ostream& out) {
  if (differences.empty()) {
    out << "the cohorts are equal\n";
    return;
  }
  out << "the cohorts differ in\n";
  std::vector<const CohortDifference*> sorted;  // what may not differ on top
  for (const CohortDifference& difference : differences) sorted.push_back(&difference);
  std::stable_partition(  // not that of ranges, which clang 14 cannot compile
      sorted.begin(), sorted.end(),
      [](const CohortDifference* difference) { return difference->allowed.empty(); });
  for (std::size_t i = 0; i < sorted.size() && i < kMostDifferences; ++i) {
    const CohortDifference& difference = *sorted[i];
    out << fmt::format("  {:<28} {} -> {}   {}\n", one_line(difference.field),
                       value_text(difference.a), value_text(difference.b),
                       difference.allowed.empty() ? "NOT VARIED" : difference.allowed);
  }
  if (sorted.size() > kMostDifferences)
    out << fmt::format("  and {} more\n", sorted.size() - kMostDifferences);
}

std::string subject(const Claim& claim) {
  std::string text = claim.about == About::kSwitch ? "switch" : claim.arm;
  text += claim.setting ? ": " + setting_label(*claim.setting) : ", all settings";
  if (claim.against == "switches_off") text += ", against switches off";
  return text;
}

std::string amount(const Claim& claim) {
  const Estimate& difference = claim.difference;
  if (difference.n == 0) return claim.pictures ? fmt::format("{:.3g}", claim.pictures->loss) : "-";
  const auto number = [&](double value) {
    return claim.is_time() ? fmt::format("{:+.2f} %", 100 * (value - 1))
                           : fmt::format("{:+.3g}", value);
  };
  if (!difference.interval) return number(difference.value);
  return fmt::format("{} [{}, {}]", number(difference.value), number(difference.interval->low),
                     number(difference.interval->high));
}

// How large the smallest changes of time are that these claims could have shown.
void write_smallest(const std::vector<const Claim*>& claims, std::ostream& out) {
  double smallest = 0, largest = 0;
  for (const Claim* claim : claims)
    if (claim->is_time() && claim->smallest_shown) {
      smallest =
          smallest == 0 ? *claim->smallest_shown : std::min(smallest, *claim->smallest_shown);
      largest = std::max(largest, *claim->smallest_shown);
    }
  if (largest > 0)
    out << fmt::format(
        "  the smallest change of time that this could have shown: {:.1f} % to {:.1f} %\n",
        100 * smallest, 100 * largest);
}

void write_claims(const std::vector<Claim>& all, About about, const char* title,
                  std::ostream& out) {
  std::map<std::string, std::size_t> readings;
  std::vector<const Claim*> claims, listed;
  for (const Claim& claim : all) {
    if (claim.about != about) continue;
    claims.push_back(&claim);
    ++readings[claim.reading];
    if (claim.reading != "equal" && claim.reading != "no difference shown" &&
        claim.reading != "too few")
      listed.push_back(&claim);
  }
  if (claims.empty()) return;
  std::vector<std::string> parts;
  for (const auto& [reading, number] : readings)
    parts.push_back(fmt::format("{} {}", number, reading));
  out << fmt::format("{}: {}\n", title, fmt::join(parts, ", "));
  for (std::size_t i = 0; i < listed.size() && i < kMostClaims; ++i) {
    const Claim& claim = *listed[i];
    const std::size_t pairs = claim.pictures ? claim.pictures->pairs : 0;
    out << fmt::format("  {:<26} {:<34} {}   ({}; n {})\n", claim.reading, amount(claim),
                       claim.measure, subject(claim),
                       claim.difference.n > 0 ? claim.difference.n : pairs);
  }
  if (listed.size() > kMostClaims)
    out << fmt::format("  and {} more, see compare.json\n", listed.size() - kMostClaims);
  write_smallest(claims, out);
}

void write_clocks(const Compared& compared, std::ostream& out) {
  if (compared.clock_a && compared.clock_b)
    out << fmt::format("SM clock while timed: {:.0f} MHz in A, {:.0f} MHz in B\n",
                       *compared.clock_a, *compared.clock_b);
  else if (std::ranges::any_of(compared.claims,
                               [](const Claim& claim) { return claim.about == About::kSpeed; }))
    out << "no clock was told: a busy or a hot machine looks like a slower one; `sameseed doctor` "
           "before each run\n";
}

}  // namespace

void write_comparison(const Compared& compared, std::ostream& out) {
  write_run("A", compared.a, out);
  write_run("B", compared.b, out);
  write_cohort(compared.differences, out);
  const std::vector<Claim>& claims = compared.claims;
  write_claims(claims, About::kPictures, "B's pictures against A's", out);
  write_claims(claims, About::kOwnReference, "each against its own reference (B less A, in loss)",
               out);
  write_claims(claims, About::kSpeed, "times (B / A)", out);
  write_claims(claims, About::kCycles, "the same in cycles of the SM clock", out);
  write_claims(claims, About::kSwitch, "what a switch costs (B less A)", out);
  write_clocks(compared, out);
  if (compared.comparable)
    out << fmt::format(
        "all {} claims hold together at {:.0f} % (Holm's step-down, resampled); times count from "
        "{:.0f} % on\n",
        claims.size(), 100 * compared.family.confidence, 100 * compared.time_margin);
  const CompareVerdict& verdict = compared.verdict;
  out << fmt::format("verdict: {} ({}){}\n", verdict.word, verdict.code,
                     verdict.text.empty() ? "" : ": " + verdict.text);
}

}  // namespace sameseed
