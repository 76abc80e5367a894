// Which model a switch costs more, by planted ratios of their losses.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "reports/summary/sensitivity.h"
#include "tests/reports/rates/rates.h"

namespace sameseed {
namespace {

using Ought = RateRow::Ought;

constexpr std::size_t kSwitches = 5;

// Prompts differ in what they lose (log-normal of sigma 1, the same for both models), and models on
// a prompt: the logarithm of the ratio has the standard deviation `spread`, by halves from each.
std::vector<SensitivityOn> told(std::size_t prompts, double ratio, double spread, Random& random) {
  std::vector<ModelLosses> rows;
  for (std::size_t i = 0; i < kSwitches; ++i) {
    ModelLosses& row = rows.emplace_back(ModelLosses{.a = "A", .b = "B"});
    for (std::size_t prompt = 0; prompt < prompts; ++prompt) {
      const double shared = std::exp(normal(random)), own = spread / std::sqrt(2);
      row.by_prompt[std::to_string(prompt)].emplace_back(
          ratio * shared * std::exp(own * normal(random)), shared * std::exp(own * normal(random)));
    }
  }
  return ratios_of_losses(rows);
}

bool any_says(const std::vector<SensitivityOn>& rows, const std::string& part) {
  return std::ranges::any_of(
      rows, [&](const SensitivityOn& on) { return on.answer.find(part) != std::string::npos; });
}

RateRow row(std::string what, Ought ought, double bound, std::function<bool(Random&)> counts) {
  return {.group = "models",
          .what = std::move(what),
          .ought = ought,
          .bound = bound,
          .counts = std::move(counts)};
}

}  // namespace

std::vector<RateRow> sensitivity_rows() {
  std::vector<RateRow> rows;
  for (const double spread : {0.3, 0.6, 1.0}) {
    const std::string of = fmt::format("12 prompts, 5 switches, spread {:.1f}, ", spread);
    rows.push_back(row(of + "a true ratio of 1: any switch says that a model is more sensitive",
                       Ought::kAtMost, 0.05, [=](Random& random) {
                         return any_says(told(12, 1, spread, random), "more sensitive");
                       }));
    for (const double ratio : {1.5, 3.0})
      rows.push_back(row(fmt::format("{}a true ratio of {:g}: found for a given switch", of, ratio),
                         ratio > 2 && spread < 0.8 ? Ought::kAtLeast : Ought::kToldOnly, 0.8,
                         [=](Random& random) {
                           return told(12, ratio, spread, random)[0].answer == "A more sensitive";
                         }));
    rows.push_back(row(of + "a true ratio of 1.5: any switch says \"equal within the margin\"",
                       Ought::kAtMost, 0.05, [=](Random& random) {
                         return any_says(told(12, kSensitivityMargin, spread, random), "equal");
                       }));
  }
  for (const std::size_t prompts : {std::size_t{24}, std::size_t{48}})
    rows.push_back(row(fmt::format("{} prompts, 5 switches, spread 1.0, a true ratio of 3: found "
                                   "for a given switch",
                                   prompts),
                       Ought::kAtLeast, 0.8, [=](Random& random) {
                         return told(prompts, 3, 1, random)[0].answer == "A more sensitive";
                       }));
  for (const std::size_t prompts : {std::size_t{12}, std::size_t{48}})
    rows.push_back(row(fmt::format("{} prompts, 5 switches, spread 0.3, a true ratio of 1: equal "
                                   "within the margin, for a given switch",
                                   prompts),
                       Ought::kToldOnly, 0, [=](Random& random) {
                         return told(prompts, 1, 0.3, random)[0].answer ==
                                "equal within the margin";
                       }));
  return rows;
}

}  // namespace sameseed
