// Eight prompts under two models, "base" and "other", each setting against its own reference.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reports/summary/sensitivity.h"
#include "tests/reports/small_run.h"

namespace sameseed {

// `settings`: of the candidate's axes, all of the same; the first has all of them off. `loss`:
// LPIPS of a model's setting on a prompt.
inline RawRun run_of_two_models(
    const std::vector<nlohmann::json>& settings,
    const std::function<double(const std::string&, const nlohmann::json&, int)>& loss) {
  using nlohmann::json;
  constexpr int kPrompts = 8;
  RawRun run = small_run();
  json& plan = run.plan;
  for (const char* list : {"axes", "environments", "cases", "comparisons", "samples", "excluded"})
    plan[list] = json::array();
  plan["models"] = {{"base", "/m/base"}, {"other", "/m/other"}};
  run.samples.clear();
  run.scores.clear();
  run.workers.clear();
  plan["axes"].push_back({{"name", kModelsAxis}, {"values", {"base", "other"}}});
  for (const auto& [axis, off] : settings.front().items()) {
    std::vector<json> values;
    for (const json& setting : settings)
      if (std::ranges::find(values, setting.at(axis)) == values.end())
        values.push_back(setting.at(axis));
    plan["axes"].push_back({{"name", axis}, {"values", values}});
  }
  const auto make = [&](const std::string& model, const std::string& arm, bool conv) {
    const std::string environment = "e" + arm + model;
    plan["environments"].push_back({{"id", environment},
                                    {"engine", arm == "r" ? "reference" : "accelerated"},
                                    {"variables", {{kConv, conv ? "1" : "0"}}},
                                    {"load", {{"model", "/m/" + model}}}});
    json worker = good_worker(environment, conv ? 1e-3 : 1e-7);
    worker["load"]["effective"]["sampler"] = model + "Scheduler";
    worker["load"]["effective"]["device"] = "cpu";
    worker["load"]["effective"][kConv]["means"] = conv ? "on" : "off";
    run.workers.push_back(worker);
    for (int prompt = 0; prompt < kPrompts; ++prompt) {
      const std::string id = arm + "-" + model + std::to_string(prompt);
      plan["cases"].push_back({{"id", id},
                               {"environment", environment},
                               {"request",
                                {{"prompt", "p" + std::to_string(prompt)},
                                 {"seed", 0},
                                 {"steps", 20},
                                 {"guidance", model == "base" ? 5 : 3}}}});
      const json sample = {{"id", "q:" + id},       {"case", id}, {"kind", "quality"},
                           {"comparison", nullptr}, {"block", 0}, {"position", 0}};
      plan["samples"].push_back(sample);
      run.samples["q:" + id] = good_record(sample);
      json& made = run.samples["q:" + id];
      made["effective"][kConv]["value"] = conv ? "1" : "0";
      made["effective"][kConv]["means"] = conv ? "on" : "off";
      if (arm != "r")
        made["engagement"] = {{"conv_half", conv ? 10 : 0},
                              {"conv_float", conv ? 0 : 10},
                              {"steps_full", 2},
                              {"steps_partial", 2}};
    }
  };
  for (const std::string model : {"base", "other"}) {
    make(model, "r", false);
    for (std::size_t i = 0; i < settings.size(); ++i) {
      const std::string arm = "s" + std::to_string(i);
      make(model, arm, settings[i].value(kConvAxis, json("0")) == "1");
      json pairs = json::array(), setting = settings[i];
      setting[kModelsAxis] = model;
      for (int prompt = 0; prompt < kPrompts; ++prompt) {
        const std::string candidate = arm + "-" + model + std::to_string(prompt),
                          reference = "r-" + model + std::to_string(prompt);
        pairs.push_back({{"candidate", candidate},
                         {"reference", reference},
                         {"prompt", "p" + std::to_string(prompt)},
                         {"seed", 0}});
        json line = pair_scores(candidate, reference, 40, loss(model, settings[i], prompt));
        line["of_reference"] = {{"contrast", 30}, {"latents_deviation", model == "base" ? 1 : 0.5}};
        run.scores[{candidate, reference}] = line;
      }
      plan["comparisons"].push_back({{"id", arm + "~" + model},
                                     {"kind", "reference"},
                                     {"setting", setting},
                                     {"pairs", pairs}});
    }
  }
  return run;
}

}  // namespace sameseed
