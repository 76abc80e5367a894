#include "reports/formats/effects_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kMostNotes = 12;  // of one kind

struct EffectColumn {
  const char *kind, *name, *title, *brief, *unit;
};
constexpr EffectColumn kColumns[] = {{"quality", "lpips.alex", "LPIPS", "LPIPS", "pairs"},
                                     {"quality", "ssim.gaussian", "1 - SSIM", "SSIM", "pairs"},
                                     {"quality", "psnr.rgb", "MSE, levels^2", "MSE", "pairs"},
                                     {"speed", "total_ms", "time saved", "time", "blocks"}};

const json& entry_in(const json& estimate, const EffectColumn& column) {
  static const json nothing;
  const json& all = estimate.at(column.kind);
  const auto found = all.find(column.name);
  return found == all.end() ? nothing : *found;
}

bool shows(const json& entry) {
  return entry.is_object() && (entry.at("verdict") == "costs" || entry.at("verdict") == "buys");
}

// "+0.0123 ±0.0045*"; of times "+25 % [20, 30]*".
std::string cell(const json& entry, bool time) {
  if (!entry.is_object() || entry.at("n") == 0) return "-";
  if (entry.contains("exactly_none")) return "0 exactly";
  const json& interval = entry.at("interval");
  const char* mark = shows(entry) ? "*" : interval.is_null() ? "?" : " ";
  if (time) {
    const auto saved = [](const json& ratio) { return 100 * (1 - ratio.get<double>()); };
    const std::string text = fmt::format("{:+.0f} %", saved(entry.at("ratio")));
    if (interval.is_null()) return text + mark;
    return fmt::format("{} [{:.0f}, {:.0f}]{}", text, saved(interval.at("high")),
                       saved(interval.at("low")), mark);
  }
  const double loss = entry.at("loss");
  const auto number = [](double value, const char* small, const char* large) {
    return fmt::format(fmt::runtime(std::abs(value) < 1000 ? small : large), value);
  };
  const std::string text = number(loss, "{:+.3g}", "{:+.0f}");
  if (interval.is_null()) return text + mark;
  return text + " ±" + number(interval.at("high").get<double>() - loss, "{:.2g}", "{:.0f}") + mark;
}

std::string label(const json& estimate) {
  std::string text;
  for (const auto& [axis, value] : estimate.at("levels").items())
    text += (text.empty() ? "" : " with ") + setting_label({{axis, value}});
  std::string same;
  for (const json& other : estimate.value("same_as", json::array()))
    same += (same.empty() ? "" : ", ") + value_label(estimate.at("levels").begin().key(), other);
  return same.empty() ? text : text + " (= " + same + ")";
}

// What rows are sorted by: the headline metric's loss, without one the time lost.
double cost(const json& estimate, const json& headline) {
  const json& quality = estimate.at("quality");
  if (headline.is_string() && quality.contains(headline.get<std::string>())) {
    const json& loss = quality.at(headline.get<std::string>()).at("loss");
    if (loss.is_number()) return loss;
  }
  const json ratio = estimate.at("speed").value("total_ms", json::object()).value("ratio", json());
  return headline.is_null() && ratio.is_number() ? ratio.get<double>()
                                                 : -std::numeric_limits<double>::infinity();
}

void add_shortened(std::vector<std::string>& notes, const char* heading,
                   const std::vector<std::string>& more) {
  if (!more.empty()) notes.push_back(heading);
  for (std::size_t i = 0; i < more.size() && i < kMostNotes; ++i) notes.push_back(more[i]);
  if (more.size() > kMostNotes)
    notes.push_back(fmt::format("  and {} more, see report.json", more.size() - kMostNotes));
}

std::string values_text(const std::string& axis, const json& values) {
  std::string text;
  for (const json& value : values)
    text += text.empty() ? setting_label({{axis, value}}) : " or " + value_label(axis, value);
  return text;
}

std::vector<std::string> baseline_notes(const json& effects) {
  std::string off, over;
  for (const json& one : effects.at("switches"))
    off += (off.empty() ? "" : ", ") + setting_label({{one.at("axis"), one.at("off")}});
  for (const json& axis : effects.at("averaged_over"))
    over += " and " + values_text(axis.at("name"), axis.at("values"));
  return {"each against " + off, "averaged over the other switches' settings" + over};
}

