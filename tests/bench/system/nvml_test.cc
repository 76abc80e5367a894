#include "bench/system/nvml.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

using Words = std::vector<std::string>;

class FakeNvml : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("FAKE_NVML", file_.c_str(), 1); }
  void TearDown() override { ::unsetenv("FAKE_NVML"); }
  Nvml nvml(const std::string& lines) {
    write_file(file_, lines);
    return Nvml(FAKE_NVML_LIBRARY);
  }
  const std::string file_ = ::testing::TempDir() + "nvml.txt";
};

TEST_F(FakeNvml, TellsAllThatADeviceTells) {
  const Nvml nvml = this->nvml(
      "count 2\nname NVIDIA H100 80GB HBM3\ndriver 580.159.04\ncuda 13010\nnvml 13.580.159.04\nsm "
      "1755\nmax_sm 1980\n"
      "memory 2619\nmax_memory 2619\npower 687500\npower_limit 700000\ntemperature 61\n"
      "reasons 4\nthermal_ns 17\necc 1\nerrors 3\nmig 0\npersistence 1\ntotal 85899345920\n"
      "used 1073741824\nprocesses 4242:1048576 17:-\n");
  const auto devices = nvml.devices();
  ASSERT_EQ(devices.size(), 2u);
  const DeviceFacts& facts = devices[1];
  EXPECT_EQ(facts.index, 1);
  EXPECT_EQ(facts.name, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(facts.uuid, "GPU-fa4e-1");
  EXPECT_EQ(facts.driver, "580.159.04");
  EXPECT_EQ(facts.cuda, "13.1");
  EXPECT_EQ(facts.nvml, "13.580.159.04");
  EXPECT_EQ(facts.max_sm_mhz, 1980);
  EXPECT_EQ(facts.max_memory_mhz, 2619);
  EXPECT_EQ(facts.power_limit_w, 700);
  EXPECT_EQ(facts.ecc, true);
  EXPECT_EQ(facts.mig, false);
  EXPECT_EQ(facts.persistence, true);
  EXPECT_EQ(facts.memory_bytes, std::int64_t{80} << 30);

  const DeviceState state = nvml.state(facts.uuid);
  EXPECT_EQ(state.sm_mhz, 1755);
  EXPECT_EQ(state.memory_mhz, 2619);
  EXPECT_EQ(state.power_w, 687.5);
  EXPECT_EQ(state.temperature_c, 61);
  EXPECT_EQ(state.reasons, Words{"software power cap"});
  EXPECT_EQ(state.thermal_ns, 17);
  EXPECT_EQ(state.uncorrected_errors, 3);
  EXPECT_EQ(state.used_memory_bytes, 1 << 30);
  ASSERT_TRUE(state.processes);
  ASSERT_EQ(state.processes->size(), 2u);
  EXPECT_EQ(state.processes->at(0).pid, 4242);
  EXPECT_EQ(state.processes->at(0).memory_bytes, 1 << 20);
  EXPECT_FALSE(state.processes->at(1).memory_bytes);
}

TEST_F(FakeNvml, InventsNothingThatADeviceDoesNotTell) {
  const Nvml nvml = this->nvml("count 1\n");
  const DeviceFacts facts = nvml.devices().at(0);
  EXPECT_FALSE(facts.driver || facts.cuda || facts.max_sm_mhz || facts.max_memory_mhz);
  EXPECT_FALSE(facts.power_limit_w || facts.ecc || facts.mig || facts.persistence);
  EXPECT_FALSE(facts.memory_bytes);
  const DeviceState state = nvml.state(facts.uuid);
  EXPECT_FALSE(state.sm_mhz || state.memory_mhz || state.temperature_c || state.power_w);
  EXPECT_FALSE(state.reasons || state.thermal_ns || state.uncorrected_errors);
  EXPECT_FALSE(state.used_memory_bytes || state.processes);
  EXPECT_FALSE(nvml.state("GPU-gone").sm_mhz);
}

TEST_F(FakeNvml, SaysWhyThereIsNone) {
  const auto problem = [](auto open) -> std::string {
    try {
      open();
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(problem([] { Nvml("libno-such-thing.so.1"); }).find("NVIDIA's driver"),
            std::string::npos);
  EXPECT_NE(problem([this] { nvml("init 18\n"); }).find("Driver/library version mismatch"),
            std::string::npos);
}

TEST(ReasonWords, AreNvmlsInTheOrderOfTheirBits) {
  EXPECT_EQ(reason_words(0), Words{});
  EXPECT_EQ(reason_words(0x1 | 0x8 | 0x20 | 0x40 | 0x80),
            (Words{"idle", "hardware slowdown", "software thermal slowdown",
                   "hardware thermal slowdown", "hardware power brake"}));
  EXPECT_EQ(reason_words(1ULL << 40), Words{"bit 40"});
}

}  // namespace
}  // namespace sameseed
