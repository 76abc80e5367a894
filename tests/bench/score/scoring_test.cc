#include "bench/score/scoring.h"

#include <gtest/gtest.h>

#include <atomic>

#include "bench/score/merged_scores.h"
#include "io/files.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// What the scorers of a test have in common.
struct Bench {
  std::filesystem::path run;
  std::string metrics = "m1";
  std::atomic<int> starts = 0, deaths = 0;  // `deaths`: how many asks still end their scorer
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false;               // asks wait
  std::vector<std::string> asked;  // candidates, in order
};

// Answers as `sameseed-scorer serve` does, at once.
class FakeScorer final : public Worker {
 public:
  explicit FakeScorer(Bench& bench) : bench_(bench) { ++bench_.starts; }
  pid_t pid() const override { return 0; }
  void send_ahead(const std::string&) override {}
  std::string exchange(const std::string& line, Duration) override {
    const json ask = json::parse(line);
    if (ask.at("op") == "describe")
      return json{
          {"ok", true},
          {"scorer", {{"type", "scorer"}, {"hash", bench_.metrics}, {"metrics", json::array()}}}}
          .dump();
    if (bench_.deaths.fetch_sub(1) > 0) throw WorkerFailure("crashed", "the worker is gone");
    const json &candidate = ask.at("candidate"), &reference = ask.at("reference");
    {
      std::unique_lock lock(bench_.mutex);
      bench_.asked.push_back(candidate.at("case"));
      bench_.changed.notify_all();
      bench_.changed.wait(lock, [this] { return !bench_.held; });
    }
    const auto map = bench_.run / "maps" /
                     (candidate.at("sample").get<std::string>() + "-" +
                      reference.at("sample").get<std::string>() + ".png");
    write_file(map, "a map of " + candidate.dump());
    return json{{"ok", true},
                {"id", ask.at("id")},
                {"warnings", json::array()},
                {"pair",
                 {{"type", "pair"},
                  {"candidate", candidate.at("sample")},
                  {"reference", reference.at("sample")},
                  {"candidate_case", candidate.at("case")},
                  {"reference_case", reference.at("case")},
                  {"map", sha256_of_file(map)},
                  {"values", json::object()}}}}
        .dump();
  }

 private:
  void end() override {}
  Bench& bench_;
};

// A run of three pairs: candidates c0, c1, c2 against r0, r1, r2.
class ScoringOfARun : public ::testing::Test {
 protected:
  ScoringOfARun() {
    bench_.run = ::testing::TempDir() + "scoring";
    std::filesystem::remove_all(bench_.run);
    json pairs = json::array();
    for (const char* i : {"0", "1", "2"})
      pairs.push_back({{"candidate", std::string("c") + i}, {"reference", std::string("r") + i}});
    write_file(bench_.run / "plan.json", json{{"comparisons", {{{"pairs", pairs}}}}}.dump());
  }
  ~ScoringOfARun() override { std::filesystem::remove_all(bench_.run); }

  // Draws its picture anew, whose record this is.
  json draw(const std::string& name, const std::string& pixels = "") {
    const auto file = bench_.run / "images" / (name + ".png");
    write_file(file, name + pixels);
    json record = {{"type", "sample"},
                   {"kind", "quality"},
                   {"outcome", "ok"},
                   {"case", name},
                   {"sample", name},
                   {"files", {{"image", sha256_of_file(file)}}},
                   {"hashes", {{"noise", "n"}}}};
    AppendLog(bench_.run / "records.jsonl").append(record.dump());
    return record;
  }
  void draw_all() {
    for (const char* name : {"c0", "r0", "c1", "r1", "c2", "r2"}) draw(name);
  }

  ScoringOptions options() {
    return {.time_limit = {}, .shard = {}, .cores = 1, .start = [this] {
              return std::make_unique<FakeScorer>(bench_);
            }};
  }

  // What `sameseed score` scores now.
  std::vector<std::string> score(ScoringOptions options) {
    bench_.asked.clear();
    Scoring scoring(bench_.run, std::move(options));
    EXPECT_EQ(scoring.problem(), "");
    scoring.take_records();
    scoring.finish();
    return bench_.asked;
  }
  std::vector<std::string> score() { return score(options()); }

  bool was_asked_for(std::size_t pairs) {
    std::unique_lock lock(bench_.mutex);
    return bench_.changed.wait_for(lock, 10s, [&] { return bench_.asked.size() >= pairs; });
  }

  using Names = std::vector<std::string>;
  Bench bench_;
};

TEST_F(ScoringOfARun, RepeatsNothingThatIsKnown) {
  draw_all();
  EXPECT_EQ(score(), (Names{"c0", "c1", "c2"}));
  EXPECT_EQ(score(), Names{});
}

