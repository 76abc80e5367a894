// Shards that were made apart are one run when they are joined.
#include <gtest/gtest.h>

#include <filesystem>

#include "bench/sweep/run_lock.h"
#include "bench/system/programs.h"
#include "io/files.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Three shards of one plan, and the plan as a whole.
class Shards : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fresh_folder("shards");
    for (const char* index : {"1", "2", "3"})
      ASSERT_EQ(run(shard(index), {"--shard", std::string(index) + "/3"}), 0);
    ASSERT_EQ(run(whole(), {}), 0);
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }
  void SetUp() override { std::filesystem::remove_all(merged()); }

  static int run(const std::string& out, const std::vector<std::string>& options) {
    const std::string matrix =
        write_matrix(folder_, kMisbehaving + " none", {0, 1, 2}, /*blocks=*/2);
    std::vector<std::string> command = {kProgram, "run", matrix, "--out", out, "--quiet"};
    command.insert(command.end(), options.begin(), options.end());
    return run_program(command);
  }
  static int merge(std::vector<std::string> shards, const std::string& log = "log") {
    shards.insert(shards.begin(), {kProgram, "merge"});
    shards.insert(shards.end(), {"--out", merged()});
    return Started(shards, folder_ + "/" + log).wait();
  }
  static std::string shard(const std::string& index) { return folder_ + "/shard" + index; }
  static std::string whole() { return folder_ + "/whole"; }
  static std::string merged() { return folder_ + "/merged"; }

  static std::string folder_;
};

std::string Shards::folder_;

TEST_F(Shards, GiveTheReportOfOneRunWhenTheyAreJoined) {
  ASSERT_EQ(merge({shard("1"), shard("2"), shard("3")}), 0);
  EXPECT_EQ(lasting_records(merged()), lasting_records(whole()));
  EXPECT_EQ(json::diff(lasting_report(merged()), lasting_report(whole())), json::array());
}

TEST_F(Shards, ShowAMissingOneAsMissing) {
  EXPECT_EQ(merge({shard("1"), shard("3")}), 7);
  EXPECT_NE(read_file(folder_ + "/log").find("samples are in no shard"), std::string::npos);
  bool missing = false;
  const json report = read_json(merged() + "/report.json");
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
  EXPECT_EQ(merge({shard("1"), shard("2")}, "cohort"), 6);
  EXPECT_NE(read_file(folder_ + "/cohort").find("another cohort"), std::string::npos);
  write_file(shard("2") + "/records.jsonl", records);

  const std::string plan = read_file(shard("3") + "/plan.json");
  json renamed = json::parse(plan);
  renamed["name"] = "other";
  write_file(shard("3") + "/plan.json", renamed.dump());
  EXPECT_EQ(merge({shard("1"), shard("3")}, "plan"), 1);
  EXPECT_NE(read_file(folder_ + "/plan").find("another plan"), std::string::npos);
  write_file(shard("3") + "/plan.json", plan);
}

// What lies in a folder, by name: what is asked of a merge is that it leaves shards as they are.
std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != "lock")
      files[entry.path().string()] = read_file(entry.path());
  return files;
}

TEST_F(Shards, AreNeverTheFolderThatTheyAreJoinedInto) {
  ASSERT_EQ(merge({shard("1"), shard("2")}), 7);  // the third is added in the natural way
  const auto before = files_of(merged());
  std::filesystem::create_directory_symlink(merged(), folder_ + "/link");
  for (const std::string& name : {merged(), merged() + "/", folder_ + "/link"}) {
    EXPECT_EQ(merge({name, shard("3")}, "itself"), 1);
    EXPECT_NE(read_file(folder_ + "/itself").find("is a shard and --out at once"),
              std::string::npos);
  }
  EXPECT_EQ(files_of(merged()), before);
  std::filesystem::remove(folder_ + "/link");
  const auto shards_before = files_of(shard("1"));
  EXPECT_EQ(merge({shard("1"), shard("2"), shard("3")}), 0);
  EXPECT_EQ(files_of(shard("1")), shards_before);
}

