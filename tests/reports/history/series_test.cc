#include "reports/history/series.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "reports/history/report_numbers.h"
#include "reports/run/cohort.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

// A run a night, from 1 October 2026 on.
Series nights(const std::vector<double>& values, const std::vector<std::string>& recipes = {}) {
  Series series;
  series.name = {.name = "nightly",
                 .machine = "H100",
                 .setting = json{{kConvAxis, "1"}}.dump(),
                 .against = "reference",
                 .measure = "lpips.alex",
                 .unit = "",
                 .better = "lower"};
  for (std::size_t i = 0; i < values.size(); ++i) {
    series.runs.push_back({.key = std::to_string(i),
                           .started = fmt::format("2026-10-{:02}T03:00:00Z", i + 1),
                           .name = "nightly",
                           .folder = fmt::format("/runs/{}", i + 1),
                           .machine = "H100",
                           .driver = i < 10 ? "580.95" : "590.10",
                           .version = "0.1.0",
                           .cohort = "c",
                           .recipe = recipes.empty() ? "r" : recipes[i]});
    series.points.push_back({.n = 48, .value = values[i]});
  }
  return series;
}

json small_report() { return report_of(small_run()); }

TEST(SeriesRows, HoldOneAComparisonAndMetric) {
  const auto rows = series_rows(small_report());
  // 3 comparisons with 2 metrics; the one that is timed has 4 timings, in ms and as a ratio.
  ASSERT_EQ(rows.size(), 3u * 2 + 4 * 2);
  EXPECT_EQ(rows[0].series.measure, "lpips.alex");
  EXPECT_NEAR(*rows[0].point.value, 0.015, 1e-12);
  EXPECT_EQ(rows[0].point.n, 2u);
  for (const SeriesRow& row : rows)
    if (row.series.measure == "total_ms.ratio") {
      EXPECT_FALSE(row.point.value);  // of two blocks there is none to tell
      EXPECT_EQ(row.point.n, 2u);     // blocks
    }
}

TEST(SeriesRows, HaveARatioOfEnoughBlocks) {
  json report = small_report();
  for (json& comparison : report.at("comparisons"))
    for (auto& [timing, statistics] : comparison.at("speed").items())
      statistics.update({{"blocks", 6}, {"ratio", 0.8}});
  std::size_t ratios = 0;
  for (const SeriesRow& row : series_rows(report))
    if (row.series.measure.ends_with(".ratio")) ratios += row.point.value == 0.8;
  EXPECT_EQ(ratios, 4u);
}

TEST(Series, SaysThatTheNewestRunHasTooFewBlocks) {
  Series series = nights({0.8, 0.8});
  series.name.measure = "total_ms.ratio";
  series.points.back() = {.n = 1};
  std::ostringstream text;
  write_series(series, text);
  EXPECT_NE(text.str().find("newest too few blocks (1 of 6)"), std::string::npos) << text.str();
}

TEST(SeriesRun, IsKnownByItsFirstStartHoweverOftenItWentOn) {
  json report = small_report();
  const json first = {{"start", "abc"}, {"started", "2026-11-24T07:00:00Z"}};
  const SeriesRun run = series_run(report, first, "/runs/1");
  report["run"]["started"] = "2026-11-25T07:00:00Z";
  report["cohort"]["hash"] = "another";
  EXPECT_EQ(series_run(report, first, "/runs/1").key, run.key);
  EXPECT_NE(series_run(report, {{"start", "def"}, {"started", run.started}}, "/runs/1").key,
            run.key);
  EXPECT_EQ(run.machine, "a cpu");
}

TEST(Series, DatesAStepByTheFirstRunOnTheNewPlateau) {
  std::vector<double> values(10, 0.10);
  values.insert(values.end(), 10, 0.12);
  std::ostringstream text;
  write_series(nights(values), text);
  EXPECT_EQ(
      text.str(),
      "nightly: lpips.alex, conv half 1, to the reference\n"
      "  from 2026-10-01    10 runs at 0.1          \n"
      "  from 2026-10-11    10 runs at 0.12         step of +0.02 (+20.00 %), between /runs/10 "
      "(2026-10-10) and /runs/11 (2026-10-11), driver 580.95 -> 590.10\n"
      "  H100 on 2026-10-20: 20 runs, newest 0.12\n");
}

