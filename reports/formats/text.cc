// The report as a table that a person can read on a terminal.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "reports/formats/gate_table.h"
#include "reports/formats/report_format.h"
#include "reports/formats/report_table.h"
#include "reports/formats/table_cells.h"
#include "reports/judge/coverage.h"
#include "reports/run/cohort.h"
#include "reports/run/labels.h"
#include "reports/summary/failures.h"
#include "reports/summary/labels.h"

namespace sameseed {
namespace {

constexpr std::size_t kWidth = 10;  // of a column of numbers

// Of the settings' column of times, in which words may stand for a ratio.
std::size_t time_width(const std::vector<Comparison>& comparisons) {
  std::size_t width = kWidth;
  for (const Comparison& comparison : comparisons)
    width = std::max(width, ratio_text(comparison).size() + 2);
  return width;
}

void print_row(const Comparison& comparison, std::size_t time, std::ostream& out) {
  out << fmt::format("    to {:<18}",
                     comparison.is_against_reference() ? "the reference" : "switches off");
  for (const Column& column : table_columns())
    out << fmt::format("{:>{}}", mean_text(comparison, column), kWidth);
  out << fmt::format("{:>{}}   {}\n", ratio_text(comparison), time, engaged_label(comparison));
}

// "beyond the floor in PSNR dB, LPIPS; no difference shown in SSIM": the table's columns by their
// readings in `entries`, by metric.
template <typename Entries>
std::string readings(const Entries& entries) {
  std::map<std::string, std::vector<std::string>> by_reading;
  for (const Column& column : table_columns())
    if (const auto entry = entries.find(column.metric);
        entry != entries.end() && !entry->second.reading.empty())
      by_reading[entry->second.reading].push_back(column.title);
  std::vector<std::string> parts;
  for (const auto& [reading, columns] : by_reading)
    parts.push_back(by_reading.size() == 1
                        ? reading
                        : fmt::format("{} in {}", reading, fmt::join(columns, ", ")));
  return fmt::format("{}", fmt::join(parts, "; "));
}

void print_readings(const Comparison& comparison, std::ostream& out) {
  const std::string floor = readings(comparison.quality),
                    oracle = comparison.oracle ? readings(*comparison.oracle) : "";
  if (const std::string itself = time_floor_text(comparison); !itself.empty())
    out << "      time of the reference against itself: " << itself << "\n";
  if (!floor.empty()) out << "      floor: " << floor << "\n";
  if (!oracle.empty()) out << "      oracle: " << oracle << "\n";
}

// Where neither floor nor oracle was asked for only equal bytes can tell one.
bool can_tell_class(const Comparison& comparison) {
  return comparison.setting_class.name || comparison.oracle ||
         std::ranges::any_of(comparison.quality,
                             [](const auto& entry) { return !entry.second.floors.empty(); });
}

void print_class(const Comparison& comparison, std::ostream& out) {
  const ClassReading& reading = comparison.setting_class;
  if (!can_tell_class(comparison)) return;
  out << fmt::format("      class: {} ({})\n", class_label(reading), one_line(reading.because));
}

void print_floor(const FloorSummary& floor, std::ostream& out) {
  if (!floor.measured) return;
  out << "noise floor: mean losses of rows that ought to be equal\n";
  for (const FloorRow& row : floor.rows) {
    std::string text, kind = row.kind;
    const bool exact = std::ranges::all_of(row.quality, [](const auto& losses) {
      return losses.second.n == 0 || losses.second.worst == 0;
    });
    if (row.threads)
      kind += fmt::format(" ({} and {})", row.threads->first.dump(), row.threads->second.dump());
    for (const Column& column : table_columns())
      if (const auto losses = row.quality.find(column.metric); losses != row.quality.end())
        text += fmt::format(" {} {},", column.metric, floor_text(losses->second));
    if (!text.empty()) text.pop_back();
    if (!row.of.empty()) out << "  " << one_line(setting_label(row.of)) << ":";
    out << fmt::format("{}{}, {}:{}\n", row.of.empty() ? "  " : " ", row.arm, kind,
                       !row.reason.empty() ? " " + one_line(row.reason)
                       : exact             ? " exactly 0: deterministic"
                                           : text);
  }
  out << "\n";
}

void print_no_classes(const std::vector<Comparison>& comparisons, std::ostream& out) {
  if (const auto untold = std::ranges::count_if(
          comparisons, [](const Comparison& one) { return !can_tell_class(one); });
      untold > 0)
    out << fmt::format(
        "no class for {} {}: neither a floor nor an oracle stands beside {} (`--floor`, "
        "`--oracle`)\n\n",
        untold, untold == 1 ? "comparison" : "comparisons", untold == 1 ? "it" : "them");
}

void print_excluded(const std::vector<Excluded>& excluded, std::ostream& out) {
  for (const auto& [because, count] : excluded_reasons(excluded))
    out << fmt::format("excluded: {} combinations: {}\n", count, because);
}

// Where each setting began to differ from the reference, where the run was traced.
void print_traces(const std::vector<Comparison>& comparisons, std::ostream& out) {
  bool explained = false;
  for (const Comparison& comparison : comparisons) {
    if (!comparison.trace || !comparison.is_against_reference()) continue;
    if (!explained)
      out << "where it began: relative difference of the latents and of each block's norm, a bar a "
             "step\n  (▁ below 1e-7, a decade each, █ from 0.1 on; . equal, blank: not run in both "
             "arms), then the latents' last and\n  a block's mean value\n\n";
    explained = true;
    out << "  " << comparison.label << "\n    " << trace_label(*comparison.trace) << "\n"
        << trace_plot(*comparison.trace);
  }
  if (explained) out << "\n";
}

// "the same: conv half unset and conv half 1 (unset means OneDiff's default)", each pair once.
void print_equal_values(const std::vector<Comparison>& comparisons, std::ostream& out) {
  std::set<std::set<std::string>> seen;
  for (const Comparison& comparison : comparisons)
    for (const auto& [axis, proof] : comparison.engagement)
      for (const AxisValue& other : proof.same_as) {
        const auto written = comparison.setting.find(axis);  // paths as in the matrix
        if (written == comparison.setting.end()) continue;   // of the other arm
        const std::string value = setting_label({{axis, written->second}}),
                          same = setting_label({{axis, other}});
        if (!seen.insert({value, same}).second) continue;
        const std::string& why = proof.same_because;
        out << fmt::format("the same: {} and {}{}\n", value, same,
                           why.empty() ? "" : " (" + why + ")");
      }
}

// Those that are alike once, and samples that nobody tried to make by their number.
void print_failures(const std::vector<Failure>& failures, std::ostream& out) {
  for (const AlikeFailures& group : alike(failures)) {
    const Failure& first = *group.first;
    if (first.kind == "missing")
      out << fmt::format("missing: {} samples were never made; the same `sameseed run` goes on\n",
                         group.samples);
    else if (group.samples == 1)
      out << fmt::format("{}: {}: {}\n  repeat: {}\n", first.kind, first.case_id,
                         one_line(first.error), first.repeat);
    else
      out << fmt::format("{}: {} samples failed alike: {}\n  repeat the first: {}\n", first.kind,
                         group.samples, one_line(first.error), first.repeat);
  }
}

void print_cut_prompts(const CutPrompts& prompts, std::ostream& out) {
  if (const std::string text = told(prompts); !text.empty()) out << text << "\n";
}

void print_invalid(const std::map<std::string, int>& invalid, std::ostream& out) {
  for (const auto& [reason, count] : invalid)
    out << fmt::format("times left out: {} samples: {}\n", count, one_line(reason));
}

void print_verdict(const Verdict& verdict, std::ostream& out) {
  out << fmt::format("\nverdict: {} (exit code {}{})\n", verdict.word, verdict.code,
                     verdict.gates ? "" : ", no gates");
  for (const Cause& cause : verdict.causes)
    out << fmt::format("  {} {}\n", cause.code, one_line(cause.text));
}

// Before any number: those of a switch that did nothing are another setting's.
void print_idle_switches(const Verdict& verdict, std::ostream& out) {
  for (const Cause& cause : verdict.causes)
    if (cause.kind == "engagement")
      out << "\nA SWITCH DID NOTHING: " << one_line(cause.text) << "\n";
}

void print_gates(const Verdict& verdict, std::ostream& out) {
  const std::vector<GateRow> rows = gate_rows(verdict);
  if (rows.empty()) return;
  out << "\ngates\n";
  for (const GateRow& row : rows)
    out << fmt::format("  {}: {}\n    {}\n", row.answer, one_line(row.gate), gate_text(row));
  out << "  " << gate_note(verdict) << "\n";
}

// What the gates leave out.
void print_uncovered(const Summary& summary, const Verdict& verdict, std::ostream& out) {
  for (const std::string& line : told(uncovered(summary, verdict))) out << "  " << line << "\n";
}

// A label once, and under it its rows, each in one line.
void print_sentences(const ReportTable& table, std::ostream& out) {
  std::string last;
  for (const ReportRow& row : table.rows) {
    if (row.label != last) out << "  " << one_line(row.label) << "\n";
    last = row.label;
    std::string line;
    for (const std::string& cell : row.cells)
      if (cell != "-") line += (line.empty() ? "" : ": ") + one_line(cell);
    out << "    " << line << "\n";
  }
  for (const std::string& note : table.notes) out << "  " << note << "\n";
}

// First of all, because they are what the reader came for.
void print_table_of(const ReportTable& table, std::ostream& out) {
  constexpr std::size_t kLabel = 24, kCell = 19;
  if (table.is_of_sentences) {
    out << "\n" << one_line(table.title) << "\n";
    return print_sentences(table, out);
  }
  std::vector<std::size_t> widths;
  for (const std::string& title : table.titles) widths.push_back(std::max(kCell, title.size() + 2));
  for (const ReportRow& row : table.rows)
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      widths[i] = std::max(widths[i], row.cells[i].size() + 2);  // "±" counts twice
  out << fmt::format("\n{}\n{:<{}}", one_line(table.title), "", kLabel);
  for (std::size_t i = 0; i < table.titles.size(); ++i)
    out << fmt::format("{:>{}}", table.titles[i], widths[i]);
  for (const ReportRow& row : table.rows) {
    const bool fits = row.label.size() < kLabel;
    out << "\n" << row.label;
    out << (fits ? std::string(kLabel - row.label.size(), ' ') : "\n" + std::string(kLabel, ' '));
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      out << fmt::format("{:>{}}", row.cells[i], widths[i]);
  }
  out << "\n";
  for (const std::string& note : table.notes) out << "  " << note << "\n";
}

class TextReport final : public Report {
 public:
  std::string file() const override { return "report.txt"; }

