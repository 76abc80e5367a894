#include "reports/formats/claims_table.h"

#include <fmt/format.h>

namespace sameseed {
namespace {

std::string measured_text(const TestedClaim& claim) {
  if (!claim.value) return "-";
  const bool is_time = claim.of.ends_with("time when off");
  const double scale = is_time ? 100 : 1;
  const auto number = [&](double value) {
    return fmt::format("{:+.3g}{}", scale * value, is_time ? " %" : "");
  };
  std::string text = number(*claim.value);
  if (claim.interval)
    text += fmt::format(" [{}, {}]", number(claim.interval->low), number(claim.interval->high));
  return text + " " + claim.of;
}

}  // namespace

ReportTable claims_table(const std::vector<TestedClaim>& claims) {
  ReportTable table{.title = "what is said of these switches, and what was measured here",
                    .of_rows = "claim",
                    .is_of_sentences = true,
                    .titles = {"model", "answer", "measured", "why"}};
  for (const TestedClaim& claim : claims)
    table.rows.push_back(
        {.label = claim.claim,
         .cells = {claim.model.empty() ? "-" : claim.model, claim.answer, measured_text(claim),
                   claim.because.empty() ? "-" : claim.because}});
  table.notes = {
      "each answer stands for itself at 95 %, over these prompts and these models; it says nothing "
      "of larger ones",
      "a cost that is shown may be too small to be seen: see what the pairs of its setting lost"};
  return table;
}

}  // namespace sameseed
