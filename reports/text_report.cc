// The report as a table that a person can read on a terminal.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>

#include "reports/labels.h"
#include "reports/report.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kWidth = 10;  // of a column of numbers

void print_row(const json& entry, std::ostream& out) {
  out << fmt::format("    to {:<18}",
                     entry.at("against") == "reference" ? "the reference" : "switches off");
  for (const Column& column : table_columns())
    out << fmt::format(
        "{:>{}}",
        statistic_text(entry.at("quality").value(column.metric, json()), "mean", column.format),
        kWidth);
  out << fmt::format("{:>{}}   {}\n",
                     statistic_text(entry.at("speed").value("total_ms", json()), "ratio", "{:.2f}"),
                     kWidth, engaged_label(entry));
}

void print_excluded(const json& excluded, std::ostream& out) {
  std::map<std::string, int> reasons;
  for (const json& one : excluded) ++reasons[one.at("because").get<std::string>()];
  for (const auto& [because, count] : reasons)
    out << fmt::format("excluded: {} combinations: {}\n", count, because);
}

// "the same: conv half unset and conv half 1 (unset means OneDiff's default)", each pair once.
void print_equal_values(const json& comparisons, std::ostream& out) {
  std::set<std::set<std::string>> told;
  for (const json& comparison : comparisons)
    for (const auto& [axis, proof] : comparison.at("engagement").items())
      for (const json& other : proof.value("same_as", json::array())) {
        if (!comparison.at("setting").contains(axis)) continue;  // of the other arm
        const std::string one = setting_label({{axis, proof.at("value")}}),
                          same = setting_label({{axis, other}});
        if (!told.insert({one, same}).second) continue;
        const std::string why = proof.value("same_because", "");
        out << fmt::format("the same: {} and {}{}\n", one, same,
                           why.empty() ? "" : " (" + why + ")");
      }
}

// Samples that nobody tried to make are counted, not listed.
void print_failures(const json& failures, std::ostream& out) {
  int missing = 0;
  for (const json& failure : failures) {
    if (failure.at("kind") == "missing") {
      ++missing;
      continue;
    }
    out << fmt::format("{}: {}: {}\n  repeat: {}\n", failure.at("kind").get<std::string>(),
                       failure.at("case").get<std::string>(), one_line(failure.at("error")),
                       failure.at("repeat").get<std::string>());
  }
  if (missing > 0)
    out << fmt::format("missing: {} samples were never made; the same `sameseed run` goes on\n",
                       missing);
}

void print_verdict(const json& verdict, std::ostream& out) {
  out << fmt::format("\nverdict: {} ({}{})\n", verdict.at("word").get<std::string>(),
                     verdict.at("code").get<int>(), verdict.contains("gates") ? "" : ", no gates");
  for (const json& cause : verdict.at("causes"))
    out << fmt::format("  {} {}\n", cause.at("code").get<int>(), one_line(cause.at("text")));
}

class TextReport final : public Report {
 public:
  std::string file() const override { return "report.txt"; }

  void write(const json& summary, std::ostream& out) const override {
    out << fmt::format(
        "\n{}: scores are means over the pairs, time is candidate / other in A B B A blocks\n\n",
        summary.at("name").get<std::string>());
    out << fmt::format("{:<25}", "setting");
    for (const Column& column : table_columns()) out << fmt::format("{:>{}}", column.title, kWidth);
    out << fmt::format("{:>{}}   {}\n", "time", kWidth, "engaged");
    std::string last;
    for (const json& comparison : summary.at("comparisons")) {
      const std::string setting = setting_label(comparison.at("setting"));
      if (setting != last) out << setting << "\n";
      last = setting;
      print_row(comparison, out);
      if (comparison.at("status") != "ok")
        out << "      " << one_line(comparison.at("reason")) << "\n";
      if (comparison.at("damage").is_object())
        out << "      " << one_line(comparison.at("damage").at("sentence")) << "\n";
    }
    out << "\n";
    print_excluded(summary.at("excluded"), out);
    print_equal_values(summary.at("comparisons"), out);
    print_failures(summary.at("failures"), out);
    print_verdict(summary.at("verdict"), out);
  }
};

}  // namespace

std::unique_ptr<Report> make_text_report() { return std::make_unique<TextReport>(); }

}  // namespace sameseed
