// junit.xml: a test case a comparison, as continuous integration shows them.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "reports/formats/gate_table.h"
#include "reports/formats/report_format.h"
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
  std::vector<Finding> errors, failures;
  std::string skipped, output;
};

void write_findings(const char* element, const std::vector<Finding>& findings, std::ostream& out) {
  if (findings.empty()) return;
  std::string all;
  for (const Finding& finding : findings) all += (all.empty() ? "" : "\n") + finding.text;
  out << fmt::format("    <{} type=\"{}\" message=\"{}\">{}</{}>\n", element,
                     escaped(findings.front().type), escaped(findings.front().text), escaped(all),
                     element);
}

void write_case(const TestCase& one, std::ostream& out) {
  out << fmt::format("  <testcase classname=\"{}\" name=\"{}\">\n", escaped(one.classname),
                     escaped(one.name));
  write_findings("error", one.errors, out);
  write_findings("failure", one.failures, out);
  if (!one.skipped.empty())
    out << fmt::format("    <skipped message=\"{}\"/>\n", escaped(one.skipped));
  if (!one.output.empty()) out << "    <system-out>" << escaped(one.output) << "</system-out>\n";
  out << "  </testcase>\n";
}

// What a gate found is a failure; what kept it from finding anything is an error.
void file_cause(const json& cause, TestCase& into) {
  const int code = cause.at("code");
  auto& list = code == 2 || code == 3 || code == 8 ? into.failures : into.errors;
  list.push_back({cause.at("kind"), cause.at("text")});
}

TestCase case_of(const json& comparison, const std::string& suite) {
  TestCase one{suite + "." + comparison.at("against").get<std::string>(),
               setting_label(comparison.at("setting")),
               {},
               {},
               {},
               {}};
  const std::string status = comparison.at("status"), reason = comparison.at("reason");
  if (status == "unsupported")
    one.skipped = reason;
  else if (status == "failed" || status == "missing")
    one.errors.push_back({status, fmt::format("{}\nrepeat: {}", reason,
                                              comparison.at("repeat").get<std::string>())});
  return one;
}

// What each gate answered and could have shown, a line each.
std::string gates_text(const json& verdict) {
  std::string text;
  for (const GateRow& row : gate_rows(verdict))
    text += fmt::format("{}: {}: {}\n", row.gate, row.answer, gate_text(row));
  return text.empty() ? text : text + gate_note(verdict);
}

std::vector<TestCase> test_cases(const json& summary) {
  const std::string suite = summary.at("name");
  TestCase whole{suite, "the run as a whole", {}, {}, {}, gates_text(summary.at("verdict"))};
  std::vector<TestCase> cases;
  std::map<std::string, std::size_t> place;
  for (const json& comparison : summary.at("comparisons")) {
    place[comparison.at("id")] = cases.size();
    cases.push_back(case_of(comparison, suite));
  }
  for (const json& cause : summary.at("verdict").at("causes")) {
    const auto found = place.find(cause.value("comparison", ""));
    file_cause(cause, found == place.end() ? whole : cases[found->second]);
  }
  for (const json& one : summary.at("excluded"))
    cases.push_back(
        {suite + ".excluded", setting_label(one.at("setting")), {}, {}, one.at("because"), {}});
  cases.insert(cases.begin(), whole);
  return cases;
}

class JunitReport final : public Report {
 public:
  std::string file() const override { return "junit.xml"; }

  void write(const json& summary, std::ostream& out) const override {
    const std::vector<TestCase> cases = test_cases(summary);
    std::size_t errors = 0, failures = 0, skipped = 0;
    for (const TestCase& one : cases) {
      errors += !one.errors.empty();
      failures += !one.failures.empty();
      skipped += !one.skipped.empty();
    }
    out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        << fmt::format(
               "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
               "skipped=\"{}\">\n",
               escaped(summary.at("name")), cases.size(), failures, errors, skipped);
    for (const TestCase& one : cases) write_case(one, out);
    out << "</testsuite>\n";
  }
};

}  // namespace

std::unique_ptr<Report> make_junit_report() { return std::make_unique<JunitReport>(); }

}  // namespace sameseed
