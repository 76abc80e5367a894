#include "pipeline/cuda/choices.h"

#include <gtest/gtest.h>

#include "io/files.h"

namespace sameseed::cuda {
namespace {

const std::filesystem::path kFile =
    std::filesystem::path(testing::TempDir()) / "choices" / "algorithms.json";

class ChoicesTest : public testing::Test {
 protected:
  ChoicesTest() { std::filesystem::remove_all(kFile.parent_path()); }

  static void keep(const std::string& operation, const std::string& algorithm) {
    Choices choices(kFile, "GPU A, driver 1");
    choices.keep(operation, {{"algorithm", algorithm}});
    choices.save();
  }
};

TEST_F(ChoicesTest, AreFoundAgainByTheNextProcessOnTheSameMachine) {
  keep("matmul 1x2x3", "x");
  Choices next(kFile, "GPU A, driver 1");
  EXPECT_EQ(next.find("matmul 1x2x3").at("algorithm"), "x");
  EXPECT_TRUE(next.find("matmul 4x5x6").is_null());
  EXPECT_EQ(next.taken().size(), 1u);  // what nobody found was not taken
}

TEST_F(ChoicesTest, OfAnotherMachineAreNotTaken) {
  keep("matmul 1x2x3", "x");
  EXPECT_TRUE(Choices(kFile, "GPU A, driver 2").find("matmul 1x2x3").is_null());
}

TEST_F(ChoicesTest, KeepWhatAnotherProcessWroteMeanwhile) {
  Choices slow(kFile, "GPU A, driver 1");
  keep("matmul 1x2x3", "x");
  slow.keep("matmul 4x5x6", {{"algorithm", "y"}});
  slow.save();
  Choices next(kFile, "GPU A, driver 1");
  EXPECT_EQ(next.find("matmul 1x2x3").at("algorithm"), "x");
  EXPECT_EQ(next.find("matmul 4x5x6").at("algorithm"), "y");
}

TEST_F(ChoicesTest, ThatAreBrokenCostASearchAndNoMore) {
  for (const char* text : {"", "{", "[]", R"({"schema": "sameseed/algorithms/1", "choices": 3})",
                           R"({"schema": "sameseed/algorithms/1", "machine": 7})",
                           R"({"schema": "sameseed/algorithms/1", "machine": "GPU A, driver 1",
                               "choices": {"matmul 1x2x3": {"algorithm": 3}}})"}) {
    std::filesystem::create_directories(kFile.parent_path());
    write_file(kFile, text);
    EXPECT_TRUE(Choices(kFile, "GPU A, driver 1").find("matmul 1x2x3").is_null()) << text;
  }
}

// HOME may be a folder that this machine does not have.
TEST_F(ChoicesTest, ThatCannotBeKeptStandInTheirProcess) {
  const std::filesystem::path file = testing::TempDir() + "a-file";
  write_file(file, "");
  Choices choices(file / "below/algorithms.json", "GPU A, driver 1");
  choices.keep("matmul 1x2x3", {{"algorithm", "x"}});
  EXPECT_NO_THROW(choices.save());
  EXPECT_EQ(choices.find("matmul 1x2x3").at("algorithm"), "x");
}

TEST_F(ChoicesTest, OfAColdProcessAreWrittenNowhere) {
  Choices cold({}, "GPU A, driver 1");
  cold.keep("matmul 1x2x3", {{"algorithm", "x"}});
  cold.save();
  EXPECT_FALSE(std::filesystem::exists(kFile));
  EXPECT_EQ(cold.find("matmul 1x2x3").at("algorithm"), "x");  // it knows its own
}

}  // namespace
}  // namespace sameseed::cuda
