#include "reports/summary/setting_class.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reports/summary/comparison.h"
#include "reports/summary/noise_floor.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

// A setting of so many prompts, all pairs made and scored. Losses differ from prompt to prompt by
// up to tenfold.
struct Prompts {
  Comparison comparison;
  std::vector<FloorRow> floor;
  std::vector<ReportMetric> metrics = {
      {.name = "lpips.alex"},
      {.name = "ssim.gaussian", .better = Direction::kHigher, .identical = 1},
      {.name = "latents.relative_l2"}};

  explicit Prompts(std::size_t count) {
    comparison.status = "ok";
    for (std::size_t i = 0; i < count; ++i)
      comparison.pairs.push_back({.pair = {.candidate = "c-" + std::to_string(i),
                                           .reference = "r-" + std::to_string(i),
                                           .prompt = "prompt " + std::to_string(i)},
                                  .scored = true,
                                  .values = values(i, 1),
                                  .equal_pictures = false,
                                  .equal_latents = false,
                                  .pictures = {.candidate = "c.png", .reference = "r.png"}});
  }

  // Of prompt `i`, within 10 %, another draw for each `times`.
  std::map<std::string, double> values(std::size_t i, double times) const {
    const double loss = 0.01 * std::exp(std::sin(1.0 + static_cast<double>(i))) * times *
                        (1 + 0.1 * std::sin(17 * times + 5 * static_cast<double>(i)));
    return {{"lpips.alex", loss}, {"ssim.gaussian", 1 - loss}, {"latents.relative_l2", loss}};
  }

  // A floor whose losses are the setting's over `times`; 0: all are 0.
  Prompts& with_floor(const std::string& id, double times) {
    FloorRow row{.id = id, .arm = "reference", .kind = id};
    for (std::size_t i = 0; i < comparison.pairs.size(); ++i) {
      row.cases.push_back({.pair = comparison.pairs[i].pair, .scored = true});
      row.cases.back().values = values(i, times > 0 ? 1 / times : 0);
    }
    floor.push_back(row);
    for (const ReportMetric& metric : metrics)
      comparison.quality[metric.name].floors[id] = {.row = id};
    return *this;
  }

  // The candidate is so many times as far from the oracle as the reference.
  Prompts& with_oracle(double times) {
    for (std::size_t i = 0; i < comparison.pairs.size(); ++i) {
      ScoredPair& pair = comparison.pairs[i];
      pair.pair.oracle = "o";
      pair.candidate_to_oracle = values(i, times);
      pair.reference_to_oracle = values(i, 1.01);
    }
    comparison.oracle = oracle_of(comparison.pairs, metrics);
    return *this;
  }

  ClassReading reading() const { return class_of(comparison, floor, metrics); }
  std::string label() const { return class_label(reading()); }
};

std::string at_best(const Prompts& prompts) { return name_of(prompts.reading().at_best); }

bool says(const Prompts& prompts, const std::string& part) {
  return prompts.reading().because.find(part) != std::string::npos;
}

TEST(SettingClass, IsBitEqualOnlyWhereEveryPairIsThereAndEqualToTheByte) {
  Prompts equal(3);
  for (ScoredPair& pair : equal.comparison.pairs) pair.equal_pictures = pair.equal_latents = true;
  EXPECT_EQ(equal.label(), "bit-equal");
  Prompts unknown = equal;  // an engine that hands out no latents
  unknown.comparison.pairs[1].equal_latents = std::nullopt;
  EXPECT_EQ(unknown.label(), "not told");
  EXPECT_EQ(at_best(unknown), "bit-equal");
  EXPECT_TRUE(says(unknown, "1 of 3 pairs have no recorded hash"));
  Prompts other = equal;  // 8 bits hide what the latents show
  other.comparison.pairs[1].equal_latents = false;
  EXPECT_EQ(other.label(), "not told");
  EXPECT_EQ(at_best(other), "within the floor");
  Prompts absent = equal;
  absent.comparison.pairs[2].pictures.candidate.clear();
  EXPECT_EQ(absent.label(), "not told");
  EXPECT_TRUE(says(absent, "1 of 3 pairs are not there"));
  Prompts black = equal;
  black.comparison.broken.push_back({.case_id = "c-0", .side = "candidate", .ways = {"black"}});
  EXPECT_EQ(black.label(), "not told");
}