// "conv half 1, conv half unset: made only with deepcache off", a line for each restriction.
std::vector<std::string> confounded_notes(const json& confounded) {
  std::vector<std::pair<std::string, std::string>> groups;  // restriction, labels
  for (const json& one : confounded) {
    std::string with;
    for (const auto& [axis, values] : one.at("only_with").items())
      with += (with.empty() ? "made only with " : " and ") + values_text(axis, values);
    if (with.empty()) with = "never made beside its off value: cannot be told";
    const std::string name = setting_label(one.at("levels"));
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& group) { return group.first == with; });
    if (found == groups.end())
      groups.emplace_back(with, name);
    else
      found->second += ", " + name;
  }
  std::vector<std::string> notes;
  for (const auto& [with, names] : groups) notes.push_back("  " + names + ": " + with);
  return notes;
}

// "conv half 0 held: conv half 1 against conv half 0: +0.002 in lpips.alex (costs)"
std::vector<std::string> advice_notes(const json& advice) {
  std::vector<std::string> notes;
  for (const json& one : advice) {
    std::string shown;
    for (const json& sentence : one.at("shown"))
      shown += (shown.empty() ? ": " : "; ") + sentence.get<std::string>();
    notes.push_back(fmt::format("  {} {}{}", setting_label({{one.at("axis"), one.at("value")}}),
                                one.at("answer").get<std::string>(), shown));
  }
  return notes;
}

// "conv half 1: LPIPS 40 pairs, time 12 blocks"
std::string needed_note(const json& estimate) {
  std::string text;
  for (const EffectColumn& column : kColumns) {
    const json& entry = entry_in(estimate, column);
    if (!entry.is_object() || !entry.contains("needed")) continue;
    text += fmt::format("{}{} {:.0f} {}", text.empty() ? "" : ", ", column.brief,
                        entry.at("needed").get<double>(), column.unit);
  }
  return text.empty() ? text : "  " + label(estimate) + ": " + text;
}

}  // namespace

EffectTable effect_table(const json& effects) {
  EffectTable table;
  std::vector<const EffectColumn*> columns;
  for (const EffectColumn& column : kColumns)
    for (const json& estimate : effects.at("estimates"))
      if (entry_in(estimate, column).is_object()) {
        columns.push_back(&column);
        table.titles.push_back(column.title);
        break;
      }
  if (columns.empty()) return table;
  std::vector<const json*> shown;
  std::size_t hidden = 0;
  for (const json& estimate : effects.at("estimates")) {
    const bool main = estimate.at("levels").size() == 1;
    bool told = false;
    for (const EffectColumn* column : columns) told = told || shows(entry_in(estimate, *column));
    if (main || told)
      shown.push_back(&estimate);
    else
      hidden += estimate.at("contexts") != 0;
  }
  std::stable_sort(shown.begin(), shown.end(), [&](const json* a, const json* b) {
    return cost(*a, effects.at("headline")) > cost(*b, effects.at("headline"));
  });
  std::vector<std::string> needed;
  for (const json* estimate : shown) {
    EffectRow row{.label = label(*estimate), .cells = {}, .levels = estimate->at("levels")};
    for (const EffectColumn* column : columns)
      row.cells.push_back(cell(entry_in(*estimate, *column), std::string(column->kind) == "speed"));
    table.rows.push_back(std::move(row));
    if (std::string note = needed_note(*estimate); !note.empty()) needed.push_back(std::move(note));
  }
  table.notes = baseline_notes(effects);
  table.notes.push_back(
      fmt::format("± and [ ] hold for a whole column at {:.0f} %; * shown; ? fewer than {} pairs "
                  "or blocks, none",
                  100 * effects.at("level").get<double>(), effects.at("fewest_units").get<int>()));
  if (hidden > 0)
    table.notes.push_back(
        fmt::format("{} interactions of two switches: none shown, or too few pairs", hidden));
  add_shortened(table.notes, "did the advice of this matrix hold on this machine?",
                advice_notes(effects.value("advice", json::array())));
  add_shortened(table.notes, "confounded: an effect and its interactions with what is missing here",
                confounded_notes(effects.at("confounded")));
  add_shortened(table.notes, "so many would do to show effects of the size seen (power 80 %)",
                needed);
  return table;
}

}  // namespace sameseed
