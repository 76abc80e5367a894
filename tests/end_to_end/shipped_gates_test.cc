// bench/gates/nightly.json and release.json over runs of the shipped matrices: every exit code that
// a release engineer can meet. Pictures of 64 and 96 prompts take hours, so the plans are real and
// the records are written here, with the losses and times that bench/gates/README.md measured.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bench/system/programs.h"
#include "io/files.h"
#include "io/json.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kConv = "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION",
                  kMatmul = "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION",
                  kAttention = "ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION";

// What is wrong with a run; nothing by default.
struct RunFault {
  double losses = 1, times = 1;            // of the candidate with DeepCache 3/0/0: so many times
  bool crashed = false;                    // every 50th picture
  bool idle_conv = false;                  // the convolution switch never acts
  std::string second_model = "model-one";  // of all workers but the first
};

constexpr double kFp8Loss = 0.0082;  // LPIPS, of either kind of scale

// LPIPS of an average prompt, by the candidate's DeepCache and by what it multiplies in.
double measured_loss(const json& deepcache, const json& linear) {
  if (linear != "fp16") return kFp8Loss;
  static const std::map<std::string, double> losses = {
      {"2/0/0", 0.00048}, {"3/0/0", 0.0021}, {"3/0/2", 0.00084}, {"5/0/0", 0.019}};
  return deepcache.is_null() ? 2.4e-5 : losses.at(deepcache);
}

// Prompts differ by a factor of two either way, the same in every setting.
double sensitivity(std::size_t prompt) { return std::exp(0.7 * std::cos(double(7 * prompt))); }

const std::string& text_of(const json& object, const char* name) {
  return object.at(name).get_ref<const std::string&>();
}

class Writer {
 public:
  Writer(const json& plan, const RunFault& fault) : fault_(fault), plan_(plan) {
    for (const json& one : plan.at("environments")) environments_[one.at("id")] = &one;
    for (const json& one : plan.at("cases")) cases_[one.at("id")] = &one;
  }

  std::string records() {
    std::string text = json{{"type", "run"},
                            {"schema", "sameseed/record/2"},
                            {"started", "2026-11-24T07:00:00Z"},
                            {"command", {"sameseed", "run"}},
                            {"version", "0.1.0"},
                            {"cohort", {{"recipe", "r"}, {"variables", json::object()}}}}
                           .dump() +
                       "\n";
    bool first = true;
    for (const json& one : plan_.at("environments")) {
      text += worker(one, first ? "model-one" : fault_.second_model).dump() + "\n";
      first = false;
    }
    std::size_t number = 0;
    for (const json& sample : plan_.at("samples")) text += record(sample, ++number);
    return text;
  }

  std::string scores() const {
    std::string text =
        json{{"type", "scorer"},
             {"schema", "sameseed/score/1"},
             {"self_test", "passed"},
             {"metrics",
              {{{"name", "lpips.alex"}, {"unit", ""}, {"better", "lower"}, {"identical", 0}}}}}
            .dump() +
        "\n";
    for (const char* list : {"comparisons", "floor"})
      for (const json& row : plan_.at(list)) {
        std::size_t prompt = 0;
        for (const json& pair : row.at("pairs"))
          text += score(pair, list == std::string("floor"), ++prompt);
      }
    return text;
  }

 private:
  static json worker(const json& environment, const std::string& model) {
    return {{"type", "worker"},
            {"environment", environment.at("id")},
            {"load",
             {{"versions", {{"libtorch", "2.11.0"}}},
              {"effective", load_options(environment)},
              {"engagement", probes(environment)}}},
            {"content", {{"files", {{"unet", model}}}, {"program", json::object()}}}};
  }

  // The switches of precision, as a GPU's workers would name and prove them.
  static json load_options(const json& environment) {
    const json& load = environment.at("load");
    if (environment.at("engine") == "reference")
      return {{"fp16_accumulation", load.value("fp16_accumulation", 0)}, {"precision", "fp16"}};
    return {{"linear", load.value("linear", "fp16")},
            {"fp8_fast_accumulation", load.value("fp8_fast_accumulation", 0)}};
  }

  static json probes(const json& environment) {
    const json used = load_options(environment);
    if (environment.at("engine") == "reference")
      return {{"fp16_accumulation_error", used.at("fp16_accumulation") == 1 ? 1.9e-3 : 2e-4}};
    if (used.at("linear") == "fp16") return json::object();
    return {{"fp8_error", 3.7e-2},
            {"fp8_sums_error", used.at("fp8_fast_accumulation") == 1 ? 1.5e-3 : 1.3e-4},
            {"fp8_small_tokens_error", used.at("linear") == "fp8" ? 3.7e-2 : 0.4}};
  }

