#include "bench/check/doctor_report.h"

#include <gtest/gtest.h>

#include <sstream>

#include "bench/check/doctor.h"
#include "bench/system/obstacles.h"

namespace sameseed {
namespace {

using nlohmann::json;

// A quiet machine of eight cores with two GPUs, of which `run` takes the first.
Findings quiet() {
  Findings findings;
  findings.host = {
      .cpu = "a cpu", .kernel = "6.1", .cores = 8, .memory_bytes = 1 << 30, .load = 0.5};
  findings.gpus.devices = {
      {.index = 0, .name = "H100", .uuid = "GPU-a", .driver = "580", .persistence = true},
      {.index = 1, .name = "H100", .uuid = "GPU-b", .driver = "580", .persistence = true}};
  findings.gpus.worker = true;
  DeviceReading reading;
  reading.state.reasons = reason_words(0x1);
  reading.sharing = Sharing{};
  findings.readings = {reading, reading};
  for (const char* name : {"sameseed-worker", "sameseed-worker-cuda", "sameseed-scorer"})
    findings.programs.push_back({.name = name, .path = name, .found = true});
  findings.slots = {
      {.name = "gpu 0", .worker = "sameseed-worker-cuda", .gpu = findings.gpus.devices[0]}};
  return findings;
}

std::string printed(const Findings& findings) {
  std::ostringstream out;
  print_doctor(doctor_report(findings), out);
  return out.str();
}

bool acts(const json& report, const std::string& name) {
  for (const json& one : report.at("switches"))
    if (one.at("switch") == name) return one.at("acts");
  throw std::logic_error("no switch " + name);
}

TEST(Doctor, FindsNothingInTheWayOnAQuietMachine) {
  const json report = doctor_report(quiet());
  EXPECT_EQ(report.at("in_the_way"), json::array()) << report.at("in_the_way").dump();
  EXPECT_EQ(report.at("advice"), json::array()) << report.at("advice").dump();
  EXPECT_NE(printed(quiet()).find("nothing stands in the way"), std::string::npos);
}

TEST(Doctor, NamesWhatStandsInTheWayOfTheDevicesThatRunTakes) {
  Findings findings = quiet();
  findings.readings[1].state.reasons = reason_words(0x8);  // the other GPU: `run` leaves it alone
  EXPECT_EQ(doctor_report(findings).at("in_the_way"), json::array());
  EXPECT_NE(printed(findings).find("! throttled: hardware slowdown"), std::string::npos);
  findings.readings[0].state.reasons = reason_words(0x40);
  findings.readings[0].sharing->foreign = {{.pid = 1}};
  findings.gpus.devices[0].mig = true;
  findings.host.load = 4;
  const json ways = doctor_report(findings).at("in_the_way");
  ASSERT_EQ(ways.size(), 4u) << ways.dump(1);
  EXPECT_NE(ways[0].get<std::string>().find("gpu 0: throttled: hardware thermal slowdown"),
            std::string::npos);
  EXPECT_NE(ways[1].get<std::string>().find("process 1 ("), std::string::npos);
  EXPECT_NE(ways[2].get<std::string>().find("MIG"), std::string::npos);
  EXPECT_NE(ways[3].get<std::string>().find("the CPU is busy"), std::string::npos);
}

TEST(Doctor, OnlyAdvisesWhereTimesWouldBeValidAllTheSame) {
  Findings findings = quiet();
  findings.gpus.devices[0].persistence = false;
  findings.readings[0] = {};
  findings.host.cores = 2;
  const json report = doctor_report(findings);
  EXPECT_EQ(report.at("in_the_way"), json::array());
  EXPECT_EQ(report.at("advice").size(), 4u) << report.at("advice").dump(1);
}

TEST(Doctor, NamesTheLibrariesThatAWorkerLacks) {
  Findings findings = quiet();
  findings.programs[1].missing = missing_libraries(
      "\tlinux-vdso.so.1 (0x00007ffe)\n\tlibcudnn.so.9 => not found\n"
      "\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n\tlibcublas.so.13 => not found\n");
  const json ways = doctor_report(findings).at("in_the_way");
  ASSERT_EQ(ways.size(), 1u);
  EXPECT_EQ(
      ways[0],
      "sameseed-worker-cuda needs libraries that are not found: libcudnn.so.9, libcublas.so.13");
  findings.slots = {{.name = "cpu"}};  // a run on the CPU does not need it
  EXPECT_EQ(doctor_report(findings).at("in_the_way"), json::array());
}

TEST(Doctor, SaysWhichSwitchesCanActHere) {
  Findings findings = quiet();
  EXPECT_TRUE(acts(doctor_report(findings), "env.TORCH_CUDNN_V8_API_DISABLED"));
  EXPECT_FALSE(
      acts(doctor_report(findings), "env.ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION"));
  findings.slots = {{.name = "cpu"}};
  const json report = doctor_report(findings);
  EXPECT_FALSE(acts(report, "env.TORCH_CUDNN_V8_API_DISABLED"));
  EXPECT_TRUE(acts(report, "env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION"));
  EXPECT_TRUE(acts(report, "env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION"));
  EXPECT_TRUE(acts(report, "env.ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION"));
  EXPECT_TRUE(acts(report, "request.deepcache"));
}

TEST(Doctor, NamesACpuQuotaOfTheControlGroup) {
  Findings findings = quiet();
  findings.host.cpu_quota = 0.4;
  EXPECT_NE(printed(findings).find("a CPU quota allows 0.4 of 8 cores"), std::string::npos);
  EXPECT_EQ(doctor_report(findings).at("host").at("cpu_quota"), 0.4);
  findings.host.cpu_quota = 8;
  EXPECT_EQ(doctor_report(findings).at("in_the_way"), json::array());
}

}  // namespace
}  // namespace sameseed
