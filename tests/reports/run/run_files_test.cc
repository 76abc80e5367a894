#include "reports/run/run_files.h"

#include <gtest/gtest.h>

#include <functional>

#include "io/error.h"
#include "io/files.h"
#include "reports/run/equal_pictures.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

class ReadRun : public ::testing::Test {
 protected:
  ReadRun() { write_file(folder_ / "plan.json", small_plan().dump()); }
  ~ReadRun() override { std::filesystem::remove_all(folder_); }

  RunFiles read(const std::string& records, const std::string& scores = "") {
    write_file(folder_ / "records.jsonl", records);
    if (!scores.empty()) write_file(folder_ / "scores.jsonl", scores);
    return read_run(folder_);
  }
  void write_picture(const std::string& sample) const {
    write_file(folder_ / "images" / (sample + ".png"), kPicture);
  }
  void write_latents(const std::string& sample) const {
    write_file(folder_ / "latents" / (sample + ".safetensors"), kLatents);
  }

  // No more than what tells whole files from cut ones.
  static inline const std::string kPicture =
      std::string("\x89PNG\r\n\x1a\n pixels") + std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12);
  static inline const std::string kLatents = std::string("\2\0\0\0\0\0\0\0{}values", 16);
  const std::filesystem::path folder_ =
      ::testing::TempDir() + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

const std::string kCrashed =
    R"({"type":"sample","sample":"s","case":"c","kind":"quality","outcome":"crashed"})";
const std::string kOk =
    R"({"type":"sample","sample":"s","case":"c","kind":"quality","outcome":"ok"})";

TEST_F(ReadRun, TakesTheNewestLineOfASample) {
  const RunFiles run = read(kCrashed + "\n" + kOk + "\n");
  ASSERT_EQ(run.samples.size(), 1u);
  EXPECT_EQ(run.samples.at("s").outcome, "ok");
}

TEST_F(ReadRun, PassesOverHalfLinesAndNulBytes) {
  const std::string nul(7, '\0');
  const RunFiles run = read(kOk + "\n" + kCrashed.substr(0, kCrashed.size() / 2) + "\n" + nul +
                            "\n" + nul + kCrashed + "\n" + kCrashed.substr(0, kCrashed.size() - 1));
  ASSERT_EQ(run.samples.size(), 1u);
  EXPECT_EQ(run.samples.at("s").outcome, "ok");
}

TEST_F(ReadRun, PassesOverWhatItDoesNotKnow) {
  const RunFiles run = read(R"({"type":"stop","reason":"finished"}
[1,2]
{"type":7}
{"type":"sample","sample":3,"case":"c","kind":"quality","outcome":"ok"}
{"type":"sample","sample":"s"}
{"type":"worker","worker":"w"}
)");
  EXPECT_TRUE(run.samples.empty());
  EXPECT_TRUE(run.workers.empty());
  EXPECT_TRUE(run.starts.empty());
}

TEST_F(ReadRun, KeepsEveryStartAndEveryWorker) {
  const RunFiles run = read(R"({"type":"run","started":"1"}
{"type":"worker","worker":"e0-1","environment":"e0"}
{"type":"run","started":"2"}
{"type":"worker","worker":"e0-2","environment":"e0"}
)");
  ASSERT_EQ(run.starts.size(), 2u);
  EXPECT_EQ(run.starts.back().at("started"), "2");
  EXPECT_EQ(run.workers.size(), 2u);
}

TEST_F(ReadRun, KnowsWhetherItWasScored) {
  EXPECT_FALSE(read(kOk).metrics);
  const RunFiles run = read(kOk, R"({"type":"scorer","metrics":[]}
{"type":"pair","candidate_case":"a","reference_case":"b","values":{}}
{"type":"pair","candidate_case":"a"}
)");
  EXPECT_TRUE(run.metrics);
  EXPECT_EQ(run.scores.size(), 1u);
}

TEST_F(ReadRun, RefusesAFileThatIsNoPlan) {
  write_file(folder_ / "plan.json", R"({"schema":"sameseed/matrix/1"})");
  EXPECT_THROW(read(kOk), UserError);
}

