#include "reports/summary/nonfinite.h"

#include <gtest/gtest.h>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"
#include "tests/reports/judged.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

json overflow(const char* layer) {
  return {{"latents", 256},
          {"image", 12288},
          {"step", 3},
          {"layers", {{{"layer", layer}, {"count", 7}}, {{"layer", "latents"}, {"count", 256}}}},
          {"layers_affected", 2}};
}

json verdict_of(const RawRun& run) { return judged(report_of(run), std::nullopt); }

TEST(Nonfinite, LatentsAreACauseThatNamesLayerAndStep) {
  EXPECT_EQ(verdict_of(small_run()).at("code"), 0);
  RawRun run = small_run();
  for (const char* sample : {"q:on-0", "q:on-1", "t:0:1"})  // the last one is of on-0 as well
    run.samples.at(sample)["nonfinite"] = overflow("mid_block.resnets.0.conv1");
  const json result = verdict_of(run);
  EXPECT_EQ(result.at("code"), 7);
  ASSERT_EQ(result.at("causes").size(), 1u);
  EXPECT_EQ(result.at("causes").at(0).at("kind"), "broken");
  EXPECT_EQ(
      result.at("causes").at(0).at("text"),
      "2 pictures of the accelerated engine (environment e1) are broken; of case on-0 256 of its "
      "final latents are NaN or infinite, at first the output of mid_block.resnets.0.conv1 (7 "
      "values) in step 3; repeat: sameseed image --case runs/small/on-0 --out on-0.png");
  EXPECT_EQ(report_of(run).at("nonfinite").size(), 2u);
}

TEST(Nonfinite, GatesCannotHideIt) {
  RawRun run = small_run();
  run.samples.at("q:r-0")["nonfinite"] = overflow("conv_in");
  EXPECT_EQ(judged(report_of(run), std::vector<Gate>{}).at("code"), 7);
}

TEST(Nonfinite, SaysWhatIsKnownWhereNoLayerIsToBlame) {
  const auto text_of = [](const json& found) {
    RawRun run = small_run();
    run.samples.at("q:on-0")["nonfinite"] = found;
    return verdict_of(run).at("causes").at(0).at("text").get<std::string>();
  };
  EXPECT_NE(text_of(overflow("latents")).find("at first the sampler's own arithmetic"),
            std::string::npos);
  EXPECT_NE(text_of(overflow("input of conv_in")).find("at first the input of conv_in"),
            std::string::npos);
  json again = overflow("conv_in");
  again["layers"] = json::array();
  again["step"] = nullptr;
  EXPECT_NE(text_of(again).find("made again with every layer watched it came out finite"),
            std::string::npos);
}

}  // namespace
}  // namespace sameseed
