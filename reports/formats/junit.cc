// junit.xml: a test case a comparison, as continuous integration shows them.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "reports/formats/gate_table.h"
#include "reports/formats/report_format.h"
#include "reports/judge/coverage.h"
#include "reports/run/labels.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Text for an XML 1.0 attribute or element: whatever comes in, it is well-formed. Bytes that are
// not UTF-8 become U+FFFD, and characters that XML forbids become spaces.
std::string escaped(const std::string& text) {
  const std::string valid =
      json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace));
  std::string result;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (c == '\n' || c == '\t')
      result += fmt::format("&#{};", static_cast<int>(c));
    else if (static_cast<unsigned char>(c) < ' ')
      result += ' ';
    else if (valid.compare(i, 2, "\xEF\xBF") == 0 && i + 2 < valid.size() &&
             (valid[i + 2] == '\xBE' || valid[i + 2] == '\xBF'))  // U+FFFE, U+FFFF
      result += ' ', i += 2;
    else
      result += c;
  }
  return result;
}

struct Finding {
  std::string type, text;
};

struct TestCase {
  std::string classname, name;
  std::vector<Finding> errors = {}, failures = {};
  std::string skipped, output = {};
};

void write_findings(const char* element, const std::vector<Finding>& findings, std::ostream& out) {
  if (findings.empty()) return;
  std::string all;
  for (const Finding& finding : findings) all += (all.empty() ? "" : "\n") + finding.text;
  out << fmt::format("    <{} type=\"{}\" message=\"{}\">{}</{}>\n", element,
                     escaped(findings.front().type), escaped(findings.front().text), escaped(all),
                     element);
}

void write_case(const TestCase& test, std::ostream& out) {
  out << fmt::format("  <testcase classname=\"{}\" name=\"{}\">\n", escaped(test.classname),
                     escaped(test.name));
  write_findings("error", test.errors, out);
  write_findings("failure", test.failures, out);
  if (!test.skipped.empty())
    out << fmt::format("    <skipped message=\"{}\"/>\n", escaped(test.skipped));
  if (!test.output.empty()) out << "    <system-out>" << escaped(test.output) << "</system-out>\n";
  out << "  </testcase>\n";
}

// What a gate found is a failure; what kept it from finding anything is an error.
void file_cause(const Cause& cause, TestCase& into) {
  const bool is_failure = cause.code == 2 || cause.code == 3 || cause.code == 8;
  (is_failure ? into.failures : into.errors).push_back({cause.kind, cause.text});
}

TestCase case_of(const Comparison& comparison, const std::string& suite) {
  const ClassReading& reading = comparison.setting_class;
  TestCase test{.classname = suite + "." + comparison.against,
                .name = comparison.label,
                .skipped = {},
                .output = fmt::format("class: {} ({})", class_label(reading), reading.because)};
  if (comparison.status == "unsupported")
    test.skipped = comparison.reason;
  else if (comparison.status == "failed" || comparison.status == "missing")
    test.errors.push_back(
        {comparison.status, fmt::format("{}\nrepeat: {}", comparison.reason, comparison.repeat)});
  for (const auto& [axis, proof] : comparison.engagement)
    if (proof.verdict == "not engaged")
      test.failures.push_back({"engagement", fmt::format("{} = {} did not act: {}", axis,
                                                         proof.value.dump(), proof.evidence)});
  return test;
}

// What each gate answered and could have shown, a line each.
std::string gates_text(const Verdict& verdict) {
  std::string text;
  for (const GateRow& row : gate_rows(verdict))
    text += fmt::format("{}: {}: {}\n", row.gate, row.answer, gate_text(row));
  return text.empty() ? text : text + gate_note(verdict);
}

std::vector<TestCase> test_cases(const Summary& summary, const Verdict& verdict) {
  TestCase whole{.classname = summary.name,
                 .name = "the run as a whole",
                 .skipped = {},
                 .output = fmt::format("verdict: {} (exit code {})\n{}", verdict.word, verdict.code,
                                       gates_text(verdict))};
  for (const std::string& line : told(uncovered(summary, verdict))) whole.output += line + "\n";
  if (const std::string cut = told(summary.cut_prompts); !cut.empty()) whole.output += cut + "\n";
  if (const std::string lossy = told(summary.lossy_pictures); !lossy.empty())
    whole.output += lossy + "\n";
  if (const std::string repeated = told(summary.repeated_pictures); !repeated.empty())
    whole.output += repeated + "\n";
  if (!verdict.gates && verdict.code == 0) whole.skipped = verdict.word + ": no gates were given";
  std::vector<TestCase> cases;
  std::map<std::string, std::size_t> place;
  for (const Comparison& comparison : summary.comparisons) {
    place[comparison.id] = cases.size();
    cases.push_back(case_of(comparison, summary.name));
  }
  for (const Cause& cause : verdict.causes) {
    if (cause.kind == "engagement") continue;  // stands at each comparison that it concerns
    const auto found = place.find(cause.comparison);
    file_cause(cause, found == place.end() ? whole : cases[found->second]);
  }
  for (const Excluded& excluded : summary.excluded)
    cases.push_back({.classname = summary.name + ".excluded",
                     .name = setting_label(excluded.setting),
                     .skipped = excluded.because});
  cases.insert(cases.begin(), whole);
  return cases;
}

class JunitReport final : public Report {
 public:
  std::string file() const override { return "junit.xml"; }

  void write(const Summary& summary, const Verdict& verdict, std::ostream& out) const override {
    const std::vector<TestCase> cases = test_cases(summary, verdict);
    std::size_t errors = 0, failures = 0, skipped = 0;
    for (const TestCase& test : cases) {
      errors += !test.errors.empty();
      failures += !test.failures.empty();
      skipped += !test.skipped.empty();
    }
    out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        << fmt::format(
               "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
               "skipped=\"{}\">\n",
               escaped(summary.name), cases.size(), failures, errors, skipped);
    out << fmt::format(
        "  <properties>\n    <property name=\"verdict\" value=\"{}\"/>\n    <property "
        "name=\"exit code\" value=\"{}\"/>\n  </properties>\n",
        escaped(verdict.word), verdict.code);
    for (const TestCase& test : cases) write_case(test, out);
    out << "</testsuite>\n";
  }
};

}  // namespace

std::unique_ptr<Report> make_junit_report() { return std::make_unique<JunitReport>(); }

}  // namespace sameseed
