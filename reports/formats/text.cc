// The report as a table that a person can read on a terminal.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "reports/formats/effects_table.h"
#include "reports/formats/gate_table.h"
#include "reports/formats/report_format.h"
#include "reports/run/labels.h"
#include "reports/summary/trace.h"

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

// "beyond the floor in PSNR dB, LPIPS; no difference shown in SSIM": the table's columns by their
// readings in `entries`.
std::string readings(const json& entries) {
  if (!entries.is_object()) return "";  // no oracle was asked for
  std::map<std::string, std::vector<std::string>> by_reading;
  for (const Column& column : table_columns())
    if (const json entry = entries.value(column.metric, json::object()); entry.contains("reading"))
      by_reading[entry.at("reading")].push_back(column.title);
  std::vector<std::string> parts;
  for (const auto& [reading, columns] : by_reading)
    parts.push_back(by_reading.size() == 1
                        ? reading
                        : fmt::format("{} in {}", reading, fmt::join(columns, ", ")));
  return fmt::format("{}", fmt::join(parts, "; "));
}

void print_readings(const json& comparison, std::ostream& out) {
  for (const auto& [title, text] : {std::pair{"floor", readings(comparison.at("quality"))},
                                    {"oracle", readings(comparison.at("oracle"))}})
    if (!text.empty()) out << fmt::format("      {}: {}\n", title, text);
}

void print_floor(const json& floor, std::ostream& out) {
  if (!floor.at("measured").get<bool>()) return;
  out << "noise floor: mean losses of rows that ought to be equal\n";
  for (const json& row : floor.at("rows")) {
    std::string text, kind = row.at("kind");
    bool exact = true;
    for (const auto& [metric, entry] : row.at("quality").items())
      exact = exact && (entry.at("n") == 0 || entry.at("worst") == 0);
    if (row.contains("threads"))
      kind += fmt::format(" ({} and {})", row.at("threads").at(0).dump(),
                          row.at("threads").at(1).dump());
    for (const Column& column : table_columns())
      if (const json entry = row.at("quality").value(column.metric, json()); entry.is_object())
        text += fmt::format(" {} {},", column.metric, statistic_text(entry, "mean", "{:.2g}"));
    if (!text.empty()) text.pop_back();
    out << fmt::format("  {}, {}:{}\n", row.at("arm").get<std::string>(), kind,
                       row.contains("reason") ? " " + one_line(row.at("reason"))
                       : exact                ? " exactly 0: deterministic"
                                              : text);
  }
  out << "\n";
}

void print_excluded(const json& excluded, std::ostream& out) {
  std::map<std::string, int> reasons;
  for (const json& one : excluded) ++reasons[one.at("because").get<std::string>()];
  for (const auto& [because, count] : reasons)
    out << fmt::format("excluded: {} combinations: {}\n", count, because);
}

// Where each setting began to differ from the reference, where the run was traced.
void print_traces(const json& comparisons, std::ostream& out) {
  bool explained = false;
  for (const json& comparison : comparisons) {
    if (!comparison.contains("trace") || comparison.at("against") != "reference") continue;
    if (!explained)
      out << "where it began: relative difference of the latents and of each block's norm, a bar a "
             "step\n  (▁ below 1e-7, a decade each, █ from 0.1 on; . equal, blank: not run in both "
             "arms), then the latents' last and\n  a block's mean value\n\n";
    explained = true;
    out << "  " << setting_label(comparison.at("setting")) << "\n    "
        << trace_label(comparison.at("trace")) << "\n"
        << trace_plot(comparison.at("trace"));
  }
  if (explained) out << "\n";
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

void print_invalid(const json& invalid, std::ostream& out) {
  for (const auto& [reason, count] : invalid.items())
    out << fmt::format("times left out: {} samples: {}\n", count.get<int>(), one_line(reason));
}

void print_verdict(const json& verdict, std::ostream& out) {
  out << fmt::format("\nverdict: {} ({}{})\n", verdict.at("word").get<std::string>(),
                     verdict.at("code").get<int>(), verdict.contains("gates") ? "" : ", no gates");
  for (const json& cause : verdict.at("causes"))
    out << fmt::format("  {} {}\n", cause.at("code").get<int>(), one_line(cause.at("text")));
}

void print_gates(const json& verdict, std::ostream& out) {
  const std::vector<GateRow> rows = gate_rows(verdict);
  if (rows.empty()) return;
  out << "\ngates\n";
  for (const GateRow& row : rows)
    out << fmt::format("  {}: {}\n    {}\n", row.answer, one_line(row.gate), gate_text(row));
  out << "  " << gate_note(verdict) << "\n";
}

// What each switch costs and buys: first of all, because it is what the reader came for.
void print_effects(const EffectTable& table, std::ostream& out) {
  constexpr std::size_t kLabel = 24, kCell = 19;
  if (table.rows.empty()) return;
  out << fmt::format("\nthis switch costs and buys\n{:<{}}", "", kLabel);
  for (const std::string& title : table.titles) out << fmt::format("{:>{}}", title, kCell);
  for (const EffectRow& row : table.rows) {
    const bool fits = row.label.size() < kLabel;
    out << "\n" << row.label;
    out << (fits ? std::string(kLabel - row.label.size(), ' ') : "\n" + std::string(kLabel, ' '));
    for (const std::string& cell : row.cells) out << fmt::format("{:>{}}", cell, kCell);
  }
  out << "\n";
  for (const std::string& note : table.notes) out << "  " << note << "\n";
}

class TextReport final : public Report {
 public:
  std::string file() const override { return "report.txt"; }

  void write(const json& summary, std::ostream& out) const override {
    print_effects(effect_table(summary.at("effects")), out);
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
      print_readings(comparison, out);
    }
    out << "\n";
    print_floor(summary.at("noise_floor"), out);
    print_traces(summary.at("comparisons"), out);
    print_excluded(summary.at("excluded"), out);
    print_equal_values(summary.at("comparisons"), out);
    print_failures(summary.at("failures"), out);
    print_invalid(summary.at("invalid"), out);
    print_gates(summary.at("verdict"), out);
    print_verdict(summary.at("verdict"), out);
  }
};

}  // namespace

std::unique_ptr<Report> make_text_report() { return std::make_unique<TextReport>(); }

}  // namespace sameseed