// As of an engine that hands out no latents: what was measured may still show that it is not so.
TEST(SettingClass, IsNotWithinAFloorThatOneMetricIsBeyondWhateverElseIsMissing) {
  const auto without_latents = [](Prompts prompts) {
    for (ScoredPair& pair : prompts.comparison.pairs) pair.values.erase("latents.relative_l2");
    for (FloorRow& row : prompts.floor)
      for (ScoredPair& pair : row.cases) pair.values.erase("latents.relative_l2");
    return prompts;
  };
  const Prompts beyond = without_latents(Prompts(12).with_floor("f", 4));
  EXPECT_EQ(at_best(beyond), "other rounding");
  EXPECT_TRUE(says(beyond, "the loss is shown to be more than 1.5 times the floor"));
  const Prompts zero = without_latents(Prompts(12).with_floor("f", 0));
  EXPECT_EQ(at_best(zero), "other rounding");
  EXPECT_TRUE(says(zero, "is exactly 0: any difference is real"));
  const Prompts open = without_latents(Prompts(12).with_floor("f", 1.05));
  EXPECT_EQ(open.label(), "not told");
  EXPECT_EQ(at_best(open), "within the floor");
  EXPECT_TRUE(says(open, "only 0 prompts have the floor \"reference, f\" in latents.relative_l2"));
}

TEST(SettingClass, IsWithinTheFloorOnlyWhereThatIsShown) {
  EXPECT_EQ(Prompts(12).with_floor("f", 1.05).label(), "within the floor");
  EXPECT_EQ(Prompts(5).with_floor("f", 1.05).label(), "not told");
  EXPECT_TRUE(says(Prompts(5).with_floor("f", 1.05), "only 5 prompts have the floor"));
  const Prompts between = Prompts(12).with_floor("f", 1.5);  // nothing is shown, either way
  EXPECT_EQ(between.label(), "not told");
  EXPECT_EQ(at_best(between), "within the floor");
  EXPECT_EQ(Prompts(12).label(), "not told");
  EXPECT_TRUE(says(Prompts(12), "no noise floor was measured"));
}

TEST(SettingClass, AsksEveryHeadlineMetricForTheFloor) {
  Prompts one_off = Prompts(12).with_floor("f", 1.05);
  for (std::size_t i = 0; i < 12; ++i)
    one_off.comparison.pairs[i].values["ssim.gaussian"] =
        1 - 5 * (1 - one_off.values(i, 1).at("ssim.gaussian"));
  EXPECT_EQ(one_off.label(), "not told");
  EXPECT_EQ(at_best(one_off), "other rounding");  // beyond in one metric is beyond
  Prompts unscored = Prompts(12).with_floor("f", 1.05);
  unscored.metrics.pop_back();
  EXPECT_EQ(unscored.label(), "not told");
  EXPECT_TRUE(says(unscored, "latents.relative_l2 was not scored"));
}

TEST(SettingClass, TakesAnyOfSeveralFloorsAndIsBeyondOnlyWhereItIsBeyondAll) {
  EXPECT_EQ(Prompts(12).with_floor("small", 5).with_floor("large", 1.05).label(),
            "within the floor");
  EXPECT_EQ(at_best(Prompts(12).with_floor("small", 5)), "other rounding");
  EXPECT_EQ(at_best(Prompts(12).with_floor("small", 5).with_floor("like", 1.5)),
            "within the floor");
}

// Each of several floors is a chance to be called within one.
TEST(SettingClass, AsksMoreOfEachFloorWhereThereAreSeveral) {
  bool found = false;
  for (double times = 1.1; times < 1.5; times += 0.01)
    found =
        found || (Prompts(12).with_floor("f", times).label() == "within the floor" &&
                  Prompts(12).with_floor("f", times).with_floor("g", times).label() == "not told");
  EXPECT_TRUE(found);
}

TEST(SettingClass, OfAFloorOfExactlyZeroIsMetByBitEqualOnly) {
  const Prompts differs = Prompts(12).with_floor("f", 0);
  EXPECT_EQ(differs.label(), "not told");
  EXPECT_EQ(at_best(differs), "other rounding");
  EXPECT_TRUE(says(differs, "any difference is real"));
  // Equal in every score, and not in every byte.
  Prompts nearly = Prompts(12).with_floor("f", 0);
  for (ScoredPair& pair : nearly.comparison.pairs) pair.values = nearly.values(0, 0);
  EXPECT_EQ(nearly.label(), "not told");
  EXPECT_EQ(at_best(Prompts(4).with_floor("f", 0)), "within the floor");  // too few to know
}

