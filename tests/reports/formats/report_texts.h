// What a report says of a run, format by format.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <pugixml.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "reports/formats/report_format.h"
#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

struct Judged {
  Summary summary;
  Verdict verdict;
};

inline Judged judged(const RawRun& run,
                     const std::optional<std::vector<Gate>>& gates = std::nullopt) {
  Judged result{.summary = summary_of(run), .verdict = {}};
  result.verdict = verdict_of(result.summary, gates);
  return result;
}

inline std::string text_of(const Report& report, const Judged& judged) {
  std::ostringstream out;
  report.write(judged.summary, judged.verdict, out);
  return out.str();
}

inline pugi::xml_document junit_of(const Judged& judged) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_string(text_of(*make_junit_report(), judged).c_str());
  EXPECT_TRUE(parsed) << parsed.description();
  return document;
}

// All testcases of that name, "" for none.
inline pugi::xml_node test_case(const pugi::xml_document& document, const char* classname,
                                const char* name) {
  for (const pugi::xml_node& one : document.child("testsuite"))
    if (one.attribute("classname").value() == std::string(classname) &&
        one.attribute("name").value() == std::string(name))
      return one;
  return {};
}

const std::vector<Gate> kLpipsGate = {
    {.name = "lpips.alex", .statistic = "worst", .at_most = 0.25, .because = "users see it"}};

}  // namespace
}  // namespace sameseed
