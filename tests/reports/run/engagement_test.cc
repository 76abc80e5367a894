#include "reports/run/engagement.h"

#include <gtest/gtest.h>

#include "reports/run/switch_proof.h"
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

// The proof of one axis of the candidate, over samples with these fields; nothing: it needs none.
std::optional<Engagement> proof_of(const std::string& axis, const json& value,
                                   const std::vector<json>& samples, const json* load = nullptr,
                                   const RunEvidence& run = {}) {
  ArmEvidence arm{.name = "candidate", .engine = "accelerated", .asked = {{axis, value}}};
  std::vector<SampleRecord> records;
  for (const json& sample : samples)
    records.push_back(
        {.sample = sample.value("sample", ""),
         .effective = std::make_shared<json>(sample.value("effective", json::object())),
         .engagement = std::make_shared<json>(sample.value("engagement", json::object()))});
  for (const SampleRecord& record : records) arm.samples.push_back(&record);
  arm.load = load;
  const auto proofs = engagement_of(arm, run);
  const auto found = proofs.find("candidate." + axis);
  return found == proofs.end() ? std::nullopt : std::optional(found->second);
}

Engagement proof(const std::string& axis, const json& value, const std::vector<json>& samples,
                 const json* load = nullptr, const RunEvidence& run = {}) {
  return proof_of(axis, value, samples, load, run).value();
}

TEST(Engagement, IsProvenByCallsOfTheAskedAccumulator) {
  EXPECT_EQ(proof(kAxis, "1", {conv_sample("1", 10, 0)}).verdict, "engaged");
  EXPECT_EQ(proof(kAxis, "0", {conv_sample("0", 0, 10)}).verdict, "engaged");
  EXPECT_EQ(proof(kAxis, "1", {conv_sample("1", 0, 10)}).verdict, "not engaged");
  EXPECT_EQ(proof(kAxis, "1", {conv_sample("1", 9, 1)}).verdict, "not engaged");
  EXPECT_EQ(proof(kAxis, "0", {conv_sample("0", 1, 9)}).verdict, "not engaged");
  EXPECT_EQ(proof(kAxis, "0", {conv_sample("0", 0, 0)}).verdict, "not engaged");
}

// A picture on a GPU with a VAE in fp16, whose 36 convolutions and 2 linear layers add up in float
// whatever the switches say.
json sample_by_network(const std::string& variable, const json& networks, const json& engagement) {
  return {{"sample", "s"},
          {"effective",
           {{variable, {{"value", "1"}, {"means", "on"}, {"acts", true}, {"networks", networks}}}}},
          {"engagement", engagement}};
}

TEST(Engagement, IsJudgedByTheNetworksOnWhichTheSwitchActs) {
  const json vae = {{"conv_half", 0}, {"conv_float", 36}, {"matmul_half", 0}, {"matmul_float", 2}};
  const auto conv = [&](const json& unet, const json& of_vae) {
    return proof(kAxis, "1",
                 {sample_by_network(kConv, {"unet"}, {{"unet", unet}, {"vae", of_vae}})});
  };
  const json halves = {{"conv_half", 1560}, {"conv_float", 0}};
  EXPECT_EQ(conv(halves, vae).verdict, "engaged");
  EXPECT_EQ(conv(halves, vae).evidence,
            "UNet 1560 calls with a half accumulator, 0 with a float one");
  EXPECT_EQ(conv({{"conv_half", 1559}, {"conv_float", 1}}, vae).verdict, "not engaged");
  EXPECT_EQ(conv({{"conv_half", 0}, {"conv_float", 1560}}, vae).verdict, "not engaged");
  EXPECT_EQ(
      conv(halves, {{"conv_half", 1}, {"conv_float", 35}}).evidence,
      "sample s: VAE: 1 calls with a half accumulator, 35 with a float one, and the switch is "
      "not to act there");
  // All networks together, as older runs and engines from outside count.
  EXPECT_EQ(proof(kAxis, "1", {conv_sample("1", 1560, 36)}).verdict, "not engaged");
}

