#include "reports/formats/effects_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/run/labels.h"
#include "reports/statistics/paired_bootstrap.h"
#include "reports/summary/time_floor.h"

namespace sameseed {
namespace {

constexpr std::size_t kMostNotes = 12;  // of one kind

struct EffectColumn {
  bool is_time;
  const char *name, *title, *brief, *unit;
};
constexpr EffectColumn kColumns[] = {{false, "lpips.alex", "LPIPS", "LPIPS", "prompts"},
                                     {false, "ssim.gaussian", "1 - SSIM", "SSIM", "prompts"},
                                     {false, "psnr.rgb", "MSE, levels^2", "MSE", "prompts"},
                                     {true, "total_ms", "time saved", "time", "blocks"}};

// Null where it was not measured.
const EffectOn* effect_in(const EffectOfSwitch& effect, const EffectColumn& column) {
  const auto& all = column.is_time ? effect.speed : effect.quality;
  const auto found = all.find(column.name);
  return found == all.end() ? nullptr : &found->second;
}

bool shows(const EffectOn* effect) {
  return effect && (effect->verdict == "costs" || effect->verdict == "buys");
}

std::string time_cell(const Estimate& ratio, const char* mark) {
  const auto saved = [](double value) { return 100 * (1 - value); };
  const std::string text = fmt::format("{:+.0f} %", saved(ratio.value));
  if (!ratio.interval) return text + mark;
  return fmt::format("{} [{:.0f}, {:.0f}]{}", text, saved(ratio.interval->high),
                     saved(ratio.interval->low), mark);
}

std::string loss_cell(const Estimate& loss, const char* mark) {
  const auto number = [](double value, const char* small, const char* large) {
    return fmt::format(fmt::runtime(std::abs(value) < 1000 ? small : large), value);
  };
  const std::string text = number(loss.value, "{:+.3g}", "{:+.0f}");
  if (!loss.interval) return text + mark;
  return text + " ±" + number(loss.interval->high - loss.value, "{:.2g}", "{:.0f}") + mark;
}

// "+0.0123 ±0.0045*"; of times "+25 % [20, 30]*".
std::string cell(const EffectOn* effect, bool is_time) {
  if (!effect) return "-";
  if (!effect->has_value()) return effect->estimate.n > 0 ? effect->absent : "-";
  if (effect->exactly_none) return "0 exactly";
  const char* mark = shows(effect) ? "*" : !effect->estimate.interval ? "?" : " ";
  return is_time ? time_cell(effect->estimate, mark) : loss_cell(effect->estimate, mark);
}

std::string label(const EffectOfSwitch& effect) {
  std::string text;
  for (const auto& [axis, value] : effect.levels)
    text += (text.empty() ? "" : " with ") + setting_label({{axis, value}});
  std::string same;
  for (const AxisValue& other : effect.same_as)
    same += (same.empty() ? "" : ", ") + value_label(effect.levels.begin()->first, other);
  return same.empty() ? text : text + " (= " + same + ")";
}

// What rows are sorted by: the headline metric's loss, without one the time lost.
double cost(const EffectOfSwitch& effect, const std::optional<std::string>& headline) {
  if (headline)
    if (const auto loss = effect.quality.find(*headline);
        loss != effect.quality.end() && loss->second.has_value())
      return loss->second.estimate.value;
  const auto time = effect.speed.find("total_ms");
  const bool timed = time != effect.speed.end() && time->second.has_value();
  return !headline && timed ? time->second.estimate.value
                            : -std::numeric_limits<double>::infinity();
}

void add_shortened(std::vector<std::string>& notes, const char* heading,
                   const std::vector<std::string>& more) {
  if (!more.empty()) notes.push_back(heading);
  for (std::size_t i = 0; i < more.size() && i < kMostNotes; ++i) notes.push_back(more[i]);
  if (more.size() > kMostNotes)
    notes.push_back(fmt::format("  and {} more, see report.json", more.size() - kMostNotes));
}

std::string values_text(const std::string& axis, const std::vector<AxisValue>& values) {
  std::string text;
  for (const AxisValue& value : values)
    text += text.empty() ? setting_label({{axis, value}}) : " or " + value_label(axis, value);
  return text;
}

std::vector<std::string> baseline_notes(const Effects& effects) {
  std::string off, over;
  for (const SweepSwitch& own : effects.switches)
    off += (off.empty() ? "" : ", ") + setting_label({{own.axis, own.off}});
  for (const SweepAxis& axis : effects.averaged_over)
    over += " and " + values_text(axis.name, axis.values);
  return {"each against " + off, "averaged over the other switches' settings" + over};
}

// "conv half 1, conv half unset: made only with deepcache off", a line for each restriction.
std::vector<std::string> confounded_notes(const std::vector<Confounded>& confounded) {
  std::vector<std::pair<std::string, std::string>> groups;  // restriction, labels
  for (const Confounded& effect : confounded) {
    std::string with;
    for (const auto& [axis, values] : effect.only_with)
      with += (with.empty() ? "made only with " : " and ") + values_text(axis, values);
    if (with.empty()) with = "never made beside its off value: cannot be told";
    const std::string name = setting_label(effect.levels);
    const auto found = std::ranges::find(groups, with, &std::pair<std::string, std::string>::first);
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
std::vector<std::string> advice_notes(const std::vector<Advice>& advice) {
  std::vector<std::string> notes;
  for (const Advice& piece : advice) {
    std::string shown;
    for (const std::string& sentence : piece.shown)
      shown += (shown.empty() ? ": " : "; ") + sentence;
    notes.push_back(
        fmt::format("  {} {}{}", setting_label({{piece.axis, piece.value}}), piece.answer, shown));
  }
  return notes;
}

// "conv half 1: LPIPS 40 prompts, time 12 blocks"
std::string needed_note(const EffectOfSwitch& effect) {
  std::string text;
  for (const EffectColumn& column : kColumns) {
    const EffectOn* on = effect_in(effect, column);
    if (!on || !on->needed) continue;
    text += fmt::format("{}{} {:.0f} {}", text.empty() ? "" : ", ", column.brief, *on->needed,
                        column.unit);
  }
  return text.empty() ? text : "  " + label(effect) + ": " + text;
}

// The columns of which at least one effect has something.
std::vector<const EffectColumn*> measured_columns(const Effects& effects) {
  std::vector<const EffectColumn*> columns;
  for (const EffectColumn& column : kColumns)
    if (std::ranges::any_of(effects.estimates, [&](const EffectOfSwitch& effect) {
          return effect_in(effect, column) != nullptr;
        }))
      columns.push_back(&column);
  return columns;
}

// Main effects, and interactions that show; dearest first. Counts in `hidden` the interactions that
// were left out though the design allows them.
std::vector<const EffectOfSwitch*> shown_effects(const Effects& effects,
                                                 const std::vector<const EffectColumn*>& columns,
                                                 std::size_t& hidden) {
  std::vector<const EffectOfSwitch*> shown;
  for (const EffectOfSwitch& effect : effects.estimates) {
    const bool told = std::ranges::any_of(
        columns, [&](const EffectColumn* column) { return shows(effect_in(effect, *column)); });
    if (effect.levels.size() == 1 || told)
      shown.push_back(&effect);
    else
      hidden += effect.contexts != 0;
  }
  std::ranges::stable_sort(shown, std::greater<>(), [&](const EffectOfSwitch* effect) {
    return cost(*effect, effects.headline);
  });
  return shown;
}

}  // namespace

ReportTable effect_table(const Effects& effects) {
  ReportTable table{.title = "this switch costs and buys", .of_rows = "switch"};
  const std::vector<const EffectColumn*> columns = measured_columns(effects);
  if (columns.empty()) return table;
  for (const EffectColumn* column : columns) table.titles.push_back(column->title);
  std::size_t hidden = 0;
  std::vector<std::string> needed, by_reference;
  for (const EffectOfSwitch* effect : shown_effects(effects, columns, hidden)) {
    ReportRow row{.label = label(*effect), .cells = {}, .levels = effect->levels};
    for (const EffectColumn* column : columns)
      row.cells.push_back(cell(effect_in(*effect, *column), column->is_time));
    if (const auto time = effect->speed.find("total_ms");
        time != effect->speed.end() && time->second.from == kFromReference)
      by_reference.push_back(row.label);
    table.rows.push_back(std::move(row));
    if (std::string note = needed_note(*effect); !note.empty()) needed.push_back(std::move(note));
  }
  table.notes = baseline_notes(effects);
  table.notes.push_back(fmt::format(
      "± and [ ] hold for a whole column at {:.0f} %; * shown; ? fewer than {} prompts, "
      "none",
      100 * FamilyOptions().confidence, kFewestObservations));
  if (!by_reference.empty())
    table.notes.push_back(
        fmt::format("time of {}: from blocks against the reference, not from its own against "
                    "switches off",
                    fmt::join(by_reference, ", ")));
  for (const AgainstItself& itself : effects.time_floor)
    if (itself.ratio && std::ranges::any_of(columns, &EffectColumn::is_time))
      table.notes.push_back("the reference's time against itself, in the same rounds: " +
                            told(itself));
  if (hidden > 0)
    table.notes.push_back(
        fmt::format("{} interaction{} of two switches: none shown, or too few prompts", hidden,
                    hidden == 1 ? "" : "s"));
  add_shortened(table.notes, "did the advice of this matrix hold on this machine?",
                advice_notes(effects.advice.value_or(std::vector<Advice>())));
  add_shortened(table.notes, "confounded: an effect and its interactions with what is missing here",
                confounded_notes(effects.confounded));
  add_shortened(table.notes, "needed to show effects of the size seen (power 80 %)", needed);
  return table;
}

}  // namespace sameseed