TEST_F(Shards, LeaveOutAPictureThatIsNotTheOneThatWasMade) {
  std::string picture;
  for (const char* index : {"1", "2", "3"})
    for (const auto& entry : std::filesystem::directory_iterator(shard(index) + "/images"))
      picture = entry.path();
  const std::string bytes = read_file(picture);
  write_file(picture, "");  // as a power loss leaves it
  EXPECT_EQ(merge({shard("1"), shard("2"), shard("3")}, "gone"), 7);
  EXPECT_NE(read_file(folder_ + "/gone").find("the files of 1 samples are gone"),
            std::string::npos);
  write_file(picture, bytes);
}

// Whatever the order, so that no verdict depends on it.
TEST_F(Shards, AreJudgedByTheGatesThatAnyOfThemHasAndByNoneWhereTwoDiffer) {
  const auto gates_with = [](double worst) {
    return json{{"schema", "sameseed/gate/1"},
                {"gates", {{{"metric", "lpips.alex"}, {"statistic", "worst"}, {"at_most", worst}}}}}
        .dump();
  };
  write_file(shard("2") + "/gates.json", gates_with(0.5));
  for (const auto& [first, second] : {std::pair{"1", "2"}, {"2", "1"}}) {
    merge({shard(first), shard(second)}, "one");
    EXPECT_NE(read_file(folder_ + "/one").find("gates.json: of " + shard("2") + "; 1 of 2 shards"),
              std::string::npos);
    EXPECT_EQ(read_file(merged() + "/gates.json"), gates_with(0.5));
    SetUp();
  }
  write_file(shard("1") + "/gates.json", gates_with(0.1));
  for (const auto& [first, second] : {std::pair{"1", "2"}, {"2", "1"}}) {
    EXPECT_EQ(merge({shard(first), shard(second)}, "differ"), 1);
    EXPECT_NE(read_file(folder_ + "/differ").find("gates.json differs from that of"),
              std::string::npos);
  }
  for (const char* index : {"1", "2"}) std::filesystem::remove(shard(index) + "/gates.json");
  merge({shard("1"), shard("2")}, "none");
  write_file(merged() + "/gates.json", gates_with(0.2));  // by `gate --keep`
  merge({shard("1"), shard("2")}, "kept");
  EXPECT_NE(read_file(folder_ + "/kept").find("gates.json: stays as"), std::string::npos);
}

TEST_F(Shards, AreRefusedWhereASampleCameOutOtherwiseInOneOfThem) {
  const std::string again = folder_ + "/again";
  std::filesystem::copy(shard("1"), again, std::filesystem::copy_options::recursive);
  std::string records = read_file(again + "/records.jsonl");
  const std::size_t at = records.find("\"latents\":\"", records.find("\"hashes\":"));
  ASSERT_NE(at, std::string::npos);
  records[at + 11] = records[at + 11] == '0' ? '1' : '0';
  write_file(again + "/records.jsonl", records);
  EXPECT_EQ(merge({shard("1"), again, shard("2"), shard("3")}, "otherwise"), 6);
  EXPECT_NE(read_file(folder_ + "/otherwise").find("1 samples that several shards made"),
            std::string::npos);
  std::filesystem::remove_all(again);
}

TEST_F(Shards, AreNotJoinedWhileOneIsBeingWorkedOn) {
  const RunLock lock(shard("3"));
  EXPECT_EQ(merge({shard("1"), shard("2"), shard("3")}, "busy"), 1);
  EXPECT_NE(read_file(folder_ + "/busy").find("in use by process"), std::string::npos);
}

TEST_F(Shards, ShareTheWorkOfTwoSlotsAsWell) {
  ASSERT_EQ(run(folder_ + "/two", {"--slots", "2"}), 0);
  auto of_two = lasting_records(folder_ + "/two"), of_one = lasting_records(whole());
  for (auto* records : {&of_two, &of_one})
    for (auto& [sample, record] : *records) record.erase("slot");
  EXPECT_EQ(of_two, of_one);
}

}  // namespace
}  // namespace sameseed