TEST(Engagement, OfProductsIsJudgedByUnetAndTextEncodersAndToldApart) {
  const std::string name = "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION";
  const auto matmul = [&](const json& text, const json& networks) {
    return proof("env." + name, "1",
                 {sample_by_network(name, networks,
                                    {{"unet", {{"matmul_half", 794}, {"matmul_float", 0}}},
                                     {"text", text},
                                     {"vae", {{"matmul_half", 0}, {"matmul_float", 2}}}})});
  };
  const json both = {"unet", "text"}, halves = {{"matmul_half", 100}, {"matmul_float", 0}},
             floats = {{"matmul_half", 0}, {"matmul_float", 100}};
  EXPECT_EQ(matmul(halves, both).verdict, "engaged");
  EXPECT_EQ(matmul(halves, both).evidence,
            "UNet 794 calls with a half accumulator, 0 with a float one; "
            "text encoders 100 calls with a half accumulator, 0 with a float one");
  EXPECT_EQ(matmul(floats, both).verdict, "not engaged");
  EXPECT_EQ(matmul(floats, {"unet"}).verdict, "engaged");
  EXPECT_EQ(matmul(halves, {"unet"}).verdict, "not engaged");
  EXPECT_EQ(matmul(json(), both).evidence,
            "sample s: the worker counts no calls of the text encoders");
}

TEST(Engagement, OfAttentionIsProvenByItsOwnCounters) {
  const std::string name = "ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION";
  const auto sample = [&](const json& value, int half, int single) {
    return json{
        {"sample", "s"},
        {"effective",
         {{name, {{"value", value}, {"means", value == "0" ? "off" : "on"}, {"acts", true}}}}},
        {"engagement",
         {{"attention_half", half}, {"attention_float", single}, {"matmul_half", 9}}}};
  };
  const std::string axis = "env." + name;
  EXPECT_EQ(proof(axis, "1", {sample("1", 34, 0)}).verdict, "engaged");
  EXPECT_EQ(proof(axis, nullptr, {sample(nullptr, 34, 0)}).verdict, "engaged");
  EXPECT_EQ(proof(axis, "0", {sample("0", 0, 34)}).verdict, "engaged");
  EXPECT_EQ(proof(axis, "1", {sample("1", 0, 34)}).verdict, "not engaged");
  EXPECT_EQ(proof(axis, "0", {sample("0", 34, 0)}).verdict, "not engaged");
  const RunEvidence off = {.probes = {{{"accelerated", name}, 1e-7}}};
  const json idle = {{"engagement", {{"attention_error", 1e-7}, {"matmul_error", 1e-3}}}},
             acting = {{"engagement", {{"attention_error", 1e-3}}}};
  EXPECT_EQ(proof(axis, "1", {sample("1", 34, 0)}, &idle, off).verdict, "not engaged");
  EXPECT_EQ(proof(axis, "1", {sample("1", 34, 0)}, &acting, off).verdict, "engaged");
}

TEST(Engagement, OfPostProcessingIsWhatTheWorkerSaysItDid) {
  const auto did = [](const json& what) {
    return json{{"sample", "s"}, {"effective", {{"enhance", what}}}};
  };
  const json did_nothing = {{"sample", "s"}, {"effective", json::object()}};
  const std::string axis = "request.enhance";
  EXPECT_EQ(proof(axis, "unsharp", {did("unsharp")}).verdict, "engaged");
  EXPECT_EQ(proof(axis, nullptr, {did_nothing}).verdict, "engaged");
  EXPECT_EQ(proof(axis, "unsharp", {did_nothing}).verdict, "not engaged");
  EXPECT_EQ(proof(axis, "unsharp", {did("contrast")}).verdict, "not engaged");
  EXPECT_EQ(proof(axis, nullptr, {did("unsharp")}).verdict, "not engaged");
}