  // As the real workers of a CPU answer.
  json effective(const json& environment) const {
    json read;
    const bool accelerated = environment.at("engine") == "accelerated";
    for (const auto& [name, value] : environment.at("variables").items())
      if (accelerated && name.starts_with("ONEFLOW"))
        read[name] = {{"value", value}, {"acts", true}, {"means", value == "0" ? "off" : "on"}};
      else
        read[name] = {{"value", value}, {"acts", false}, {"reason", "does not act here"}};
    return read;
  }

  static bool in_fp8(const json& environment) {
    return environment.at("load").value("linear", "fp16") != "fp16";
  }
  static bool is_fast(const json& environment) {
    return environment.at("load").value("fp8_fast_accumulation", 0) == 1;
  }

  json engagement(const json& environment, const json& request) const {
    const auto is_on = [&](const std::string& name) {
      return environment.at("engine") == "accelerated" &&
             environment.at("variables").at(name) != "0";
    };
    const bool conv = is_on(kConv) && !fault_.idle_conv, matmul = is_on(kMatmul),
               attention = is_on(kAttention);
    const json& deepcache = request.at("deepcache");
    const int steps = request.at("steps"),
              interval = deepcache.is_null() ? 1 : std::stoi(deepcache.get<std::string>()),
              full = (steps + interval - 1) / interval;
    return {{"conv_half", conv ? 9 : 0},
            {"conv_float", conv ? 0 : 9},
            {"matmul_half", matmul ? 9 : 0},
            {"matmul_float", matmul ? 0 : 9},
            {"fp8_fast", in_fp8(environment) && is_fast(environment) ? 9 : 0},
            {"fp8_exact", in_fp8(environment) && !is_fast(environment) ? 9 : 0},
            {"linear_fp16", in_fp8(environment) ? 0 : 9},
            {"attention_half", attention ? 9 : 0},
            {"attention_float", attention ? 0 : 9},
            {"steps_full", full},
            {"steps_partial", steps - full}};
  }

  // What a worker says alike of all its pictures of one setting: effective and engagement.
  const std::string& answer(const json& environment, const json& request) {
    const json key = {environment.at("id"), request.at("deepcache"), request.at("steps")};
    std::string& text = answers_[key.dump()];
    if (text.empty())
      text = fmt::format(R"("effective":{},"engagement":{})", effective(environment).dump(),
                         engagement(environment, request).dump());
    return text;
  }

  // As text: a hundred thousand objects would take longer than what is tested.
  std::string record(const json& sample, std::size_t number) {
    const std::string& made_case = text_of(sample, "case");
    const json& made = *cases_.at(made_case);
    const json& request = made.at("request");
    const bool crashed = fault_.crashed && text_of(sample, "kind") == "quality" && number % 50 == 0;
    const json& deepcache = request.at("deepcache");
    const double ms = (deepcache.is_null() ? 100 : 45) * (deepcache == "3/0/0" ? fault_.times : 1) *
                      (1 + 0.01 * std::cos(double(number)));
    return fmt::format(
        R"({{"type":"sample","sample":"{}","case":"{}","kind":"{}","comparison":{},"block":{},)"
        R"("position":{},"arm":{},"outcome":"{}",{},"timings_ms":{{"total":{}}},)"
        R"("hashes":{{"noise":"n","token_ids":"{}","latents":"{}"}}}})"
        "\n",
        text_of(sample, "id"), made_case, text_of(sample, "kind"), sample.at("comparison").dump(),
        sample.at("block").get<int>(), sample.at("position").get<int>(), sample.at("arm").dump(),
        crashed ? "crashed" : "ok",
        answer(*environments_.at(text_of(made, "environment")), request), ms,
        text_of(request, "prompt"), made_case);
  }

  std::string score(const json& pair, bool floor, std::size_t prompt) const {
    const std::string& candidate = text_of(pair, "candidate");
    const json& made = *cases_.at(candidate);
    const json& deepcache = made.at("request").at("deepcache");
    const json linear =
        environments_.at(text_of(made, "environment"))->at("load").value("linear", "fp16");
    double loss = floor ? 0 : measured_loss(deepcache, linear) * sensitivity(prompt);
    if (deepcache == "3/0/0") loss *= fault_.losses;
    return fmt::format(
        R"({{"type":"pair","candidate_case":"{}","reference_case":"{}","values":{{"lpips.alex":{}}}}})"
        "\n",
        candidate, text_of(pair, "reference"), loss);
  }

