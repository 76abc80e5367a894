#include "reports/judge/accepted_report.h"

#include <fmt/format.h>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/json_schema.h"
#include "reports/judge/report_reader.h"
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

std::string incomparable(const Gate& gate, const json& ours, const json& theirs) {
  const auto differs = [&](const char* name) {
    return ours.value(name, json()) != theirs.value(name, json());
  };
  if (differs("recipe")) return "it was made by another recipe (matrix, prompts, seeds or steps)";
  for (const auto& [engine, worker] : ours.at("workers").items())
    if (const auto other = theirs.at("workers").find(engine);
        other != theirs.at("workers").end() &&
        other->value("files", json()) != worker.value("files", json()))
      return fmt::format("its files of {} are others", engine);
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