TEST_F(ReadRun, SaysInPlainWordsWhatIsWrongInAPlan) {
  using nlohmann::json;
  const std::pair<std::function<void(json&)>, const char*> edits[] = {
      {[](json& plan) { plan["samples"][1]["kind"] = true; },
       "plan.json: samples[1]: type must be string, but is boolean; make"},
      {[](json& plan) { plan["cases"][0] = "x"; },
       "plan.json: cases[0]: cannot use at() with string"},
      {[](json& plan) { plan["name"] = 1; }, "plan.json: type must be string, but is number"},
      {[](json& plan) { plan["samples"][0]["id"] = "../../x"; },
       "the id of a sample must be a name without"},
  };
  for (const auto& [edit, words] : edits) {
    json plan = small_plan();
    edit(plan);
    write_file(folder_ / "plan.json", plan.dump());
    try {
      read("");
      ADD_FAILURE() << "taken: " << words;
    } catch (const UserError& error) {
      const std::string said = error.what();
      EXPECT_NE(said.find(words), std::string::npos) << said;
      EXPECT_EQ(said.find("json.exception"), std::string::npos) << said;
    }
  }
}

TEST_F(ReadRun, TakesNoScoresOfAPictureThatWasMadeAgain) {
  const auto sample = [](const std::string& id, const std::string& picture) {
    return R"({"type":"sample","sample":")" + id + R"(","case":")" + id +
           R"(","kind":"quality","outcome":"ok","files":{"image":")" + picture + "\"}}\n";
  };
  const std::string score =
      R"({"type":"pair","candidate":"s","reference":"r","candidate_case":"s","reference_case":"r",)"
      R"("pictures":{"candidate":"one","reference":"two"},"values":{"lpips.alex":0.1}})";
  for (const char* id : {"s", "r"}) write_picture(id);
  EXPECT_FALSE(read(sample("s", "one") + sample("r", "two"), score).scores.at({"s", "r"}).refused);
  const PairScores stale =
      read(sample("s", "one") + sample("r", "two") + sample("s", "anew"), score)
          .scores.at({"s", "r"});
  EXPECT_TRUE(stale.values.empty());
  EXPECT_NE(stale.refused.value_or("").find("made again"), std::string::npos);
}

// A record outlives its picture where the power went before the picture was on the disk.
TEST_F(ReadRun, CountsASampleWhoseFilesAreGoneOrCutAsNotMade) {
  const std::string line =
      R"({"type":"sample","sample":"s","case":"c","kind":"quality","outcome":"ok",)"
      R"("files":{"image":"one","latents":"two","trace":"three"}})";
  const auto image = folder_ / "images/s.png", latents = folder_ / "latents/s.safetensors",
             trace = folder_ / "traces/s.safetensors";
  const auto read_whole = [&] {
    write_picture("s");
    write_latents("s");
    write_file(trace, kLatents);
    return read(line).samples.size();
  };
  const auto expect_lost = [&](const std::filesystem::path& file) {
    const RunFiles run = read(line);
    EXPECT_TRUE(run.samples.empty()) << file;
    ASSERT_EQ(run.passed_over.size(), 1u) << file;
    EXPECT_NE(run.passed_over.front().find("1 sample counts as not made"), std::string::npos)
        << run.passed_over.front();
    EXPECT_NE(run.passed_over.front().find(file.string()), std::string::npos);
  };
  for (const auto& file : {image, latents, trace}) {
    EXPECT_EQ(read_whole(), 1u);
    std::filesystem::remove(file);
    expect_lost(file);
    std::filesystem::create_directory(file);
    expect_lost(file);
    std::filesystem::remove(file);
    EXPECT_EQ(read_whole(), 1u);
    write_file(file, "");
    expect_lost(file);
    write_file(file, std::string(100, '\0'));
    expect_lost(file);
  }
  for (std::size_t size = 0; size < kPicture.size(); ++size) {
    read_whole();
    write_file(image, kPicture.substr(0, size));
    expect_lost(image);
  }
}

TEST_F(ReadRun, LooksForNoFilesOfSamplesThatHaveNone) {
  const std::string failed =
      R"({"type":"sample","sample":"s","case":"c","kind":"quality","outcome":"crashed",)"
      R"("files":{"image":"one"}})";
  const RunFiles run = read(failed);
  EXPECT_EQ(run.samples.size(), 1u);
  EXPECT_TRUE(run.passed_over.empty());
}

// Two prompts of the small run's comparisons, and the ids that an engine states for each case.
RunFiles run_with_prompts(const std::string& first, const std::string& second,
                          const std::string& ids_of_second) {
  RawRun run = small_run();
  for (nlohmann::json& one : run.plan["cases"]) {
    const bool is_second = one.at("id").get<std::string>().ends_with("1");
    one["request"]["prompt"] = is_second ? second : first;
    for (auto& [id, record] : run.samples)
      if (record.at("case") == one.at("id"))
        record["hashes"]["token_ids"] = is_second ? ids_of_second : "ids";
  }
  for (nlohmann::json& comparison : run.plan["comparisons"])
    for (nlohmann::json& pair : comparison["pairs"])
      pair["prompt"] = pair.at("seed") == 0 ? first : second;
  return files_of(run);
}

