// report.md: short, for a pull request or a chat: verdict and worst pairs on top.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "reports/formats/gate_table.h"
#include "reports/formats/report_format.h"
#include "reports/formats/report_table.h"
#include "reports/formats/table_cells.h"
#include "reports/formats/worst_pairs.h"
#include "reports/judge/coverage.h"
#include "reports/run/cohort.h"
#include "reports/run/labels.h"
#include "reports/summary/labels.h"

namespace sameseed {
namespace {

constexpr std::size_t kMostCauses = 10;
constexpr std::size_t kWorstPairs = 5;
constexpr std::size_t kMostRows = 60;        // a comment on a pull request holds 65,536 characters
constexpr std::size_t kLongestPrompt = 100;  // bytes

// Text that stays text in a cell of a table, on one line.
std::string plain(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ')
      result += ' ';
    else if (std::string("\\`*_{}[]()#+!|<>~").find(c) != std::string::npos)
      result += std::string("\\") + c;
    else
      result += c;
  }
  return result;
}

std::string code(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += c == '`' ? '\'' : static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  return "`" + result + "`";
}

std::string shortened(const std::string& text) {
  if (text.size() <= kLongestPrompt) return text;
  std::size_t end = kLongestPrompt;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole letters
  return text.substr(0, end) + " ...";
}

void write_verdict(const Verdict& verdict, std::ostream& out) {
  out << fmt::format(
      "**{}** (exit code {}{})\n\n", verdict.word, verdict.code,
      verdict.gates ? "" : "; no gates were given, so scores and times were not judged");
  const std::vector<Cause>& causes = verdict.causes;
  for (std::size_t i = 0; i < causes.size() && i < kMostCauses; ++i)
    out << "* " << plain(causes[i].text) << "\n";
  if (causes.size() > kMostCauses)
    out << fmt::format("* and {} more, see report.json\n", causes.size() - kMostCauses);
  if (!causes.empty()) out << "\n";
}

void write_table_of(const ReportTable& table, std::ostream& out) {
  if (table.rows.empty()) return;
  std::string heading = table.title;
  heading.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(heading.front())));
  out << plain(heading) << ":\n\n| " << table.of_rows << " |";
  for (const std::string& title : table.titles) out << " " << title << " |";
  out << "\n|---|";
  for (std::size_t i = 0; i < table.titles.size(); ++i) out << "---:|";
  for (const ReportRow& row : table.rows) {
    out << "\n| " << plain(row.label) << " |";
    for (const std::string& cell : row.cells) out << " " << plain(cell) << " |";
  }
  out << "\n\n";
  for (const std::string& note : table.notes) {
    const bool under = note.starts_with("  ");  // the line above
    out << (under ? "  * " : "* ") << plain(note.substr(under ? 2 : 0)) << "\n";
  }
  out << "\n";
}

void write_table(const std::vector<Comparison>& comparisons, std::ostream& out) {
  out << "| setting | against |";
  for (const Column& column : table_columns()) out << " " << column.title << " |";
  const bool floor = std::ranges::any_of(comparisons, [](const Comparison& comparison) {
    return !time_floor_text(comparison).empty();
  });
  out << " time |" << (floor ? " reference against itself |" : "")
      << " class | engaged |\n|---|---|";
  for (std::size_t i = 0; i < table_columns().size(); ++i) out << "---:|";
  out << (floor ? "---:|---:|---|---|\n" : "---:|---|---|\n");
  for (std::size_t i = 0; i < std::min(kMostRows, comparisons.size()); ++i) {
    const Comparison& comparison = comparisons[i];
    out << fmt::format("| {} | {} |", plain(comparison.label), against_label(comparison.against));
    for (const Column& column : table_columns())
      out << fmt::format(" {} |", mean_text(comparison, column));
    out << fmt::format(" {} |", ratio_text(comparison));
    if (floor) out << fmt::format(" {} |", plain(time_floor_text(comparison)));
    out << fmt::format(" {} | {} |\n", class_label(comparison.setting_class),
                       engaged_label(comparison));
  }
  if (comparisons.size() > kMostRows)
    out << fmt::format("\nand {} more, see report.txt\n", comparisons.size() - kMostRows);
}

void write_traces(const std::vector<Comparison>& comparisons, std::ostream& out) {
  bool titled = false;
  for (const Comparison& comparison : comparisons) {
    if (!comparison.trace) continue;
    if (!titled)
      out << "\nWhere it began:\n\n| setting | against | first difference |\n|---|---|---|\n";
    titled = true;
    out << fmt::format("| {} | {} | {} |\n", plain(comparison.label),
                       against_label(comparison.against), plain(trace_label(*comparison.trace)));
  }
}

