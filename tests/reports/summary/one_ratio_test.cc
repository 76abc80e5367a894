// A ratio of times is one number wherever it is shown.
#include <gtest/gtest.h>

#include <cmath>

#include "io/json_schema.h"
#include "reports/judge/recommend.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Blocks whose median, mean and geometric mean differ.
constexpr double kRatios[] = {0.70, 0.71, 0.72, 0.74, 0.90, 1.10};

RawRun skewed_run() {
  RawRun run = small_run(6);
  json off_samples = json::array();  // as long as the reference's
  for (json sample : run.plan["samples"]) {
    if (sample.at("kind") != "timing") continue;
    sample["id"] = "off" + sample.at("id").get<std::string>();
    sample["comparison"] = "off~r";
    if (sample.at("arm") == "candidate") sample["case"] = "off-0";
    run.samples[sample.at("id")] = good_record(sample);
    run.samples[sample.at("id")]["timings_ms"]["total"] = 100;
    off_samples.push_back(sample);
  }
  for (const json& sample : off_samples) run.plan["samples"].push_back(sample);
  for (auto& [id, record] : run.samples)
    if (record.at("kind") == "timing" && record.at("arm") == "candidate" &&
        record.at("comparison") == "on~r")
      record["timings_ms"]["total"] = 100 * kRatios[record.at("block").get<std::size_t>()];
  return run;
}

double geometric_mean() {
  double sum = 0;
  for (const double ratio : kRatios) sum += std::log(ratio);
  return std::exp(sum / 6);
}

TEST(OneRatio, IsTheGeometricMeanInTheReport) {
  const json time = report_of(skewed_run()).at("comparisons")[1].at("speed").at("total_ms");
  EXPECT_NEAR(time.at("ratio"), geometric_mean(), 1e-12);
  EXPECT_LT(time.at("ratio_interval").at("low"), geometric_mean());
  EXPECT_GT(time.at("ratio_interval").at("high"), geometric_mean());
}

TEST(OneRatio, IsTheSameInAGateByValueAndByInterval) {
  for (const bool by_interval : {false, true}) {
    const std::vector<Gate> gates = {{.is_timing = true,
                                      .name = "total_ms",
                                      .statistic = "ratio",
                                      .at_most = 0.5,
                                      .by_interval = by_interval,
                                      .where = {{kConvAxis, "1"}}}};
    const json verdict = report_of(skewed_run(), gates).at("verdict");
    const json& test = verdict.at("gates")[0].at("settings")[0].at("tests")[0];
    EXPECT_NEAR(test.at("estimate"), geometric_mean(), 1e-12) << verdict.dump();
  }
}

TEST(OneRatio, IsTheSameInTheEffectOfTheOnlySwitch) {
  const json effects = report_of(skewed_run()).at("effects").at("estimates");
  EXPECT_NEAR(effects.at(1).at("speed").at("total_ms").at("ratio"), geometric_mean(), 1e-12)
      << effects.dump();
}

TEST(OneRatio, IsTheSameInWhatIsRecommended) {
  const auto all =
      recommendable(summary_of(skewed_run()), {parse_quality_bound("lpips.alex.mean=9", true)});
  EXPECT_NEAR(all.front().ratio, geometric_mean(), 1e-12);
}

}  // namespace
}  // namespace sameseed
