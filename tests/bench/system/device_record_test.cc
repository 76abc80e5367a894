#include "bench/system/device_record.h"

#include <gtest/gtest.h>

#include "io/files.h"
#include "io/json_schema.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

DeviceReading reading(std::uint64_t reasons) {
  DeviceReading reading;
  reading.state.reasons = reason_words(reasons);
  reading.state.thermal_ns = 1'000'000;
  reading.sharing = Sharing{.ours = 1};
  return reading;
}

TEST(InvalidReasons, AreNoneForIdlenessAndAPowerCap) {
  EXPECT_EQ(invalid_reasons({}, reading(0x1), reading(0x4), 1s), Words{});
  EXPECT_EQ(invalid_reasons({}, reading(0x2), reading(0x100), 1s), Words{});
}

TEST(InvalidReasons, NameHardwareSlowdownHeatAndThePowerBrakeBeforeOrAfter) {
  EXPECT_EQ(invalid_reasons({}, reading(0x8), reading(0x8 | 0x40), 1s),
            (Words{"throttled: hardware slowdown", "throttled: hardware thermal slowdown"}));
  EXPECT_EQ(invalid_reasons({}, reading(0), reading(0x80 | 0x20), 1s),
            (Words{"throttled: hardware power brake", "throttled: software thermal slowdown"}));
}

TEST(InvalidReasons, NameHeatInBetweenFromOnePercentOfTheRequestOn) {
  DeviceReading after = reading(0);
  *after.state.thermal_ns += 9'999'999;
  EXPECT_EQ(invalid_reasons({}, reading(0), after, 1s), Words{});
  *after.state.thermal_ns += 1;
  EXPECT_EQ(invalid_reasons({}, reading(0), after, 1s),
            Words{"throttled: heat, during the request"});
}

TEST(InvalidReasons, NameForeignProcessesAndMig) {
  DeviceReading after = reading(0);
  after.sharing->unmatched = {{.pid = 31337}};  // may be our own worker
  EXPECT_EQ(invalid_reasons({}, reading(0), after, 1s), Words{});
  after.sharing->foreign = {{.pid = 1}};
  const auto shared = invalid_reasons({}, reading(0), after, 1s);
  ASSERT_EQ(shared.size(), 1u);
  EXPECT_TRUE(shared[0].starts_with("shared with process 1 (")) << shared[0];
  EXPECT_EQ(invalid_reasons({.mig = true}, reading(0), reading(0), 1s),
            Words{"shared: the GPU is cut up (MIG)"});
}

TEST(InvalidReasons, AreNoneWhereADeviceTellsNothing) {
  EXPECT_EQ(invalid_reasons({}, {}, {}, 1s), Words{});
}

TEST(DeviceJson, CountsTheDriverAndWhatItBringsToTheCohort) {
  const nlohmann::json cohort = device_cohort(
      {.name = "H100", .uuid = "GPU-a", .driver = "580", .cuda = "13.0", .nvml = "13.580"});
  EXPECT_EQ(cohort.at("driver"), "580");
  EXPECT_EQ(cohort.at("cuda"), "13.0");
  EXPECT_EQ(cohort.at("nvml"), "13.580");
  EXPECT_FALSE(cohort.contains("uuid"));  // another GPU of the same kind is the same cohort
}

TEST(DeviceJson, KeepsToTheSchemaOfRecordsWhateverADeviceTells) {
  const std::string schema =
      read_file(std::string(SAMESEED_SOURCE_DIR) + "/reports/schema/record.schema.json");
  DeviceReading full = reading(0x4);
  full.state.power_w = 687.5;
  full.sharing->foreign = {{.pid = 1, .memory_bytes = 5 << 20}};
  for (const DeviceReading& reading : {full, DeviceReading{}}) {
    nlohmann::json sample = {
        {"type", "sample"}, {"sample", "s"}, {"case", "c"}, {"kind", "timing"}, {"outcome", "ok"}};
    sample["device"] = {{"before", reading_json(reading)}, {"after", reading_json(reading)}};
    EXPECT_NO_THROW(check_json(sample, schema, "sample"));
    nlohmann::json worker = {{"type", "worker"},
                             {"worker", "w"},
                             {"environment", "e"},
                             {"load", nlohmann::json::object()},
                             {"device", facts_json({.index = 0, .name = "GPU", .uuid = "GPU-1"})}};
    worker["device"]["before_work"] = reading_json(reading);
    EXPECT_NO_THROW(check_json(worker, schema, "worker"));
  }
  EXPECT_EQ(reading_json(full).at("power_w"), 687.5);
  EXPECT_EQ(reading_json(full).at("processes").at("foreign").at(0).at("memory_mib"), 5);
  EXPECT_TRUE(reading_json({}).at("power_w").is_null());
  EXPECT_TRUE(reading_json({}).at("processes").is_null());
}

}  // namespace
}  // namespace sameseed