  void write(const Summary& summary, const Verdict& verdict, std::ostream& out) const override {
    print_idle_switches(verdict, out);
    for (const ReportTable& table : report_tables(summary)) print_table_of(table, out);
    out << fmt::format(
        "\n{}: {}; scores are means over the prompts, time is candidate / other in A B B A "
        "blocks\n\n",
        summary.name, sample_label(summary.comparisons));
    out << fmt::format("{:<25}", "setting");
    for (const Column& column : table_columns()) out << fmt::format("{:>{}}", column.title, kWidth);
    const std::size_t time = time_width(summary.comparisons);
    out << fmt::format("{:>{}}   {}\n", "time", time, "engaged");
    std::string last;
    for (const Comparison& comparison : summary.comparisons) {
      if (comparison.label != last) out << comparison.label << "\n";
      last = comparison.label;
      print_row(comparison, time, out);
      if (comparison.status != "ok") out << "      " << one_line(comparison.reason) << "\n";
      if (comparison.damage) out << "      " << one_line(comparison.damage->sentence) << "\n";
      print_class(comparison, out);
      print_readings(comparison, out);
    }
    out << "\n";
    print_no_classes(summary.comparisons, out);
    print_floor(summary.noise_floor, out);
    print_traces(summary.comparisons, out);
    print_excluded(summary.excluded, out);
    print_equal_values(summary.comparisons, out);
    print_failures(summary.failures, out);
    print_invalid(summary.invalid, out);
    if (const std::string kept = kept_variables_text(summary.cohort); !kept.empty())
      out << one_line(kept) << "\n";
    print_cut_prompts(summary.cut_prompts, out);
    if (const std::string text = told(summary.lossy_pictures); !text.empty()) out << text << "\n";
    if (const std::string text = told(summary.repeated_pictures); !text.empty())
      out << one_line(text) << "\n";
    print_gates(verdict, out);
    print_uncovered(summary, verdict, out);
    print_verdict(verdict, out);
  }
};

}  // namespace

std::unique_ptr<Report> make_text_report() { return std::make_unique<TextReport>(); }

}  // namespace sameseed
