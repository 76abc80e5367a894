#include "reports/run/engagement.h"

#include <gtest/gtest.h>

#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kAxis = std::string("env.") + kConv;

json conv_sample(const json& value, int half, int single) {
  const bool unset = value.is_null();
  return {{"sample", "s"},
          {"effective",
           {{kConv,
             {{"value", value},
              {"means", unset || value == "1" ? "on" : "off"},
              {"default", unset},
              {"acts", true}}}}},
          {"engagement", {{"conv_half", half}, {"conv_float", single}}}};
}

json deepcache_sample(int full, int partial) {
  return {{"sample", "s"}, {"engagement", {{"steps_full", full}, {"steps_partial", partial}}}};
}

// The proof of one axis of the candidate, over these samples.
json proof(const std::string& axis, const json& value, const std::vector<json>& samples,
           const json* load = nullptr, const OffProbes& probes = {}) {
  ArmEvidence arm{.name = "candidate", .engine = "accelerated", .asked = {{axis, value}}};
  for (const json& sample : samples) arm.samples.push_back(&sample);
  arm.load = load;
  return engagement_of(arm, probes).value("candidate." + axis, json());
}

TEST(Engagement, IsProvenByCallsOfTheAskedAccumulator) {
  EXPECT_EQ(proof(kAxis, "1", {conv_sample("1", 10, 0)}).at("verdict"), "engaged");
  EXPECT_EQ(proof(kAxis, "0", {conv_sample("0", 0, 10)}).at("verdict"), "engaged");
  EXPECT_EQ(proof(kAxis, "1", {conv_sample("1", 0, 10)}).at("verdict"), "not engaged");
  EXPECT_EQ(proof(kAxis, "1", {conv_sample("1", 9, 1)}).at("verdict"), "not engaged");
  EXPECT_EQ(proof(kAxis, "0", {conv_sample("0", 1, 9)}).at("verdict"), "not engaged");
  EXPECT_EQ(proof(kAxis, "0", {conv_sample("0", 0, 0)}).at("verdict"), "not engaged");
}

TEST(Engagement, OfPostProcessingIsWhatTheWorkerSaysItDid) {
  const auto did = [](const json& what) {
    return json{{"sample", "s"}, {"effective", {{"enhance", what}}}};
  };
  const json did_nothing = {{"sample", "s"}, {"effective", json::object()}};
  const std::string axis = "request.enhance";
  EXPECT_EQ(proof(axis, "unsharp", {did("unsharp")}).at("verdict"), "engaged");
  EXPECT_EQ(proof(axis, nullptr, {did_nothing}).at("verdict"), "engaged");
  EXPECT_EQ(proof(axis, "unsharp", {did_nothing}).at("verdict"), "not engaged");
  EXPECT_EQ(proof(axis, "unsharp", {did("contrast")}).at("verdict"), "not engaged");
  EXPECT_EQ(proof(axis, nullptr, {did("unsharp")}).at("verdict"), "not engaged");
}

TEST(Engagement, IsJudgedOverAllSamples) {
  const json good = conv_sample("1", 10, 0), bad = conv_sample("1", 0, 10);
  EXPECT_EQ(proof(kAxis, "1", {good, good}).at("samples"), 2);
  EXPECT_EQ(proof(kAxis, "1", {good, good, bad}).at("verdict"), "not engaged");
}

TEST(Engagement, FailsWhereTheProcessReadAnotherValue) {
  const json found = proof(kAxis, "1", {conv_sample("0", 0, 10)});
  EXPECT_EQ(found.at("verdict"), "not engaged");
  EXPECT_EQ(found.at("evidence"), "sample s: asked for \"1\", the process read \"0\"");
  EXPECT_EQ(proof(kAxis, "1", {json{{"sample", "s"}}}).at("verdict"), "not engaged");
}

TEST(Engagement, CallsInertWhatCannotActAndSaysWhy) {
  const json sample = {
      {"effective",
       {{"TORCH_CUDNN_V8_API_DISABLED",
         {{"value", "1"}, {"acts", false}, {"reason", "no cuDNN convolution runs on a CPU"}}}}}};
  const json found = proof("env.TORCH_CUDNN_V8_API_DISABLED", "1", {sample});
  EXPECT_EQ(found.at("verdict"), "inert");
  EXPECT_EQ(found.at("evidence"), "no cuDNN convolution runs on a CPU");
}

TEST(Engagement, OfAnyOtherVariableNeedsTheWorkersEvidence) {
  json sample = {{"sample", "s"}, {"effective", {{"FAST", {{"value", "1"}}}}}};
  EXPECT_EQ(proof("env.FAST", "1", {sample}).at("verdict"), "not engaged");
  sample["effective"]["FAST"]["evidence"] = "engine 7 was chosen";
  EXPECT_EQ(proof("env.FAST", "1", {sample}).at("verdict"), "engaged");
}