TEST_F(ScoringOfARun, ScoresOnlyThePairsOfAPictureThatWasMadeAgain) {
  draw_all();
  score();
  draw("r1", " once more");
  EXPECT_EQ(score(), Names{"c1"});
  write_file(bench_.run / "images/c2.png", "somebody's");  // its record is as before
  EXPECT_EQ(score(), Names{"c2"});
}

TEST_F(ScoringOfARun, MakesAHeatMapThatIsGoneAgain) {
  draw_all();
  score();
  std::filesystem::remove(bench_.run / "maps/c0-r0.png");
  write_file(bench_.run / "maps/c2-r2.png", "cut");
  EXPECT_EQ(score(), (Names{"c0", "c2"}));
}

TEST_F(ScoringOfARun, GoesOnBehindALineThatWasCut) {
  draw_all();
  score();
  const auto file = bench_.run / "scores.jsonl";
  const std::string lines = read_file(file);
  write_file(file, lines.substr(0, lines.size() - 20));
  EXPECT_EQ(score(), Names{"c2"});
  EXPECT_EQ(score(), Names{});
}

TEST_F(ScoringOfARun, ScoresAllAnewByOtherMetrics) {
  draw_all();
  score();
  bench_.metrics = "m2";
  EXPECT_EQ(score(), (Names{"c0", "c1", "c2"}));
}

TEST_F(ScoringOfARun, ScoresEachPairInOneShard) {
  draw_all();
  ScoringOptions half = options();
  half.shard = Shard{1, 2};
  EXPECT_EQ(score(half), (Names{"c0", "c2"}));
  half.shard = Shard{2, 2};
  EXPECT_EQ(score(half), Names{"c1"});
}

TEST_F(ScoringOfARun, JoinsWhatShardsHaveScored) {
  draw_all();
  const std::filesystem::path whole = bench_.run, shard = ::testing::TempDir() + "scoring-shard";
  std::filesystem::remove_all(shard);
  std::filesystem::copy(whole, shard, std::filesystem::copy_options::recursive);
  bench_.run = shard;
  ScoringOptions half = options();
  half.shard = Shard{1, 2};
  score(half);
  bench_.run = whole;
  draw("c2", " otherwise");  // what the shard says of it is of another picture
  merge_scores({shard}, whole);
  EXPECT_EQ(score(), (Names{"c1", "c2"}));
  merge_scores({shard}, whole);
  EXPECT_EQ(score(), Names{});
  std::filesystem::remove_all(shard);
}

TEST_F(ScoringOfARun, WorksBesideASweepAndRestsWhileSamplesAreTimed) {
  Scoring scoring(bench_.run, options());
  ASSERT_EQ(scoring.begins({}, 1), "");
  scoring.made(draw("c0"));
  scoring.go_on();
  scoring.made(draw("r0"));  // only now the pair is whole
  ASSERT_TRUE(was_asked_for(1));
  {
    const std::lock_guard lock(bench_.mutex);
    bench_.held = true;
  }
  scoring.made(draw("c1"));
  scoring.made(draw("r1"));
  ASSERT_TRUE(was_asked_for(2));
  std::atomic<bool> rests = false;
  std::thread timed([&] {
    scoring.rest();
    rests = true;
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(rests);  // a pair is in flight
  {
    const std::lock_guard lock(bench_.mutex);
    bench_.held = false;
  }
  bench_.changed.notify_all();
  timed.join();
  scoring.made(draw("c2"));
  scoring.made(draw("r2"));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(bench_.asked, (Names{"c0", "c1"}));
  scoring.go_on();
  ASSERT_TRUE(was_asked_for(3));
  scoring.finish();
  EXPECT_EQ(score(), Names{});
}

TEST_F(ScoringOfARun, LeavesPicturesAloneThatTheSweepMakesAgain) {
  draw_all();
  Scoring scoring(bench_.run, options());
  ASSERT_EQ(scoring.begins({"c0", "r0", "r1"}, 1), "");  // the others are made again
  scoring.go_on();
  scoring.finish();
  EXPECT_EQ(bench_.asked, Names{"c0"});
}

TEST_F(ScoringOfARun, StartsAScorerThatDiesAnewOnce) {
  draw_all();
  bench_.deaths = 1;
  EXPECT_EQ(score(), (Names{"c0", "c1", "c2"}));
  EXPECT_EQ(bench_.starts, 2);
  draw("c0", " once more");
  bench_.deaths = 2;
  EXPECT_THROW(score(), ScorerFailure);
  bench_.deaths = 0;
  EXPECT_EQ(score(), Names{"c0"});
}

}  // namespace
}  // namespace sameseed