TEST(Engagement, IsJudgedOverAllSamples) {
  const json good = conv_sample("1", 10, 0), bad = conv_sample("1", 0, 10);
  EXPECT_EQ(proof(kAxis, "1", {good, good}).samples, 2u);
  EXPECT_EQ(proof(kAxis, "1", {good, good, bad}).verdict, "not engaged");
}

TEST(Engagement, FailsWhereTheProcessReadAnotherValue) {
  const Engagement found = proof(kAxis, "1", {conv_sample("0", 0, 10)});
  EXPECT_EQ(found.verdict, "not engaged");
  EXPECT_EQ(found.evidence, "sample s: asked for \"1\", the process read \"0\"");
  EXPECT_EQ(proof(kAxis, "1", {json{{"sample", "s"}}}).verdict, "not engaged");
}

// "1" taken for off would else be proven by calls with a float accumulator.
TEST(Engagement, FailsWhereTheProcessTookTheValueForAnother) {
  const auto read_as = [](const json& value, const json& means, int half, int single) {
    json sample = conv_sample(value, half, single);
    if (means.is_null())
      sample["effective"][kConv].erase("means");
    else
      sample["effective"][kConv]["means"] = means;
    return proof(kAxis, value, {sample});
  };
  EXPECT_EQ(read_as("1", "off", 0, 10).evidence,
            "sample s: asked for \"1\", which the process took for off");
  EXPECT_EQ(read_as("0", "on", 10, 0).verdict, "not engaged");
  EXPECT_EQ(read_as("TRUE", "on", 10, 0).verdict, "engaged");
  EXPECT_EQ(read_as("yes", "off", 0, 10).verdict, "not engaged");
  EXPECT_EQ(read_as("1", nullptr, 10, 0).verdict, "engaged");
  EXPECT_EQ(read_as("1", nullptr, 0, 10).verdict, "not engaged");
  EXPECT_EQ(read_as("0", nullptr, 0, 10).verdict, "engaged");
  EXPECT_EQ(read_as(nullptr, "off", 0, 10).verdict, "engaged");  // another program's default
}

TEST(Engagement, OfCudnnsApiIsTheOneThatLibTorchTook) {
  const std::string name = "TORCH_CUDNN_V8_API_DISABLED";
  const auto took = [&](const json& value, const char* api) {
    return proof("env." + name, value,
                 {{{"sample", "s"},
                   {"effective",
                    {{name, {{"value", value}, {"means", api}, {"evidence", "a time"}}}}}}})
        .verdict;
  };
  EXPECT_EQ(took("1", "v7"), "engaged");
  EXPECT_EQ(took("1", "v8"), "not engaged");
  EXPECT_EQ(took("0", "v8"), "engaged");
  EXPECT_EQ(took("0", "v7"), "not engaged");
  EXPECT_EQ(took(nullptr, "v8"), "engaged");
}

TEST(Engagement, CallsInertWhatCannotActAndSaysWhy) {
  const json sample = {
      {"effective",
       {{"TORCH_CUDNN_V8_API_DISABLED",
         {{"value", "1"}, {"acts", false}, {"reason", "no cuDNN convolution runs on a CPU"}}}}}};
  const Engagement found = proof("env.TORCH_CUDNN_V8_API_DISABLED", "1", {sample});
  EXPECT_EQ(found.verdict, "inert");
  EXPECT_EQ(found.evidence, "no cuDNN convolution runs on a CPU");
}

TEST(Engagement, OfAnyOtherVariableNeedsTheWorkersEvidence) {
  json sample = {{"sample", "s"}, {"effective", {{"FAST", {{"value", "1"}}}}}};
  EXPECT_EQ(proof("env.FAST", "1", {sample}).verdict, "not engaged");
  sample["effective"]["FAST"]["evidence"] = "engine 7 was chosen";
  EXPECT_EQ(proof("env.FAST", "1", {sample}).verdict, "engaged");
}

