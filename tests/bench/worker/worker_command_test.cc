#include "bench/worker/worker_command.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bench/system/programs.h"

namespace sameseed {
namespace {

TEST(Worker, SeesItsOwnVariablesAndNoneThatAreSwept) {
  ::setenv("SAMESEED_TEST_SWEPT", "leaks", 1);
  const auto environment = environment_for({{"SAMESEED_TEST_SET", "1"}, {"HOME", std::nullopt}},
                                           {"SAMESEED_TEST_SWEPT"});
  std::string all;
  for (const std::string& entry : environment) all += entry + "\n";
  EXPECT_NE(all.find("SAMESEED_TEST_SET=1\n"), std::string::npos);
  EXPECT_EQ(all.find("SAMESEED_TEST_SWEPT"), std::string::npos);
  EXPECT_EQ(all.find("\nHOME="), std::string::npos);
}

TEST(Worker, LeavesOutWhatThePlanSaysIsUnset) {
  EXPECT_EQ(variables_of({{"variables", {{"A", "1"}, {"B", nullptr}}}}),
            (Variables{{"A", "1"}, {"B", std::nullopt}}));
}

TEST(Worker, IsOneOfOursOrTheWordsOfACommand) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(worker_command("null"), (Words{program("sameseed-worker").string(), "null"}));
  EXPECT_EQ(worker_command("reference", "other"), (Words{program("other").string(), "reference"}));
  EXPECT_EQ(worker_command("folder /my pictures"),
            (Words{program("sameseed-worker").string(), "folder", "/my pictures"}));
  EXPECT_EQ(worker_command("python3  my_engine.py --fast"),
            (Words{"python3", "my_engine.py", "--fast"}));
}

}  // namespace
}  // namespace sameseed