  const RunFault& fault_;
  const json& plan_;
  std::map<std::string, const json*> environments_, cases_;
  std::map<std::string, std::string> answers_;
};

class ShippedGates : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    folder_ = fresh_folder(std::string("shipped-gates-") + GetParam());
    gates_ = data(std::string("bench/gates/") + GetParam() + ".json");
    matrix_ = data(std::string("bench/matrices/") + GetParam() + ".json");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void make_plan(const std::string& matrix) {
    std::filesystem::remove_all(run());
    ASSERT_EQ(run_program({kProgram, "plan", matrix, "--out", run(), "--quiet"}), 0);
    plan_ = read_json(run() + "/plan.json");
  }

  // The shipped matrix with fewer settings of the switches, which are judged alike: all of its
  // DeepCache values, steps and floors stay.
  void make_smaller_plan(const char* prompts = nullptr) {
    json matrix = read_json(matrix_);
    matrix["axes"]["candidate.env." + kConv] = {"0", "1"};
    matrix["axes"]["candidate.env." + kMatmul] = {"0"};
    matrix["axes"].erase("reference.env.TORCH_CUDNN_V8_API_DISABLED");
    const json axes = matrix.at("axes");
    const auto names_what_is_left = [&](const json& rule) {
      for (const auto& [axis, value] : rule.at("when").items())
        if (!axes.contains(axis) || std::ranges::find(axes.at(axis), value) == axes.at(axis).end())
          return false;
      return true;
    };
    json rules = json::array();
    for (const json& rule : matrix.value("exclude", json::array()))
      if (names_what_is_left(rule)) rules.push_back(rule);
    matrix["exclude"] = rules;
    json& file = matrix["requests"]["prompts"];
    file = data("bench/prompts").string() + "/" +
           (prompts ? prompts : std::filesystem::path(file.get<std::string>()).filename().string());
    write_file(folder_ + "/m.json", matrix.dump());
    make_plan(folder_ + "/m.json");
  }

  int gate(const RunFault& fault) {
    Writer writer(plan_, fault);
    write_file(run() + "/records.jsonl", writer.records());
    write_file(run() + "/scores.jsonl", writer.scores());
    return run_program({kProgram, "gate", run(), "--gates", gates_, "--require-coverage"});
  }
  std::string word() const { return read_json(run() + "/report.json").at("verdict").at("word"); }
  std::string run() const { return folder_ + "/run"; }

  std::string folder_, gates_, matrix_;
  json plan_;
};

TEST_P(ShippedGates, Pass) {
  make_plan(matrix_);
  EXPECT_EQ(gate({}), 0);
  EXPECT_EQ(word(), "PASS");
}

TEST_P(ShippedGates, GiveEveryExitCode) {
  make_smaller_plan();
  EXPECT_EQ(gate({}), 0);
  // What it would have derived itself: the same settings, and it passes by them.
  const std::string derived = folder_ + "/derived.json";
  ASSERT_EQ(run_program({kProgram, "gates", run(), "--out", derived}), 0);
  EXPECT_EQ(run_program({kProgram, "gate", run(), "--gates", derived, "--require-coverage"}), 0);
  const json ours = read_json(derived), shipped = read_json(gates_);
  EXPECT_EQ(ours.at("prompts"), shipped.value("prompts", 0));
  for (std::size_t i = 0; i < ours.at("gates").size(); ++i)
    for (const char* field : {"metric", "statistic", "where"})
      EXPECT_EQ(ours.at("gates")[i].at(field), shipped.at("gates")[i].at(field));

  EXPECT_EQ(gate({.losses = 20}), 2);
  EXPECT_EQ(word(), "FAIL: picture quality");
  EXPECT_EQ(gate({.times = 3}), 3);
  EXPECT_EQ(gate({.second_model = "model-two"}), 6);
  EXPECT_EQ(gate({.crashed = true}), 7);
  EXPECT_EQ(gate({.idle_conv = true}), 8);
  make_smaller_plan("twelve.txt");
  EXPECT_EQ(gate({}), 5);
  // Gates of 12 prompts say that their tails cannot pass.
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_program({kProgram, "gates", run(), "--out", derived}), 0);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find(
                "no run of this size can pass this gate: lpips.alex worst5"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Shipped, ShippedGates, ::testing::Values("nightly", "release"));

}  // namespace
}  // namespace sameseed
