// Shards that were made apart are one run when they are joined.
#include <gtest/gtest.h>

#include <filesystem>

#include "bench/programs.h"
#include "io/files.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;

class Shards : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder("shards");
    matrix_ = write_matrix(folder_, "null", {0, 1, 2}, 2);
    for (const char* index : {"1", "2", "3"})
      ASSERT_EQ(run_program({kProgram, "run", matrix_, "--out", shard(index), "--shard",
                             std::string(index) + "/3", "--quiet"}),
                0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string shard(const std::string& index) const { return folder_ + "/shard" + index; }
  int merge(std::vector<std::string> shards, const std::string& log = "log") const {
    shards.insert(shards.begin(), {kProgram, "merge"});
    shards.insert(shards.end(), {"--out", folder_ + "/merged"});
    return Started(shards, folder_ + "/" + log).wait();
  }

  std::string folder_, matrix_;
};

TEST_F(Shards, GiveTheReportOfOneRunWhenTheyAreJoined) {
  ASSERT_EQ(run_program({kProgram, "run", matrix_, "--out", folder_ + "/whole", "--quiet"}), 0);
  ASSERT_EQ(merge({shard("1"), shard("2"), shard("3")}), 0);
  EXPECT_EQ(lasting_records(folder_ + "/merged"), lasting_records(folder_ + "/whole"));
  EXPECT_EQ(json::diff(lasting_report(folder_ + "/merged"), lasting_report(folder_ + "/whole")),
            json::array());
}

TEST_F(Shards, ShowAMissingOneAsMissing) {
  EXPECT_EQ(merge({shard("1"), shard("3")}), 7);
  EXPECT_NE(read_file(folder_ + "/log").find("samples are in no shard"), std::string::npos);
  bool missing = false;
  const json report = read_json(folder_ + "/merged/report.json");
  for (const json& failure : report.at("failures"))
    missing = missing || failure.at("kind") == "missing";
  EXPECT_TRUE(missing);
  EXPECT_EQ(merge({shard("1"), shard("2"), shard("3")}), 0);  // and it can be joined again
}

TEST_F(Shards, AreRefusedWhereTheyDoNotFit) {
  EXPECT_EQ(merge({shard("1"), shard("1")}, "twice"), 1);
  EXPECT_NE(read_file(folder_ + "/twice").find("is named twice"), std::string::npos);

  const std::string records = read_file(shard("2") + "/records.jsonl");
  std::string other = records;
  const std::size_t at = other.find("\"cores\":");
  ASSERT_NE(at, std::string::npos);
  other.insert(at + 8, "9");  // another machine made it
  write_file(shard("2") + "/records.jsonl", other);
  EXPECT_EQ(merge({shard("1"), shard("2")}, "cohort"), 1);
  EXPECT_NE(read_file(folder_ + "/cohort").find("another cohort"), std::string::npos);
  write_file(shard("2") + "/records.jsonl", records);

  json plan = read_json(shard("3") + "/plan.json");
  plan["name"] = "other";
  write_file(shard("3") + "/plan.json", plan.dump());
  EXPECT_EQ(merge({shard("1"), shard("3")}, "plan"), 1);
  EXPECT_NE(read_file(folder_ + "/plan").find("another plan"), std::string::npos);
}

TEST_F(Shards, ShareTheWorkOfTwoSlotsAsWell) {
  ASSERT_EQ(run_program({kProgram, "run", matrix_, "--out", folder_ + "/whole", "--quiet"}), 0);
  ASSERT_EQ(
      run_program({kProgram, "run", matrix_, "--out", folder_ + "/two", "--slots", "2", "--quiet"}),
      0);
  auto two = lasting_records(folder_ + "/two"), whole = lasting_records(folder_ + "/whole");
  for (auto* records : {&two, &whole})
    for (auto& [sample, record] : *records) record.erase("slot");
  EXPECT_EQ(two, whole);
}

}  // namespace
}  // namespace sameseed
