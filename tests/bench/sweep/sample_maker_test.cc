#include "bench/sweep/sample_maker.h"

#include <gtest/gtest.h>

#include "io/files.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kGoodAnswer =
    R"({"ok":true,"id":"s","timings_ms":{"total":1},"hashes":{"noise":"n","token_ids":"t"}})";

// A run of one case, whose noise is there already.
class MadeSample : public ::testing::Test {
 protected:
  MadeSample() { std::filesystem::remove_all(run_); }
  ~MadeSample() override { std::filesystem::remove_all(run_); }

  json make(const std::string& engine, const char* kind) {
    const json plan = {
        {"timing", {{"warmup", 0}}},
        {"environments",
         {{{"id", "e"},
           {"engine", engine},
           {"variables", json::object()},
           {"load", {{"model", "m"}}}}}},
        {"cases",
         {{{"id", "c"},
           {"environment", "e"},
           {"noise_precision", "fp32"},
           {"request", {{"seed", 0}, {"steps", 2}, {"size", "64x64"}, {"prompt", "a"}}}}}}};
    const PlanIndex index(plan);
    TimeLimits limits;
    NoiseFiles noise(run_, "start", limits, this_machine());
    if (noise_is_there_)
      write_file(noise.place_of(plan.at("cases")[0], plan.at("environments")[0].at("load")),
                 "noise");
    const Crew crew{.plan = plan,
                    .index = index,
                    .logs = run_ / "logs",
                    .limits = limits,
                    .name_worker = [] { return "w"; },
                    .file_record = [](const json&) {},
                    .admit =
                        [](const json&, const json&) {
                          return json{{"files", json::object()}};
                        },
                    .nvml = nullptr,
                    .machine = this_machine()};
    Dispatcher dispatcher(crew, {.name = "cpu"});
    return SampleMaker(run_, index, false, noise)
        .make({{"id", "s"}, {"case", "c"}, {"kind", kind}}, dispatcher);
  }

  // An engine that gives the same answer to everything.
  std::string engine_that_says(const std::string& answer) const {
    const std::string script = (run_ / "engine.sh").string();
    write_file(script, "while read -r line; do echo '" + answer + "'; done\n");
    return "sh " + script;
  }

  bool noise_is_there_ = true;
  const std::filesystem::path run_ = ::testing::TempDir() + "sameseed-made-sample";
};

TEST_F(MadeSample, CarriesWhatItsWorkerAnswered) {
  EXPECT_EQ(make(engine_that_says(kGoodAnswer), "timing"),
            (json{{"outcome", "ok"},
                  {"worker", "w"},
                  {"files", json::object()},
                  {"timings_ms", {{"total", 1}}},
                  {"hashes", {{"noise", "n"}, {"token_ids", "t"}}}}));
}

TEST_F(MadeSample, IsIncompleteWithoutItsPicture) {
  const json record = make(engine_that_says(kGoodAnswer), "quality");
  EXPECT_EQ(record.at("outcome"), "incomplete");
  EXPECT_EQ(record.at("timings_ms"), (json{{"total", 1}}));
}

// Its worker died over it after it had written it, say, and the next one writes none.
TEST_F(MadeSample, TakesNoPictureOfAnEarlierAttempt) {
  write_file(run_ / "images/s.png", "of an earlier attempt");
  EXPECT_EQ(make(engine_that_says(kGoodAnswer), "quality").at("outcome"), "incomplete");
  EXPECT_FALSE(std::filesystem::exists(run_ / "images/s.png"));
}

TEST_F(MadeSample, SaysHowItsWorkerFailed) {
  const json crashed = make("false", "timing");
  EXPECT_EQ(crashed.at("outcome"), "crashed");
  EXPECT_EQ(crashed.at("error"), "the worker ended with exit code 1");
  EXPECT_EQ(crashed.at("log_tail"), json::array());
  EXPECT_EQ(make(engine_that_says("hello"), "timing").at("outcome"), "rubbish");
  const json refused =
      make(engine_that_says(R"({"ok":false,"kind":"unsupported","error":"no"})"), "timing");
  EXPECT_EQ(refused.at("outcome"), "unsupported");
  EXPECT_EQ(refused.at("error"), "no");
}

// Beside this test there is no program that draws noise.
TEST_F(MadeSample, BlamesNoEngineWhereThereIsNoNoise) {
  noise_is_there_ = false;
  const json record = make(engine_that_says(kGoodAnswer), "timing");
  EXPECT_EQ(record.at("outcome"), "no_noise");
  EXPECT_FALSE(record.contains("worker"));
  EXPECT_TRUE(record.at("error").get<std::string>().starts_with("the process that draws noise: "))
      << record;
}

// An engine that has no such precision says so when it loads; the next answer would be the same.
TEST_F(MadeSample, TellsARefusalToLoadFromOneOfARequest) {
  const json at_load =
      make(engine_that_says(R"({"ok":false,"kind":"unsupported","error":"no"})"), "timing");
  EXPECT_EQ(at_load.at("refused_at"), "load");
  const std::string script = (run_ / "loads.sh").string();
  write_file(script,
             "read -r line; echo '{\"ok\":true}'\n"
             "while read -r line; do echo '{\"ok\":false,\"kind\":\"unsupported\"}'; done\n");
  const json of_request = make("sh " + script, "timing");
  EXPECT_EQ(of_request.at("outcome"), "unsupported");
  EXPECT_FALSE(of_request.contains("refused_at"));
}

}  // namespace
}  // namespace sameseed
