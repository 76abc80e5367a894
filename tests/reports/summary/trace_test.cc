#include "reports/summary/trace.h"

#include <gtest/gtest.h>

#include "reports/summary/labels.h"
#include "reports/summary/summary.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Two steps of two blocks, as the scorer writes them.
json pair_trace(json latents, json norms) {
  return {{"blocks", {"conv_in", "mid_block"}},
          {"latents", std::move(latents)},
          {"block_norms", std::move(norms)}};
}

const json kFirst = pair_trace({0.0, 0.1}, {{0.0, 0.0}, {0.0, 0.2}}),
           kSecond = pair_trace({0.0, 0.3}, {{0.0, 0.0}, {0.4, nullptr}}),
           kEqual = pair_trace({0.0, 0.0}, {{0.0, 0.0}, {0.0, 0.0}});

std::optional<TraceSummary> traced(const std::vector<json>& pairs, const std::vector<json>& floor) {
  const auto read = [](const std::vector<json>& traces) {
    std::vector<PairTrace> list;
    for (const json& trace : traces)
      list.push_back(parse_pair_scores({{"trace", trace}}).trace.value());
    return list;
  };
  const auto pointers = [](const std::vector<PairTrace>& traces) {
    std::vector<const PairTrace*> list;
    for (const PairTrace& trace : traces) list.push_back(&trace);
    return list;
  };
  const auto of_pairs = read(pairs), of_floor = read(floor);
  return trace_summary(pointers(of_pairs), pointers(of_floor));
}

// As report.json has it; null without pairs.
json trace_entry(const std::vector<json>& pairs, const std::vector<json>& floor) {
  Summary summary;
  summary.comparisons.emplace_back();
  summary.comparisons[0].trace = traced(pairs, floor);
  return report_json(summary, {}).at("comparisons").at(0).value("trace", json());
}

TEST(TraceEntry, IsTheMeanOverThePairs) {
  const json entry = trace_entry({kFirst, kSecond}, {});
  EXPECT_EQ(entry.at("pairs"), 2);
  EXPECT_EQ(entry.at("latents"), (json{0.0, 0.2}));
  EXPECT_EQ(entry.at("block_norms"), (json{{0.0, 0.0}, {0.2, 0.2}}));  // null: did not run
  EXPECT_EQ(entry.at("over_blocks"), (json{0.1, 0.1}));
}

TEST(TraceEntry, CountsAnyDifferenceWhereNoFloorWasMeasured) {
  const json entry = trace_entry({kFirst, kSecond}, {});
  EXPECT_EQ(entry.at("first_step"), 1);
  EXPECT_EQ(entry.at("first_block"), (json{{"block", "conv_in"}, {"step", 1}}));
  EXPECT_EQ(entry.at("floor"),
            (json{{"pairs", 0}, {"absent", "no floor was measured: any difference counts"}}));
  EXPECT_EQ(trace_label(*traced({kFirst, kSecond}, {})),
            "latents: from step 1; block norms: from conv_in in step 1 (no floor was measured: any "
            "difference counts)");
}

TEST(TraceEntry, NamesTheFirstStepAndBlockBeyondTheFloor) {
  const json entry =
      trace_entry({kFirst}, {pair_trace({0.0, 0.05}, {{0.0, 0.0}, {0.1, 0.01}}), kEqual});
  EXPECT_EQ(entry.at("first_step"), 1);
  EXPECT_EQ(entry.at("first_block"), (json{{"block", "mid_block"}, {"step", 1}}));
  EXPECT_EQ(entry.at("floor").at("latents"), (json{0.0, 0.05}));  // the worst of the equal pairs
  const auto inside = traced({kFirst}, {pair_trace({0.0, 0.1}, {{0.0, 0.0}, {0.0, 0.2}})});
  EXPECT_FALSE(inside->first_step);
  EXPECT_FALSE(inside->first_block);
  EXPECT_EQ(trace_label(*inside), "nowhere (beyond the floor of 1 equal pairs)");
}

TEST(TraceEntry, TakesNoFloorOfAnotherNumberOfSteps) {
  json longer = kEqual;
  longer["latents"].push_back(1.0);
  longer["block_norms"].push_back({1.0, 1.0});
  EXPECT_TRUE(trace_entry({kFirst}, {longer}).at("floor").contains("absent"));
}

TEST(TraceEntry, BeginsNoLaterThanTheFirstStepThatIsNotFinite) {
  json broken = pair_trace({0.0, nullptr}, {{0.0, 0.0}, {nullptr, nullptr}});
  broken["nonfinite_from"] = 1;
  const json entry = trace_entry({broken}, {});
  EXPECT_EQ(entry.at("first_step"), 1);
  EXPECT_EQ(entry.at("nonfinite_from"), 1);
  EXPECT_TRUE(entry.at("first_block").is_null());
}

TEST(TraceEntry, SaysWhyTracesWereNotCompared) {
  const json refused = {{"refused", "traces of 20 and 30 steps have no distance step by step"}};
  EXPECT_EQ(trace_label(*traced({refused}, {})),
            "not compared: traces of 20 and 30 steps have no distance step by step");
  EXPECT_EQ(trace_entry({refused, kFirst}, {}).at("pairs"), 1);
  EXPECT_TRUE(trace_entry({}, {kEqual}).is_null());
}

TEST(TracePlot, HasABarADecade) {
  const auto trace =
      traced({pair_trace({0.0, 3e-8, 3e-4, 2.0},
                         {{0.0, nullptr}, {2e-8, nullptr}, {3e-5, nullptr}, {0.5, 1.0}})},
             {});
  EXPECT_EQ(trace_plot(*trace),
            "    latents         .▁▅█  2.0e+00\n"
            "    conv_in         .▁▄█  1.3e-01\n"
            "    mid_block          █  1.0e+00\n");
}

TEST(Summary, TracesComparisonsAgainstTheFloorOfTheRun) {
  RawRun run = small_run();
  EXPECT_FALSE(report_of(run).at("comparisons").at(0).contains("trace"));
  run.scores.at({"on-0", "r-0"})["trace"] = kFirst;
  run.scores.at({"on-1", "r-1"})["trace"] = kSecond;
  const json comparisons = report_of(run).at("comparisons");
  EXPECT_FALSE(comparisons.at(0).contains("trace"));
  EXPECT_EQ(comparisons.at(1).at("trace"), trace_entry({kFirst, kSecond}, {}));
}

}  // namespace
}  // namespace sameseed
