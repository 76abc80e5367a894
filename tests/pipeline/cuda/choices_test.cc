#include "pipeline/cuda/choices.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "io/files.h"

namespace sameseed::cuda {
namespace {

using nlohmann::json;

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

TEST_F(ChoicesTest, ThatAnotherProcessSavedSinceThisOneStartedAreTaken) {
  Choices early(kFile, "GPU A, driver 1");
  EXPECT_TRUE(early.find("matmul 0x0x0").is_null());
  early.save();  // and lets others search
  keep("matmul 1x2x3", "x");
  EXPECT_EQ(early.find("matmul 1x2x3").at("algorithm"), "x");
}

TEST_F(ChoicesTest, OfProcessesThatSearchAtOnceAreOneForAll) {
  constexpr int kProcesses = 3, kOperations = 20;
  std::vector<std::map<std::string, std::string>> took(kProcesses);
  std::vector<std::thread> processes;
  for (int one = 0; one < kProcesses; ++one)
    processes.emplace_back([one, &mine = took.at(static_cast<std::size_t>(one))] {
      Choices choices(kFile, "GPU A, driver 1");
      for (int i = 0; i < kOperations; ++i) {
        // Each begins elsewhere, so that each is the first somewhere.
        const std::string operation = std::to_string((i + 7 * one) % kOperations);
        json choice = choices.find(operation);
        if (choice.is_null()) {
          choice = {{"algorithm", "of process " + std::to_string(one)}};
          choices.keep(operation, choice);
        }
        mine[operation] = choice.at("algorithm");
        if (i % 5 == 0) choices.save();
      }
      choices.save();
    });
  for (std::thread& process : processes) process.join();
  EXPECT_EQ(took[0], took[1]);
  EXPECT_EQ(took[0], took[2]);
  Choices next(kFile, "GPU A, driver 1");
  for (const auto& [operation, algorithm] : took[0])
    EXPECT_EQ(next.find(operation).value("algorithm", ""), algorithm) << operation;
}

// Where a convolution's bias is added is chosen by searches of its own, of which one may find
// nothing.
TEST_F(ChoicesTest, OfASearchWithinASearchAreSearchedByOneProcess) {
  Choices first(kFile, "GPU A, driver 1"), second(kFile, "GPU A, driver 1");
  EXPECT_TRUE(first.find("epilogue").is_null());
  EXPECT_TRUE(first.find("plain").is_null());
  first.keep("plain", {{"algorithm", "p"}});
  EXPECT_TRUE(first.find("fused").is_null());  // there is none
  std::atomic<bool> found = false;
  std::thread other([&] {
    EXPECT_EQ(second.find("epilogue").value("algorithm", ""), "behind");
    found = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(found);
  first.keep("epilogue", {{"algorithm", "behind"}});
  other.join();
  EXPECT_EQ(second.find("plain").value("algorithm", ""), "p");
}

TEST_F(ChoicesTest, OfASearchThatFailedKeepNobodyWaiting) {
  {
    Choices failed(kFile, "GPU A, driver 1");
    EXPECT_TRUE(failed.find("matmul 1x2x3").is_null());  // and then the picture fails
    failed.save();
    keep("matmul 1x2x3", "x");
    EXPECT_TRUE(failed.find("matmul 4x5x6").is_null());
  }
  keep("matmul 4x5x6", "y");  // that process is gone
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