TEST(Engagement, IsRefutedByAProbeThatErrsNoMoreThanWithTheSwitchOff) {
  const RunEvidence off = {.probes = {{{"accelerated", kConv}, 1e-7}}};
  const json with_error = {{"engagement", {{"conv_error", 1e-3}}}},
             without = {{"engagement", {{"conv_error", 1e-7}}}};
  const std::vector<json> samples = {conv_sample("1", 10, 0)};
  EXPECT_EQ(proof(kAxis, "1", samples, &with_error, off).verdict, "engaged");
  EXPECT_NE(proof(kAxis, "1", samples, &with_error, off).evidence.find("1.00e-03"),
            std::string::npos);
  EXPECT_EQ(proof(kAxis, "1", samples, &without, off).verdict, "not engaged");
}

// 2.0501e-4 is what fp16's own rounding leaves of a product with sums in float.
TEST(Engagement, NeedsAProbeThatErrsThreeTimesAsMuchAsTheStoredType) {
  const auto judged = [](const json& value, double error, double off) {
    const json load = {{"engagement", {{"conv_error", error}}}};
    const bool on = value == "1";
    RunEvidence run;
    if (off > 0) run.probes[{"accelerated", kConv}] = off;
    return proof(kAxis, value, {conv_sample(value, on ? 10 : 0, on ? 0 : 10)}, &load, run).verdict;
  };
  for (const double off : {0.0, 2.05e-4}) {
    EXPECT_EQ(judged("1", 1.9e-3, off), "engaged");
    EXPECT_EQ(judged("1", 6.1e-4, off), "engaged");
    EXPECT_EQ(judged("1", 5.9e-4, off), "not engaged");
    EXPECT_EQ(judged("1", 2.0501e-4, off), "not engaged");
  }
  EXPECT_EQ(judged("1", 1.9e-3, 1.9e-3), "not engaged");
  EXPECT_EQ(judged("0", 2.05e-4, 2.05e-4), "engaged");
  EXPECT_EQ(judged("0", 6.1e-4, 6.1e-4), "not engaged");
}

TEST(Engagement, FindsTheProbesOfWorkersThatHadASwitchOff) {
  const RunFiles run = files_of(small_run());
  const OffProbes probes = off_probes(run.plan, run.workers);
  EXPECT_EQ(probes.at({"accelerated", kConv}), 1e-7);
}

TEST(Engagement, OfALoadOptionIsWhatTheWorkerSaidOfItWhenItLoaded) {
  const json load = {{"effective", {{"precision", "Half"}, {"threads", 1}}}};
  const std::vector<json> samples = {{{"sample", "s"}, {"effective", json::object()}}};
  EXPECT_EQ(proof("load.precision", "fp16", samples, &load).verdict, "engaged");
  EXPECT_EQ(proof("load.precision", "fp32", samples, &load).verdict, "not engaged");
  EXPECT_EQ(proof("load.threads", 1, samples, &load).verdict, "engaged");
  EXPECT_EQ(proof("load.threads", 2, samples, &load).verdict, "not engaged");
  EXPECT_EQ(proof("load.threads", 1, samples).verdict, "not engaged");
}

TEST(Engagement, OfLorasIsWhatTheWorkerSaysItFused) {
  const json ink = json::parse(R"([{"path": "/a/ink", "scale": 0.5}])");
  const auto says = [](const json& lora) {
    return std::vector<json>{{{"sample", "s"}, {"effective", {{"lora", lora}}}}};
  };
  const std::vector<json> silent = {{{"sample", "s"}, {"effective", json::object()}}};
  EXPECT_EQ(proof("load.lora", ink, says(ink)).evidence, "the worker fused /a/ink at 0.5");
  EXPECT_EQ(proof("load.lora", ink, says(json::array())).verdict, "not engaged");
  EXPECT_EQ(proof("load.lora", ink, silent).evidence,
            "sample s: asked for /a/ink at 0.5, the worker fused none");
  EXPECT_EQ(proof("load.lora", nullptr, says(ink)).verdict, "not engaged");
  EXPECT_EQ(proof("load.lora", nullptr, says(json::array())).evidence, "no LoRA");
  EXPECT_EQ(proof("load.lora", nullptr, silent).verdict, "engaged");
  json load = {{"effective", {{"lora", ink}}}};
  EXPECT_EQ(proof("load.lora", ink, silent, &load).verdict, "engaged");
  load["files"]["lora"] = {{"layers", 24}};
  EXPECT_EQ(proof("load.lora", ink, silent, &load).evidence,
            "the worker fused /a/ink at 0.5, 24 layers");
  load["files"]["lora"]["layers"] = 0;
  EXPECT_EQ(proof("load.lora", ink, silent, &load).verdict, "not engaged");
}

