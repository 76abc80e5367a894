#include "reports/judge/accepted_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/json_schema.h"
#include "reports/judge/report_reader.h"
#include "reports/run/cohort.h"
#include "reports/schema/report.schema.h"

namespace sameseed {
namespace {

using nlohmann::json;

// What of a device must be equal for ratios of times to be compared.
json devices_of(const json& cohort) {
  json names = json::array();
  for (const json& device : cohort.value("devices", json::array()))
    names.push_back({device.value("name", json()), device.value("power_limit_w", json()),
                     device.value("mig", json())});
  return names;
}

// In what two engines of one name are made of other files; empty where they are not.
std::string other_files(const std::string& engine, const json& ours, const json& theirs) {
  for (const char* part : {"files", "program"}) {
    const json here = ours.value(part, json::object()), there = theirs.value(part, json::object());
    if (here == kNotRecorded || there == kNotRecorded)
      return fmt::format("the files of {} are not recorded: a run of an older version", engine);
    std::set<std::string> names;
    for (const json* side : {&here, &there})
      for (const auto& [name, digest] : side->items()) names.insert(name);
    for (const std::string& name : names)
      if (here.value(name, json()) != there.value(name, json()))
        return fmt::format("{} of {} is another file there", name, engine);
  }
  return "";
}

// Models, engines, threads on a CPU, and variables let in by --keep-env.
std::string other_content(const json& ours, const json& theirs) {
  const json here = ours.value("workers", json::object()),
             there = theirs.value("workers", json::object());
  for (const auto& [engine, worker] : here.items()) {
    const auto other = there.find(engine);
    if (other == there.end())
      return fmt::format("it has no engine \"{}\" (its load options count)", engine);
    if (const std::string why = other_files(engine, worker, *other); !why.empty()) return why;
    if (!ours.contains("devices") &&
        worker.value("threads", json()) != other->value("threads", json()))
      return fmt::format("{} had another number of threads there", engine);
  }
  for (const auto& [engine, worker] : there.items())
    if (!here.contains(engine)) return fmt::format("it has an engine more: \"{}\"", engine);
  const json variables = ours.value("variables", json::object()),
             of_accepted = theirs.value("variables", json::object());
  if (variables == kNotRecorded || of_accepted == kNotRecorded)
    return "the variables of its workers are not recorded: a run of an older version";
  for (const json* side : {&variables, &of_accepted})
    for (const auto& [name, value] : side->items())
      if (variables.value(name, json()) != of_accepted.value(name, json()))
        return fmt::format("the variable {} has another value there", name);
  return "";
}

}  // namespace

Summary parse_accepted_report(const std::string& text, const std::string& where) try {
  const json report = parse_json(text, where);
  check_json(report, kReportSchema, where);
  return summary_of_report(report);
} catch (const UserError& error) {
  throw UserError(fmt::format(
      "{}; a baseline is the report.json of an accepted run; one of an older version is written "
      "again by `sameseed report RUN`",
      error.what()));
}

Summary read_accepted_report(const std::filesystem::path& file) {
  return parse_accepted_report(read_file(file), file.string());
}

std::filesystem::path first_baseline_beside(const std::filesystem::path& baseline) {
  return baseline.parent_path() / "first_baseline.json";
}

std::string first_baseline_text(const std::string& accepted, const std::string& report) {
  return json{{"accepted", accepted}, {"report", json::parse(report)}}.dump() + "\n";
}

FirstBaseline read_first_baseline(const std::filesystem::path& file) {
  const json content = parse_json(read_file(file), file.string());
  if (!content.is_object() || !content.contains("report") ||
      !content.value("accepted", json()).is_string())
    throw UserError(file.string() + ": is no first baseline: {\"accepted\", \"report\"}");
  return {.accepted = content.at("accepted"),
          .report = parse_accepted_report(content.at("report").dump(), file.string())};
}

bool is_same_run(const Summary& ours, const Summary& accepted) {
  const auto named = [](const json& start, const char* name) {
    return start.is_object() ? start.value(name, "") : std::string();
  };
  const std::string there = named(accepted.start, "start"), time = named(accepted.start, "started");
  if (!there.empty() && named(ours.start, "start") == there) return true;
  return !time.empty() && std::ranges::find(ours.started, time) != ours.started.end() &&
         ours.cohort.value("host", json()) == accepted.cohort.value("host", json());
}

std::string incomparable(const Gate& gate, const json& ours, const json& theirs) {
  const auto differs = [&](const char* name) {
    return ours.value(name, json()) != theirs.value(name, json());
  };
  if (differs("recipe"))
    return other_recipe_text(ours.value("recipe", ""), theirs.value("recipe", ""));
  if (const std::string why = other_content(ours, theirs); !why.empty()) return why;
  if (!gate.is_timing) {
    const json definition = ours.at("metrics").value(gate.name, json());
    if (definition != theirs.at("metrics").value(gate.name, json()))
      return fmt::format("{} is defined otherwise there", gate.name);
    return "";
  }
  const json host = ours.value("host", json::object()),
             other = theirs.value("host", json::object());
  for (const char* field : {"cpu", "cores"})
    if (host.value(field, json()) != other.value(field, json()))
      return fmt::format("it was timed on another machine: {} differs", field);
  if (devices_of(ours) != devices_of(theirs)) return "it was timed on other devices";
  return "";
}

}  // namespace sameseed
