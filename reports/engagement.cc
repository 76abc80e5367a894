#include "reports/engagement.h"

#include <fmt/format.h>

#include <string>

namespace sameseed {
namespace {

using nlohmann::json;

json verdict(const char* word, const std::string& evidence) {
  return {{"verdict", word}, {"evidence", evidence}};
}

json variable(const std::string& name, const json& asked, const json& sample) {
  const json read = sample.value("effective", json::object()).value(name, json());
  if (!read.is_object())
    return verdict("not engaged", "the worker does not say how it read the variable");
  if (read.value("value", json()) != asked)
    return verdict("not engaged", fmt::format("asked for {}, the process read {}", asked.dump(),
                                              read.value("value", json()).dump()));
  if (!read.value("acts", true)) return verdict("inert", read.value("reason", ""));
  const std::string kind = name.find("_CONV_") != std::string::npos ? "conv" : "matmul";
  const json counters = sample.value("engagement", json::object());
  const auto half = counters.value(kind + "_half", std::int64_t{0}),
             single = counters.value(kind + "_float", std::int64_t{0});
  const bool on = read.value("means", "") == "on";
  json result =
      verdict((on ? half > 0 && single == 0 : half == 0 && single > 0) ? "engaged" : "not engaged",
              fmt::format("{} calls with a half accumulator, {} with a float one", half, single));
  if (read.value("default", false)) result["same_as"] = "1, OneDiff's default";
  return result;
}

json deepcache(const json& asked, const json& sample) {
  const json counters = sample.value("engagement", json::object());
  const auto full = counters.value("steps_full", 0), partial = counters.value("steps_partial", 0);
  return verdict(asked.is_null() == (partial == 0) ? "engaged" : "not engaged",
                 fmt::format("{} full steps, {} partial", full, partial));
}

}  // namespace

json engagement_of(const json& setting, const json& sample, const json& off) {
  json result = json::object();
  for (const auto& [axis, value] : setting.items()) {
    if (axis.starts_with("reference.")) continue;
    const std::string name = axis.substr(axis.find('.', axis.find('.') + 1) + 1);
    json entry;
    if (axis.find(".env.") != std::string::npos)
      entry = variable(name, value, sample);
    else if (axis.ends_with(".request.deepcache"))
      entry = deepcache(value, sample);
    else
      continue;
    entry["value"] = value;
    result[axis] = entry;
  }
  const auto has_latents = [](const json& record) {
    return record.is_object() && record.value("hashes", json::object()).contains("latents");
  };
  if (has_latents(off) && has_latents(sample))
    result["output"] = {{"latents_differ_from_switches_off",
                         off.at("hashes").at("latents") != sample.at("hashes").at("latents")},
                        {"counterpart", off.at("case")}};
  return result;
}

}  // namespace sameseed