TEST(ReadPrompts, ThatHaveEqualTokenIdsAreOneObservation) {
  const RunFiles run = run_with_prompts("a red apple", "A RED APPLE", "ids");
  for (const PlannedComparison& comparison : run.plan.comparisons)
    for (const Pair& pair : comparison.pairs) EXPECT_EQ(pair.observation(), "A RED APPLE");
  EXPECT_EQ(run.plan.comparisons[0].pairs[0].prompt, "a red apple");
}

TEST(ReadPrompts, ThatHaveOtherTokenIdsAreTwo) {
  const RunFiles run = run_with_prompts("a red apple", "a blue car", "others");
  EXPECT_EQ(run.plan.comparisons[0].pairs[0].observation(), "a red apple");
  EXPECT_EQ(run.plan.comparisons[0].pairs[1].observation(), "a blue car");
}

TEST(ReadPrompts, GoByTheirTextWhereNoIdsAreRecorded) {
  const RunFiles run = run_with_prompts("a red apple", "a blue car", "");
  EXPECT_EQ(run.plan.comparisons[0].pairs[1].observation(), "a blue car");
}

// The small run with two prompts, and the hash of each case's picture.
RunFiles run_with_pictures(const std::map<std::string, std::string>& pictures) {
  RawRun run = small_run();
  for (nlohmann::json& comparison : run.plan["comparisons"])
    for (nlohmann::json& pair : comparison["pairs"])
      pair["prompt"] = pair.at("seed") == 0 ? "a red apple" : "a blue car";
  for (auto& [id, record] : run.samples)
    if (const auto found = pictures.find(record.at("case")); found != pictures.end())
      record["files"] = {{"image", found->second}};
  return files_of(run);
}

// What the second prompt of each comparison counts as.
std::vector<std::string> second_prompts(const std::map<std::string, std::string>& pictures) {
  std::vector<std::string> names;
  const RunFiles run = run_with_pictures(pictures);
  for (const PlannedComparison& one : run.plan.comparisons) {
    EXPECT_EQ(one.pairs[1].prompt, "a blue car");
    EXPECT_EQ(one.pairs[1].observation(), "a blue car");  // the least of its names
    names.push_back(one.pairs[0].observation());
  }
  return names;
}

TEST(ReadPictures, ThatAreEqualInBothArmsAreOneObservationOfThatComparison) {
  const std::string apple = "a red apple", car = "a blue car";
  using Names = std::vector<std::string>;  // of off~r, on~r, on~off
  EXPECT_EQ(second_prompts({{"r-0", "1"}, {"r-1", "1"}, {"on-0", "2"}, {"on-1", "2"}}),
            (Names{apple, car, apple}));
  // One arm alone may repeat itself.
  EXPECT_EQ(second_prompts({{"r-0", "1"}, {"r-1", "1"}, {"on-0", "2"}, {"on-1", "3"}}),
            (Names{apple, apple, apple}));
  // The arms may equal each other.
  EXPECT_EQ(second_prompts({{"r-0", "1"}, {"r-1", "2"}, {"on-0", "1"}, {"on-1", "2"}}),
            (Names{apple, apple, apple}));
  EXPECT_EQ(second_prompts({{"r-0", "1"}, {"r-1", "1"}}), (Names{apple, apple, apple}));
}

TEST(ReadPictures, ThatAreEqualCountOnceOverChainsAndBeyondTheSharedSeed) {
  std::vector<Pair> pairs;
  for (const auto& [prompt, seed] :
       {std::pair{"c", 0}, {"c", 1}, {"b", 0}, {"b", 1}, {"a", 0}, {"a", 1}, {"d", 0}}) {
    const std::string id = prompt + std::to_string(seed);
    pairs.push_back({.candidate = "c-" + id,
                     .reference = "r-" + id,
                     .prompt = prompt,
                     .seed = static_cast<std::uint64_t>(seed)});
  }
  PictureHashes pictures;
  for (const Pair& pair : pairs)
    for (const std::string& id : {pair.candidate, pair.reference}) pictures[id] = id;
  for (const char* arm : {"c-", "r-"}) {
    pictures[std::string(arm) + "b0"] = std::string(arm) + "c0";
    pictures[std::string(arm) + "a1"] = std::string(arm) + "b1";
  }
  EXPECT_EQ(equal_pictures(pairs, pictures),
            (std::vector<std::vector<std::size_t>>{{0, 2}, {3, 5}}));
  note_equal_pictures(pairs, pictures);
  std::string names;
  for (const Pair& pair : pairs) names += pair.observation();
  EXPECT_EQ(names, "aaaaaad");
}

}  // namespace
}  // namespace sameseed