std::string text_of(const Series& series) {
  std::ostringstream text;
  write_series(series, text);
  return text.str();
}

bool tells(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<double> a_step() {
  std::vector<double> values(10, 0.10);
  values.insert(values.end(), 10, 0.12);
  return values;
}

// The night on which the driver changed has no value, nor has the next.
TEST(Series, NamesTheNightsWithAValueAroundAStepAndAllThatChangedBetween) {
  Series series = nights(a_step());
  for (const std::size_t night : {9u, 10u}) series.points[night].value.reset();
  for (std::size_t i = 10; i < 20; ++i) series.runs[i].host = "64 cores";
  const std::string text = text_of(series);
  EXPECT_TRUE(tells(
      text,
      "between /runs/9 (2026-10-09) and /runs/12 (2026-10-12), without a value "
      "or left out between them: 2 runs, driver 580.95 -> 590.10, host: not recorded -> 64 cores"))
      << text;
  EXPECT_TRUE(tells(text, "2 runs (2026-10-10 to 2026-10-11) without a finite value")) << text;
}

TEST(Series, TellsADriverThatWentAndCameBackBetween) {
  Series series = nights(a_step());
  for (SeriesRun& run : series.runs) run.driver = "580.95";
  series.runs[10].driver = "590.10";
  series.points[10].value.reset();
  EXPECT_TRUE(tells(text_of(series), "driver 580.95 -> 590.10 -> 580.95")) << text_of(series);
}

TEST(Series, LeavesABadNightOutOfAPlateausMeanAsWell) {
  std::vector<double> values = a_step();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += i % 2 ? 1e-4 : 0;
  values[4] = 0.9;
  values.push_back(0.9);
  const auto plateaus = plateaus_of(nights(values));
  ASSERT_EQ(plateaus.size(), 2u);
  EXPECT_NEAR(plateaus[0].mean, 0.10, 1e-4);
  EXPECT_NEAR(plateaus[1].mean, 0.12, 1e-4);
  EXPECT_EQ(plateaus[0].bad, std::vector<std::size_t>{4});
  EXPECT_EQ(plateaus[1].bad, std::vector<std::size_t>{20});
  EXPECT_EQ(plateaus[0].count + plateaus[1].count, 21u);
  const std::string text = text_of(nights(values));
  EXPECT_TRUE(tells(text, "far from the nights around: 2026-10-05\n")) << text;
}

// The hard prompts crash: what is left is another mean, and no better picture.
TEST(Series, TellsAnotherNAndFailedRunsBesideAStep) {
  Series series = nights(a_step());
  for (std::size_t i = 10; i < 20; ++i) {
    series.points[i].n = 32;
    series.runs[i].code = 7;
  }
  const std::string text = text_of(series);
  EXPECT_TRUE(tells(text, ", n 48 -> 32, code 0 -> 7 (samples failed or are missing)\n")) << text;
  EXPECT_TRUE(tells(text, "10 runs (2026-10-11 to 2026-10-20) with exit code 7")) << text;
  EXPECT_TRUE(tells(text, "n changed: 48 -> 32 on 2026-10-11")) << text;
}

// Two matrices of one name, each every night.
TEST(Series, AreOneARecipeWhereRecipesComeInTurn) {
  std::vector<double> values;
  std::vector<std::string> recipes;
  for (const double value : a_step())
    for (const bool other : {false, true}) {
      values.push_back(value + (other ? 1 : 0));
      recipes.push_back(other ? "arms-0123456789abcdef:fedc" : "arms-fedcba9876543210:fedc");
    }
  const Series series = nights(values, recipes);
  const std::vector<Series> all = by_recipe(series);
  ASSERT_EQ(all.size(), 2u);
  for (const Series& one : all) EXPECT_EQ(plateaus_of(one).size(), 2u);
  EXPECT_TRUE(tells(text_of(series), ", recipe arms-0123456789ab:fedc\n")) << text_of(series);
  EXPECT_EQ(by_recipe(nights(a_step())).size(), 1u);
}

TEST(Series, SaysThatAnOlderVersionsRecipeSaysLess) {
  std::vector<std::string> recipes(10, "r:1");
  recipes.insert(recipes.end(), 10, "arms-0123:1");
  EXPECT_TRUE(tells(text_of(nights(a_step(), recipes)), "another recipe: those of older versions"));
}

TEST(SeriesRun, KeepsCoresThreadsAndKernel) {
  json report = small_report();
  report["cohort"]["host"] = {{"cpu", "a cpu"}, {"cores", 64}, {"kernel", "6.1"}};
  report["cohort"]["workers"] = {{"accelerated {}", {{"threads", 32}}},
                                 {"reference {}", {{"threads", 32}}}};
  EXPECT_EQ(series_run(report, {{"start", "abc"}, {"started", "2026-11-24T07:00:00Z"}}, "/r").host,
            "64 cores, 32 threads, kernel 6.1");
}

// Two models under each other's names are another series, and where a single one's is known it
// stays.
TEST(Series, AreOfModelsInTheirPlaces) {
  const auto cohort = [](const char* first, const char* second) {
    const auto of = [](const char* digest) {
      return nlohmann::json{{"files", {{"unet/w", digest}}}, {"program", nlohmann::json::object()}};
    };
    return nlohmann::json{{"recipe", "arms-1"},
                          {"workers",
                           {{"reference {}", of(first)},
                            {R"(reference {"model":2})", of(second)},
                            {R"(reference {"loras":2,"model":2})", of(second)}}}};
  };
  EXPECT_NE(series_recipe(cohort("aa", "bb")), series_recipe(cohort("bb", "aa")));
  nlohmann::json one = cohort("aa", "bb");
  one["workers"] = {{"reference {}", one["workers"]["reference {}"]}};
  EXPECT_EQ(series_recipe(one), "arms-1:1b37c0daad4c703a");
}

// The same values: where the recipe changed there is a break and no step.
TEST(Series, BreaksWhereTheRecipeChanged) {
  std::vector<double> values(10, 0.10);
  values.insert(values.end(), 10, 0.12);
  std::vector<std::string> recipes(10, "r");
  recipes.insert(recipes.end(), 10, "another");
  const auto plateaus = plateaus_of(nights(values, recipes));
  ASSERT_EQ(plateaus.size(), 2u);
  EXPECT_FALSE(plateaus[0].new_recipe);
  EXPECT_TRUE(plateaus[1].new_recipe);
  EXPECT_EQ(plateaus[1].first, 10u);
  EXPECT_EQ(by_recipe(nights(values, recipes)).size(), 1u);
}

TEST(Series, PassesOverRunsWithoutAFiniteValue) {
  std::vector<double> values(10, 0.10);
  values.insert(values.end(), 10, 0.12);
  Series series = nights(values);
  series.points[0].value.reset();
  series.points[10].value.reset();
  const auto plateaus = plateaus_of(series);
  ASSERT_EQ(plateaus.size(), 2u);
  EXPECT_EQ(plateaus[0].first, 1u);
  EXPECT_EQ(plateaus[1].first, 11u);
  EXPECT_EQ(plateaus[1].count, 9u);
}

TEST(Series, ObeysNoControlCharactersOfItsLedger) {
  Series series = nights(std::vector<double>(3, 1));
  series.name.measure = "\x1b[2J";
  std::ostringstream text;
  write_series(series, text);
  EXPECT_EQ(text.str().find('\x1b'), std::string::npos);
}

TEST(Series, AreExportedWithQuotesWhereCsvWantsThem) {
  Series series = nights({0.5});
  series.runs[0].folder = "/runs/\"odd\", one";
  series.runs[0].host = "2 cores, 2 threads";
  series.points[0].low = 0.25;
  std::ostringstream text;
  write_csv({series}, text);
  EXPECT_EQ(
      text.str(),
      "started,name,machine,driver,version,recipe,cohort,folder,setting,against,measure,unit,"
      "better,n,value,low,high,worst5,host\r\n"
      "2026-10-01T03:00:00Z,nightly,H100,580.95,0.1.0,r,c,\"/runs/\"\"odd\"\", one\","
      "\"{\"\"" +
          kConvAxis +
          "\"\":\"\"1\"\"}\",reference,lpips.alex,,lower,48,0.5,0.25,,,\"2 cores, 2 threads\"\r\n");
}

}  // namespace
}  // namespace sameseed
