#include "reports/judge/gate.h"

#include <fmt/format.h>

#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/json_schema.h"
#include "reports/schema/gate.schema.h"

namespace sameseed {
namespace {

using nlohmann::json;

// The bound in `at_most`: a number, or what it is measured from.
void read_at_most(const json& bound, const std::string& place, Gate& gate) {
  if (bound.is_number()) {
    gate.at_most = bound.get<double>();
    return;
  }
  const bool floor = bound.contains("floor"), baseline = bound.contains("baseline");
  if (floor == baseline || floor != bound.contains("times") || baseline != bound.contains("margin"))
    throw UserError(place +
                    ".at_most: must be a number, {\"floor\": KIND, \"times\": NUMBER} or "
                    "{\"baseline\": true, \"margin\": NUMBER}");
  if (floor) gate.floor = FloorBound{bound.at("floor"), bound.at("times")};
  if (baseline) gate.baseline_margin = bound.at("margin").get<double>();
}

// What the schema cannot say.
void check(const Gate& gate, const json& one, const std::string& place) {
  const bool measured = gate.floor || gate.baseline_margin;
  if (gate.statistic == "ratio" && !gate.is_timing)
    throw UserError(place +
                    ".statistic: \"ratio\" is for timings only; metrics have \"mean\", "
                    "\"median\", \"worst5\" and \"worst\"");
  if (gate.floor && gate.is_timing)
    throw UserError(place + ".at_most.floor: noise floors are of metrics only");
  if (measured && one.value("by", "interval") == "value")
    throw UserError(place +
                    ".by: a bound that was measured itself is always judged by \"interval\"");
  if (measured && gate.statistic != (gate.is_timing ? "ratio" : "mean"))
    throw UserError(
        fmt::format("{}.statistic: a bound that was measured is one of the \"{}\", not of \"{}\"; "
                    "judge that by "
                    "a number",
                    place, gate.is_timing ? "ratio" : "mean", gate.statistic));
  if (gate.by_interval && gate.statistic == "worst")
    throw UserError(place +
                    ".statistic: of the \"worst\" of all pairs these pairs give no interval; name "
                    "\"worst5\", or leave out `by`");
  if (gate.by_interval && gate.is_timing && gate.statistic != "ratio")
    throw UserError(fmt::format(
        "{}.statistic: only the \"ratio\" of a timing is judged by interval, not \"{}\"; leave out "
        "`by`, or name the other statistic",
        place, gate.statistic));
  if (gate.by_interval && gate.is_timing)
    for (const auto& [name, bound] :
         {std::pair{"at_most", gate.at_most}, {"at_least", gate.at_least}})
      if (bound && *bound <= 0)
        throw UserError(fmt::format("{}.{}: a ratio of times is above 0", place, name));
}

// What a bound has and a class has not would be read by nobody.
Gate of_class(Gate gate, const json& one, const std::string& place) {
  for (const char* field : {"statistic", "at_most", "at_least", "by", "min_pairs"})
    if (one.contains(field))
      throw UserError(
          fmt::format("{}.{}: a gate on the class has none: it asks for one class or a better one",
                      place, field));
  gate.name = "class";
  gate.wanted_class = class_named(one.at("class"));
  return gate;
}

Gate gate_of(const json& one, double alpha, const std::string& place) {
  Gate gate;
  gate.alpha = alpha;
  gate.against = one.value("against", gate.against);
  if (one.contains("where")) gate.where = one.at("where").get<Setting>();
  gate.because = one.value("because", "");
  if (one.contains("class")) return of_class(std::move(gate), one, place);
  gate.is_timing = one.contains("timing");
  gate.name = one.at(gate.is_timing ? "timing" : "metric");
  if (!one.contains("statistic"))
    throw UserError(place +
                    ".statistic: is missing: it must be \"mean\", \"median\", \"worst5\", "
                    "\"worst\" or, of a timing, \"ratio\"");
  gate.statistic = one.at("statistic");
  if (one.contains("at_most")) read_at_most(one.at("at_most"), place, gate);
  if (one.contains("at_least")) gate.at_least = one.at("at_least").get<double>();
  gate.by_interval = gate.floor || gate.baseline_margin || one.value("by", "value") == "interval";
  gate.min_pairs = one.value("min_pairs", gate.min_pairs);
  check(gate, one, place);
  return gate;
}

}  // namespace

std::vector<Gate> read_gates(const std::filesystem::path& file) {
  return parse_gates(read_file(file), file.string());
}

std::vector<Gate> parse_gates(std::string_view text, const std::string& file) {
  const json content = parse_json(text, file);
  check_json(content, kGateSchema, file);
  const double alpha = content.value("alpha", Gate().alpha);
  std::optional<int> prompts;
  if (content.contains("prompts")) prompts = content.at("prompts").get<int>();
  std::vector<Gate> gates;
  for (const json& one : content.at("gates")) {
    gates.push_back(gate_of(one, alpha, fmt::format("{}: gates[{}]", file, gates.size())));
    gates.back().prompts = prompts;
  }
  return gates;
}

std::string gate_label(const Gate& gate) {
  if (gate.wanted_class)
    return fmt::format("class {}{}", name_of(*gate.wanted_class),
                       *gate.wanted_class == SettingClass::kBitEqual ? "" : " or better");
  std::string text = gate.name + " " + gate.statistic;
  if (gate.at_most) text += fmt::format(" at most {:.6g}", *gate.at_most);
  if (gate.floor)
    text += fmt::format(" at most {:.6g} x floor \"{}\"", gate.floor->times, gate.floor->floor);
  if (gate.baseline_margin)
    text +=
        fmt::format(" at most {:.6g}{} above the baseline",
                    *gate.baseline_margin * (gate.is_timing ? 100 : 1), gate.is_timing ? " %" : "");
  const bool above = gate.at_most || gate.floor || gate.baseline_margin;
  if (gate.at_least) text += fmt::format("{} at least {:.6g}", above ? " and" : "", *gate.at_least);
  if (gate.by_interval) text += ", by interval";
  return text;
}

}  // namespace sameseed
