// Which model a switch costs more, as report.json has it.
#include "reports/formats/json.h"
#include "reports/formats/json_values.h"
#include "reports/statistics/paired_bootstrap.h"

namespace sameseed {
namespace {

using nlohmann::json;

json sensitivity_on_json(const SensitivityOn& on) {
  json entry = {{"n", on.ratio.n},
                {"ratio", on.ratio.n > 0 ? finite_or_null(on.ratio.value) : json()},
                {"interval", interval_json(on.ratio.interval)},
                {"spread", finite_or_null(on.spread)},
                {"answer", on.answer},
                {"replaced", on.replaced}};
  if (on.needed) entry["needed"] = *on.needed;
  return entry;
}

json model_json(const ModelFacts& model) {
  const auto losses = [](const std::map<std::string, double>& by_metric) {
    return map_json(by_metric, [](double loss) { return finite_or_null(loss); });
  };
  return {{"model", model.model},
          {"sampler", model.sampler.empty() ? json() : json(model.sampler)},
          {"guidance", or_null(model.guidance)},
          {"steps", or_null(model.steps)},
          {"contrast", or_null(model.contrast)},
          {"latents_deviation", or_null(model.latents_deviation)},
          {"switches_off", losses(model.switches_off)},
          {"floor", losses(model.floor)}};
}

}  // namespace

json sensitivity_json(const Sensitivity& sensitivity) {
  return {{"level", FamilyOptions().confidence},
          {"method",
           "logarithm of the ratio of losses, A over B, prompt by prompt; paired wild bootstrap-t "
           "(signs), largest |t| over the rows of one metric"},
          {"margin", kSensitivityMargin},
          {"headline", value_or_null(sensitivity.headline)},
          {"models", list_json(sensitivity.models, model_json)},
          {"rows", list_json(sensitivity.rows, [](const SensitivityRow& row) {
             return json{{"levels", row.levels},
                         {"a", row.a},
                         {"b", row.b},
                         {"by_metric", map_json(row.by_metric, sensitivity_on_json)}};
           })}};
}

}  // namespace sameseed