TEST(Engagement, OfALoraWithAScaleOfZeroIsInert) {
  const json none = json::parse(R"([{"path": "/a/ink", "scale": 0.0}])");
  const Engagement found =
      proof("load.lora", none, {{{"sample", "s"}, {"effective", {{"lora", none}}}}});
  EXPECT_EQ(found.verdict, "inert");
  EXPECT_EQ(found.evidence, "the worker fused /a/ink at 0.0: a scale of 0 adds nothing");
  EXPECT_EQ(found.same_as, std::vector<AxisValue>(1, nullptr));
}

TEST(Engagement, OfLoadOptionsIsWhatTheWorkerNames) {
  const json sample = {{"sample", "s"},
                       {"effective", {{"precision", "fp16"}, {"vae_precision", "Float"}}}};
  EXPECT_EQ(proof("load.precision", "fp16", {sample}).verdict, "engaged");
  EXPECT_EQ(proof("load.precision", "bf16", {sample}).verdict, "not engaged");
  EXPECT_EQ(proof("load.vae_precision", "fp32", {sample}).verdict, "engaged");
  EXPECT_EQ(proof("load.vae_precision", "fp16", {sample}).verdict, "not engaged");
  EXPECT_EQ(proof("load.threads", 2, {sample}).verdict, "not engaged");
}

TEST(Engagement, OfAPrecisionIsToldInTheWordsOfItsAxisOrInLibTorchs) {
  for (const auto& [asked, older] :
       {std::pair("fp64", "Double"), {"fp32", "Float"}, {"fp16", "Half"}, {"bf16", "BFloat16"}})
    for (const char* told : {asked, older}) {
      const json sample = {{"sample", "s"}, {"effective", {{"vae_precision", told}}}};
      EXPECT_EQ(proof("load.vae_precision", asked, {sample}).verdict, "engaged") << told;
    }
}

TEST(Engagement, OfASamplerIsTheClassThatTheWorkerRuns) {
  const std::vector<json> samples = {{{"sample", "s"}}};
  const json load = {{"effective", {{"sampler", "LCMScheduler"}}}};
  const auto judged = [&](const json& asked, const json* said) {
    return proof("load.scheduler", asked, samples, said).verdict;
  };
  EXPECT_EQ(judged("LCMScheduler", &load), "engaged");
  EXPECT_EQ(judged("DDIMScheduler", &load), "not engaged");
  EXPECT_EQ(judged(nullptr, &load), "engaged");
  EXPECT_EQ(judged("/a/scheduler_config.json", &load), "engaged");
  EXPECT_EQ(judged("LCMScheduler", nullptr), "no proof");
}

TEST(Engagement, ThatCannotBeProvenCountsAsActing) {
  for (const auto& [verdict, acts] :
       {std::pair("engaged", true), {"no proof", true}, {"inert", false}, {"not engaged", false}})
    EXPECT_EQ((Engagement{.value = {}, .verdict = verdict}.acted()), acts) << verdict;
}

TEST(Engagement, LeavesOutWhatNoWorkerNamesAndArmsWithoutSamples) {
  EXPECT_FALSE(proof_of("load.model", "base", {conv_sample("1", 1, 0)}));
  EXPECT_FALSE(proof_of(kAxis, "1", {}));
}

}  // namespace
}  // namespace sameseed
