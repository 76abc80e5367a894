// The verdict on a report.json, as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "reports/formats/json.h"
#include "reports/judge/report_reader.h"
#include "reports/judge/verdict.h"

namespace sameseed {

inline nlohmann::json judged(const nlohmann::json& report,
                             const std::optional<std::vector<Gate>>& gates,
                             const nlohmann::json* accepted = nullptr) {
  const Summary summary = summary_of_report(report);
  if (!accepted) return verdict_json(verdict_of(summary, gates));
  const Summary theirs = summary_of_report(*accepted);
  return verdict_json(verdict_of(summary, gates, &theirs));
}

}  // namespace sameseed
