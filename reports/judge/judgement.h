// A gate held against a report.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/judge/gate.h"

namespace sameseed {

// What a gate found: causes as in the verdict (verdict.h), and how many comparisons it judged.
struct Judgement {
  nlohmann::json causes = nlohmann::json::array();
  int judged = 0, passed = 0, failed = 0, unsupported = 0;
  // For each comparison that it names {comparison, answer: "pass"|"fail"|"inconclusive"|"not
  // judged"|"unsupported", tests}: see reports/FILES.md.
  nlohmann::json settings = nlohmann::json::array();
};

// Pure. `number` is the gate's place in its file, from 0; `accepted` the report of the accepted
// run, or null. A name that the report does not know or a `where` that fits no setting is a cause
// of kind "usage"; a value that is missing never passes.
Judgement judge(const Gate& gate, int number, const nlohmann::json& report,
                const nlohmann::json* accepted);

// Of all settings together: "pass", "fail" or "inconclusive".
const char* answer_of(const Judgement& judgement);

}  // namespace sameseed