TEST(Engagement, IsRefutedByAProbeThatErrsNoMoreThanWithTheSwitchOff) {
  const OffProbes off = {{{"accelerated", kConv}, 1e-7}};
  const json with_error = {{"engagement", {{"conv_error", 1e-3}}}},
             without = {{"engagement", {{"conv_error", 1e-7}}}};
  const std::vector<json> samples = {conv_sample("1", 10, 0)};
  EXPECT_EQ(proof(kAxis, "1", samples, &with_error, off).at("verdict"), "engaged");
  EXPECT_NE(proof(kAxis, "1", samples, &with_error, off)
                .at("evidence")
                .get<std::string>()
                .find("1.00e-03"),
            std::string::npos);
  EXPECT_EQ(proof(kAxis, "1", samples, &without, off).at("verdict"), "not engaged");
}

TEST(Engagement, FindsTheProbesOfWorkersThatHadASwitchOff) {
  const RunFiles run = small_run();
  const OffProbes probes = off_probes(run.plan, run.workers);
  EXPECT_EQ(probes.at({"accelerated", kConv}), 1e-7);
}

TEST(Engagement, OfDeepCacheShowsInPartialSteps) {
  const std::string axis = "request.deepcache";
  EXPECT_EQ(proof(axis, "3/0/0", {deepcache_sample(4, 6)}).at("verdict"), "engaged");
  EXPECT_EQ(proof(axis, "3/0/0", {deepcache_sample(10, 0)}).at("verdict"), "not engaged");
  EXPECT_EQ(proof(axis, nullptr, {deepcache_sample(10, 0)}).at("verdict"), "engaged");
  EXPECT_EQ(proof(axis, nullptr, {deepcache_sample(4, 6)}).at("verdict"), "not engaged");
}

TEST(Engagement, OfALoadOptionIsWhatTheWorkerSaidOfItWhenItLoaded) {
  const json load = {{"effective", {{"precision", "Half"}, {"threads", 1}}}};
  const std::vector<json> samples = {{{"sample", "s"}, {"effective", json::object()}}};
  EXPECT_EQ(proof("load.precision", "fp16", samples, &load).at("verdict"), "engaged");
  EXPECT_EQ(proof("load.precision", "fp32", samples, &load).at("verdict"), "not engaged");
  EXPECT_EQ(proof("load.threads", 1, samples, &load).at("verdict"), "engaged");
  EXPECT_EQ(proof("load.threads", 2, samples, &load).at("verdict"), "not engaged");
  EXPECT_EQ(proof("load.threads", 1, samples).at("verdict"), "not engaged");
}

TEST(Engagement, OfDeepCacheWithIntervalOneIsInert) {
  const json found = proof("request.deepcache", "1/0/0", {deepcache_sample(10, 0)});
  EXPECT_EQ(found.at("verdict"), "inert");
  EXPECT_EQ(found.at("same_as"), json::array({nullptr}));
}

TEST(Engagement, OfLoadOptionsIsWhatTheWorkerNames) {
  const json sample = {{"sample", "s"},
                       {"effective", {{"precision", "fp16"}, {"vae_precision", "Float"}}}};
  EXPECT_EQ(proof("load.precision", "fp16", {sample}).at("verdict"), "engaged");
  EXPECT_EQ(proof("load.precision", "bf16", {sample}).at("verdict"), "not engaged");
  EXPECT_EQ(proof("load.vae_precision", "fp32", {sample}).at("verdict"), "engaged");
  EXPECT_EQ(proof("load.vae_precision", "fp16", {sample}).at("verdict"), "not engaged");
  EXPECT_EQ(proof("load.threads", 2, {sample}).at("verdict"), "not engaged");
}

TEST(Engagement, OfStepsNeedsNoProof) {
  EXPECT_TRUE(proof("request.steps", 20, {deepcache_sample(20, 0)}).is_null());
  EXPECT_TRUE(proof(kAxis, "1", {}).is_null());
}

TEST(Engagement, LabelsValuesThatMeanTheSame) {
  const json axes = {{{"name", "candidate." + kAxis}, {"values", {nullptr, "0", "1"}}}};
  json comparisons = json::array();
  for (const auto& [value, half] : {std::pair{json(), 10}, {json("0"), 0}, {json("1"), 10}})
    comparisons.push_back(
        {{"arms", {{"candidate", {{"engine", "accelerated"}}}}},
         {"engagement",
          {{"candidate." + kAxis, proof(kAxis, value, {conv_sample(value, half, 10 - half)})}}}});
  label_equal_values(comparisons, axes);
  const auto same = [&](std::size_t i) {
    return comparisons[i].at("engagement").at("candidate." + kAxis).value("same_as", json());
  };
  EXPECT_EQ(same(0), json::array({"1"}));
  EXPECT_TRUE(same(1).is_null());
  EXPECT_EQ(same(2), json::array({nullptr}));
}

}  // namespace
}  // namespace sameseed
