// compare.json as a person reads it on a terminal.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "reports/compare/compare.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

constexpr std::size_t kMostDifferences = 20, kMostClaims = 25,
                      kMostShortfalls = 12;  // lines

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

void write_cohort(const Compared& compared, std::ostream& out) {
  const std::vector<CohortDifference>& differences = compared.differences;
  for (const std::string& field : compared.not_varied)
    out << fmt::format("{} is not shown to differ: --vary {} lets nothing through\n",
                       one_line(field), one_line(field));
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
  std::string text = number(difference.value);
  if (difference.interval)
    text += fmt::format(" [{}, {}]", number(difference.interval->low),
                        number(difference.interval->high));
  if (!claim.before || *claim.before <= 0) return text;
  text +=
      fmt::format(" on {:.3g} ({:+.0f} %", *claim.before, 100 * difference.value / *claim.before);
  if (claim.relative && claim.relative->interval)
    text += fmt::format(" [{:+.0f} %, {:+.0f} %]", 100 * claim.relative->interval->low,
                        100 * claim.relative->interval->high);
  text += ")";
  return text;
}

// How large the smallest changes are that these claims could have shown, and their margins.
void write_smallest(const std::vector<const Claim*>& claims, std::ostream& out) {
  double smallest = std::numeric_limits<double>::infinity(), largest = 0;
  const char* of = "";
  for (const Claim* claim : claims) {
    if (!claim->smallest_shown || !claim->margin) continue;
    if (!claim->is_time() && (!claim->before || *claim->before <= 0)) continue;
    const double change =
        claim->is_time() ? *claim->smallest_shown : *claim->smallest_shown / *claim->before;
    of = claim->is_time() ? "of time" : "of A's loss";
    smallest = std::min(smallest, change);
    largest = std::max(largest, change);
  }
  if (largest > 0)
    out << fmt::format(
        "  the smallest change that this could have shown: {:.1f} % to {:.1f} % {}\n",
        100 * smallest, 100 * largest, of);
}

// What is not there, by how grave it is.
void write_shortfalls(const std::vector<Shortfall>& shortfalls, std::ostream& out) {
  for (const auto& [code, title] : {std::pair{6, "made from something else"},
                                    {8, "did not act"},
                                    {7, "missing"},
                                    {5, "not measured"},
                                    {0, "to be known"}}) {
    std::vector<const Shortfall*> list;
    for (const Shortfall& shortfall : shortfalls)
      if (shortfall.code == code) list.push_back(&shortfall);
    if (list.empty()) continue;
    out << title << ":\n";
    for (std::size_t i = 0; i < list.size() && i < kMostShortfalls; ++i)
      out << "  " << one_line(list[i]->text) << "\n";
    if (list.size() > kMostShortfalls)
      out << fmt::format("  and {} more, see compare.json\n", list.size() - kMostShortfalls);
  }
}

// Worse ones on top.
int rank_of(const Claim& claim) {
  if (claim.reading == "worse" || claim.reading == "slower") return 0;
  return claim.reading == "inconclusive" ? 1 : 2;
}

void write_claims(const std::vector<Claim>& all, About about, const char* title,
                  std::ostream& out) {
  std::map<std::string, std::size_t> readings;
  std::vector<const Claim*> claims, listed;
  for (const Claim& claim : all) {
    if (claim.about != about) continue;
    claims.push_back(&claim);
    ++readings[claim.reading];
    if (claim.reading == "inconclusive" || is_difference(claim) ||
        claim.reading == "different, no floor was measured")
      listed.push_back(&claim);
  }
  std::ranges::stable_sort(listed, {}, [](const Claim* claim) { return rank_of(*claim); });
  if (claims.empty()) return;
  std::vector<std::string> parts;
  for (const auto& [reading, number] : readings)
    parts.push_back(fmt::format("{} {}", number, reading));
  out << fmt::format("{}: {}\n", title, fmt::join(parts, ", "));
  for (std::size_t i = 0; i < listed.size() && i < kMostClaims; ++i) {
    const Claim& claim = *listed[i];
    const std::size_t pairs = claim.pictures ? claim.pictures->pairs : 0;
    const std::string reading =
        claim.cause.empty() ? claim.reading : claim.reading + ", by " + claim.cause;
    out << fmt::format("  {:<26} {:<34} {}   ({}; n {})\n", reading, amount(claim), claim.measure,
                       subject(claim), claim.difference.n > 0 ? claim.difference.n : pairs);
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
  write_cohort(compared, out);
  const std::vector<Claim>& claims = compared.claims;
  write_claims(claims, About::kPictures, "B's pictures against A's", out);
  write_claims(claims, About::kOwnReference, "each against its own reference (B less A, in loss)",
               out);
  write_claims(claims, About::kSpeed, "times (B / A)", out);
  write_claims(claims, About::kCycles, "the same in cycles of the SM clock", out);
  write_claims(claims, About::kSwitch, "what a switch costs (B less A)", out);
  write_clocks(compared, out);
  if (!claims.empty())
    out << fmt::format(
        "a false \"worse\" among scores: at most 0.5 %, a false \"slower\" among times: at most 6 "
        "%; "
        "a wrong code 0: about 5 %; times count from {:.3g} % on\n",
        100 * compared.time_margin);
  write_shortfalls(compared.shortfalls, out);
  const CompareVerdict& verdict = compared.verdict;
  out << fmt::format("verdict: {} ({}){}\n", verdict.word, verdict.code,
                     verdict.text.empty() ? "" : ": " + verdict.text);
}

}  // namespace sameseed
