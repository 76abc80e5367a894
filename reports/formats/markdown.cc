// report.md: short, for a pull request or a chat: verdict and worst pairs on top.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "reports/formats/effects_table.h"
#include "reports/formats/gate_table.h"
#include "reports/formats/report_format.h"
#include "reports/formats/worst_pairs.h"
#include "reports/run/labels.h"
#include "reports/summary/trace.h"

namespace sameseed {
namespace {

using nlohmann::json;

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

void write_verdict(const json& verdict, std::ostream& out) {
  out << fmt::format("**{}** (exit code {}{})\n\n", verdict.at("word").get<std::string>(),
                     verdict.at("code").get<int>(),
                     verdict.contains("gates") ? "" : "; no gates were given");
  const json& causes = verdict.at("causes");
  for (std::size_t i = 0; i < causes.size() && i < kMostCauses; ++i)
    out << "* " << plain(causes[i].at("text")) << "\n";
  if (causes.size() > kMostCauses)
    out << fmt::format("* and {} more, see report.json\n", causes.size() - kMostCauses);
  if (!causes.empty()) out << "\n";
}

void write_effects(const EffectTable& table, std::ostream& out) {
  if (table.rows.empty()) return;
  out << "This switch costs and buys:\n\n| switch |";
  for (const std::string& title : table.titles) out << " " << title << " |";
  out << "\n|---|";
  for (std::size_t i = 0; i < table.titles.size(); ++i) out << "---:|";
  for (const EffectRow& row : table.rows) {
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

void write_table(const json& comparisons, std::ostream& out) {
  out << "| setting | against |";
  for (const Column& column : table_columns()) out << " " << column.title << " |";
  out << " time | engaged |\n|---|---|";
  for (std::size_t i = 0; i < table_columns().size(); ++i) out << "---:|";
  out << "---:|---|\n";
  for (std::size_t i = 0; i < std::min(kMostRows, comparisons.size()); ++i) {
    const json& comparison = comparisons[i];
    out << fmt::format("| {} | {} |", plain(setting_label(comparison.at("setting"))),
                       against_label(comparison));
    for (const Column& column : table_columns())
      out << fmt::format(
          " {} |", statistic_text(comparison.at("quality").value(column.metric, json()), "mean",
                                  column.format));
    out << fmt::format(
        " {} | {} |\n",
        statistic_text(comparison.at("speed").value("total_ms", json()), "ratio", "{:.2f}"),
        engaged_label(comparison));
  }
  if (comparisons.size() > kMostRows)
    out << fmt::format("\nand {} more, see report.txt\n", comparisons.size() - kMostRows);
}

void write_traces(const json& comparisons, std::ostream& out) {
  bool titled = false;
  for (const json& comparison : comparisons) {
    if (!comparison.contains("trace")) continue;
    if (!titled)
      out << "\nWhere it began:\n\n| setting | against | first difference |\n|---|---|---|\n";
    titled = true;
    out << fmt::format("| {} | {} | {} |\n", plain(setting_label(comparison.at("setting"))),
                       against_label(comparison), plain(trace_label(comparison.at("trace"))));
  }
}

// What the scores tell of each comparison against the reference.
void write_damage(const json& comparisons, std::ostream& out) {
  std::string lines;
  for (const json& comparison : comparisons)
    if (comparison.at("against") == "reference" && comparison.at("damage").is_object())
      lines += fmt::format("* {}: {}\n", plain(setting_label(comparison.at("setting"))),
                           plain(comparison.at("damage").at("sentence")));
  if (!lines.empty()) out << "\nDamage against the reference:\n\n" << lines;
}

// The worst pairs with all the table's metrics: what one looks at first.
void write_worst(const json& summary, std::ostream& out) {
  const std::string metric = worst_by(summary);
  const std::vector<WorstPair> worst = worst_pairs(summary, metric, kWorstPairs);
  if (worst.empty()) return;
  out << fmt::format("Worst pairs against the reference, by {}:\n\n|", plain(metric));
  const bool shown = std::ranges::any_of(
      table_columns(), [&](const Column& column) { return column.metric == metric; });
  if (!shown) out << " " << plain(metric) << " |";
  for (const Column& column : table_columns()) out << " " << column.title << " |";
  out << " setting | prompt | seed | repeat |\n|";
  for (std::size_t i = 0; i < table_columns().size() + !shown; ++i) out << "---:|";
  out << "---|---|---|---|\n";
  for (const WorstPair& one : worst) {
    const json& values = *one.pair;
    const auto cell = [&](const std::string& name, const char* format) {
      const json entry = {{"value", values.at("values").value(name, json())},
                          {"nonfinite", {{"value", values.at("nonfinite").value(name, "-")}}}};
      out << " " << statistic_text(entry, "value", format) << " |";
    };
    out << "|";
    if (!shown) cell(metric, "{:.4g}");
    for (const Column& column : table_columns()) cell(column.metric, column.format);
    out << fmt::format(" {} | {} | {} | {} |\n",
                       plain(setting_label(one.comparison->at("setting"))),
                       plain(shortened(one.pair->at("prompt"))), one.pair->at("seed").dump(),
                       code(one.pair->at("repeat")));
  }
  out << "\n";
}

void write_gates(const json& verdict, std::ostream& out) {
  const std::vector<GateRow> rows = gate_rows(verdict);
  if (rows.empty()) return;
  out << "| gate | answer | settings | smallest change it could have shown | half of it takes |\n"
         "|---|---|---|---|---|\n";
  for (const GateRow& row : rows)
    out << fmt::format("| {} | **{}** | {} | {} | {} |\n", plain(row.gate), row.answer,
                       row.settings, plain(row.smallest), row.half);
  out << "\n" << plain(gate_note(verdict)) << "\n\n";
}

class MarkdownReport final : public Report {
 public:
  std::string file() const override { return "report.md"; }

  void write(const json& summary, std::ostream& out) const override {
    out << "## sameseed: " << plain(summary.at("name")) << "\n\n";
    write_verdict(summary.at("verdict"), out);
    write_worst(summary, out);
    write_gates(summary.at("verdict"), out);
    write_effects(effect_table(summary.at("effects")), out);
    write_table(summary.at("comparisons"), out);
    out << "\nScores are means over the pairs; time is candidate / other in A B B A blocks.\n";
    for (const auto& [reason, count] : summary.at("invalid").items())
      out << fmt::format("\nTimes left out: {} samples: {}\n", count.get<int>(), plain(reason));
    write_damage(summary.at("comparisons"), out);
    write_traces(summary.at("comparisons"), out);
  }
};

}  // namespace

std::unique_ptr<Report> make_markdown_report() { return std::make_unique<MarkdownReport>(); }

}  // namespace sameseed