TEST(SettingClass, BeyondTheFloorAloneIsNoApproximation) {
  const Prompts beyond = Prompts(12).with_floor("f", 5);
  EXPECT_EQ(beyond.label(), "not told");
  EXPECT_TRUE(says(beyond, "other rounding or approximate, an oracle would tell"));
}

TEST(SettingClass, IsOtherRoundingWhereTheOracleCouldHaveSeenAndDoesNot) {
  const Prompts neither = Prompts(12).with_oracle(1);
  EXPECT_EQ(neither.comparison.oracle->at("lpips.alex").reading, "no difference shown");
  EXPECT_EQ(neither.label(), "other rounding") << neither.reading().because;
  EXPECT_TRUE(says(neither, "times as far from it as the reference would have been seen"));
  EXPECT_EQ(at_best(neither), "within the floor");  // whether it is was not measured
  EXPECT_EQ(Prompts(5).with_oracle(1).label(), "not told");
}

TEST(SettingClass, IsNotToldWhereTheOracleCouldNotSee) {
  Prompts blind = Prompts(8).with_oracle(1);
  for (std::size_t i = 0; i < 8; ++i)  // half are twice as far, half as far again
    for (auto& [metric, value] : blind.comparison.pairs[i].candidate_to_oracle) {
      const double loss = blind.values(i, 1).at("lpips.alex") * (i % 2 ? 0.5 : 1.6);
      value = metric == "ssim.gaussian" ? 1 - loss : loss;
    }
  blind.comparison.oracle = oracle_of(blind.comparison.pairs, blind.metrics);
  EXPECT_EQ(blind.comparison.oracle->at("lpips.alex").reading, "no difference shown");
  EXPECT_EQ(blind.label(), "not told");
  EXPECT_TRUE(says(blind, "too few")) << blind.reading().because;
}

TEST(SettingClass, IsApproximateWhereTheOracleCallsTheReferenceNearer) {
  const Prompts farther = Prompts(12).with_oracle(4);
  EXPECT_EQ(farther.label(), "approximate");
  EXPECT_EQ(at_best(farther), "approximate");
  // Also where the noise is as large: it is shown to be systematic.
  EXPECT_EQ(Prompts(12).with_floor("f", 1.05).with_oracle(4).label(), "approximate");
}

TEST(SettingClass, OfACandidateThatIsNearerIsNoApproximation) {
  const Prompts nearer = Prompts(12).with_oracle(0.3);
  EXPECT_EQ(nearer.label(), "other rounding") << nearer.reading().because;
  EXPECT_TRUE(says(nearer, "calls the candidate nearer in"));
}

TEST(SettingClass, IsNotToldWhereMetricsOfTheOracleDisagree) {
  Prompts split = Prompts(12).with_oracle(4);
  for (std::size_t i = 0; i < 12; ++i)
    split.comparison.pairs[i].candidate_to_oracle["lpips.alex"] = 0.0001;
  split.comparison.oracle = oracle_of(split.comparison.pairs, split.metrics);
  EXPECT_EQ(split.label(), "not told");
  EXPECT_TRUE(says(split, "and the candidate in lpips.alex"));
}

TEST(SettingClass, StandsInTheReportOfARun) {
  using nlohmann::json;
  RawRun run = small_run();
  for (const char* made : {"q:off-0", "q:off-1"}) run.samples[made]["hashes"]["latents"] = "same";
  for (const char* made : {"q:r-0", "q:r-1"}) run.samples[made]["hashes"]["latents"] = "same";
  for (auto& [id, sample] : run.samples) sample["files"] = {{"image", "picture"}};
  std::map<std::string, json> classes;
  const json report = report_of(run);
  for (const json& one : report.at("comparisons")) classes[one.at("id")] = one.at("class");
  EXPECT_EQ(classes.at("off~r").at("name"), "bit-equal");
  EXPECT_EQ(classes.at("on~r").at("name"), nullptr);
  EXPECT_EQ(classes.at("on~r").at("at_best"), "within the floor");
  EXPECT_NE(classes.at("on~r").at("because").get<std::string>().find("2 of 2 pairs differ"),
            std::string::npos);
}

}  // namespace
}  // namespace sameseed