// What the scores tell of each comparison against the reference.
void write_damage(const std::vector<Comparison>& comparisons, std::ostream& out) {
  std::string lines;
  for (const Comparison& comparison : comparisons)
    if (comparison.is_against_reference() && comparison.damage)
      lines +=
          fmt::format("* {}: {}\n", plain(comparison.label), plain(comparison.damage->sentence));
  if (!lines.empty()) out << "\nDamage against the reference:\n\n" << lines;
}

// The worst pairs with all the table's metrics: what one looks at first.
void write_worst(const Summary& summary, const Verdict& verdict, std::ostream& out) {
  const WorstBy by = worst_by(summary, verdict).front();
  const std::string& metric = by.metric;
  const std::vector<WorstPair> worst = worst_pairs(summary, by, kWorstPairs);
  if (worst.empty()) return;
  const std::string against = by.against == "reference" ? "the reference" : "switches off";
  out << (by.gate.empty()
              ? fmt::format("Worst pairs against {}", against)
              : fmt::format("Worst pairs of the settings that do not pass {}, against {}",
                            plain(by.gate), against))
      << fmt::format(", by {}:\n\n|", plain(metric));
  const bool shown = std::ranges::any_of(
      table_columns(), [&](const Column& column) { return column.metric == metric; });
  if (!shown) out << " " << plain(metric) << " |";
  for (const Column& column : table_columns()) out << " " << column.title << " |";
  out << " setting | prompt | seed | repeat |\n|";
  for (std::size_t i = 0; i < table_columns().size() + !shown; ++i) out << "---:|";
  out << "---|---|---|---|\n";
  for (const auto& [comparison, scored] : worst) {
    const auto cell = [&out, pair = scored](const std::string& name, const char* format) {
      const auto value = pair->values.find(name);
      const bool known = value != pair->values.end();
      out << " " << number_text(known ? std::optional(value->second) : std::nullopt, format)
          << " |";
    };
    out << "|";
    if (!shown) cell(metric, "{:.4g}");
    for (const Column& column : table_columns()) cell(column.metric, column.format);
    out << fmt::format(" {} | {} | {} | {} |\n", plain(comparison->label),
                       plain(shortened(scored->pair.prompt)), scored->pair.seed,
                       code(scored->repeat));
  }
  out << "\n";
}

void write_gates(const Verdict& verdict, std::ostream& out) {
  const std::vector<GateRow> rows = gate_rows(verdict);
  if (rows.empty()) return;
  out << "| gate | answer | settings | smallest change it could have shown | half of it takes |\n"
         "|---|---|---|---|---|\n";
  for (const GateRow& row : rows)
    out << fmt::format("| {} | **{}** | {} | {} | {} |\n", plain(row.gate), row.answer,
                       plain(row.settings), plain(row.smallest), row.half);
  out << "\n" << plain(gate_note(verdict)) << "\n\n";
}

class MarkdownReport final : public Report {
 public:
  std::string file() const override { return "report.md"; }

  void write(const Summary& summary, const Verdict& verdict, std::ostream& out) const override {
    out << "## sameseed: " << plain(summary.name) << "\n\n";
    write_verdict(verdict, out);
    write_worst(summary, verdict, out);
    write_gates(verdict, out);
    for (const ReportTable& table : report_tables(summary)) write_table_of(table, out);
    write_table(summary.comparisons, out);
    out << fmt::format(
        "\n{}. Scores are means over the prompts; time is candidate / other in A B B A blocks.\n",
        sample_label(summary.comparisons));
    for (const auto& [reason, count] : summary.invalid)
      out << fmt::format("\nTimes left out: {} samples: {}\n", count, plain(reason));
    if (const std::string kept = kept_variables_text(summary.cohort); !kept.empty())
      out << "\n" << plain(kept) << "\n";
    if (const std::string cut = told(summary.cut_prompts); !cut.empty())
      out << "\n" << plain(cut) << "\n";
    if (const std::string lossy = told(summary.lossy_pictures); !lossy.empty())
      out << "\n" << plain(lossy) << "\n";
    if (const std::string repeated = told(summary.repeated_pictures); !repeated.empty())
      out << "\n" << plain(repeated) << "\n";
    for (const std::string& line : told(uncovered(summary, verdict)))
      out << "\n" << plain(line) << "\n";
    write_damage(summary.comparisons, out);
    write_traces(summary.comparisons, out);
  }
};

}  // namespace

std::unique_ptr<Report> make_markdown_report() { return std::make_unique<MarkdownReport>(); }

}  // namespace sameseed
