#include "bench/worker/worker_command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bench/system/programs.h"
#include "io/error.h"

namespace sameseed {
namespace {

TEST(Worker, SeesItsOwnVariablesAndFewOfTheCallers) {
  ::setenv("SAMESEED_TEST_SWEPT", "leaks", 1);
  ::setenv("OMP_NUM_THREADS", "1", 1);
  ::setenv("TZ", "UTC", 1);
  const auto environment = environment_for({{"SAMESEED_TEST_SET", "1"}, {"HOME", std::nullopt}},
                                           {"SAMESEED_TEST_SWEPT"});
  std::string all;
  for (const std::string& entry : environment) all += entry + "\n";
  EXPECT_NE(all.find("SAMESEED_TEST_SET=1\n"), std::string::npos);
  EXPECT_EQ(all.find("SAMESEED_TEST_SWEPT"), std::string::npos);
  EXPECT_EQ(all.find("\nHOME="), std::string::npos);
  EXPECT_EQ(all.find("OMP_NUM_THREADS"), std::string::npos);
  EXPECT_NE(all.find("TZ=UTC\n"), std::string::npos);
  EXPECT_NE(all.find("GOMP_SPINCOUNT=2000\n"), std::string::npos);
  ::unsetenv("SAMESEED_TEST_SWEPT");
  ::unsetenv("OMP_NUM_THREADS");
}

TEST(Worker, SeesAPassingVariableOnlyAsTheAxisHasIt) {
  ::setenv("TZ", "UTC", 1);
  for (const std::string& entry : environment_for({}, {"TZ"}))
    EXPECT_FALSE(entry.starts_with("TZ=")) << entry;
}

TEST(Worker, LeavesSwitchesOutsideAndNamesThem) {
  ::setenv("ONEFLOW_TEST_SWITCH", "1", 1);
  ::setenv("CUDA_VERSION", "13.0", 1);  // what an image says of itself
  ::setenv("SLURM_JOB_ID", "7", 1);
  const auto names = left_out_switches({});
  EXPECT_EQ(std::ranges::count(names, "ONEFLOW_TEST_SWITCH"), 1);
  for (const char* none : {"CUDA_VERSION", "SLURM_JOB_ID", "PATH", "CUDA_VISIBLE_DEVICES"})
    EXPECT_EQ(std::ranges::count(names, none), 0) << none;
  EXPECT_EQ(std::ranges::count(left_out_switches({"ONEFLOW_TEST_SWITCH"}), "ONEFLOW_TEST_SWITCH"),
            0);
  EXPECT_EQ(kept_variables({"ONEFLOW_TEST_SWITCH"}).at("ONEFLOW_TEST_SWITCH"), "1");
  EXPECT_THROW(kept_variables({"SAMESEED_TEST_NOT_SET"}), UserError);
  for (const char* name : {"ONEFLOW_TEST_SWITCH", "CUDA_VERSION", "SLURM_JOB_ID"}) ::unsetenv(name);
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
