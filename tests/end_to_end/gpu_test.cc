// The program on a machine with a GPU, which a stand-in for NVIDIA's library plays. The worker for
// GPUs is one that knows the `null` engine only.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "bench/system/programs.h"
#include "io/files.h"
#include "io/json_schema.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const std::string kQuiet =
    "count 2\nname NVIDIA H100 80GB HBM3\ndriver 580.159.04\ncuda 13000\nsm 1755\nmax_sm 1980\n"
    "power 690000\npower_limit 700000\ntemperature 61\npersistence 1\nprocesses none\n";

class OnAGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ + "/bin");
    fs::copy_file(kProgram, folder_ + "/bin/sameseed");
    for (const char* name : {"sameseed-worker", "sameseed-scorer"})
      fs::create_symlink(fs::path(kProgram).parent_path() / name, folder_ + "/bin/" + name);
    fs::create_symlink(kMisbehaving, folder_ + "/bin/sameseed-worker-cuda");
    write_file(folder_ + "/gates.json", R"({"schema": "sameseed/gate/1", "gates": [
        {"timing": "total_ms", "statistic": "mean", "at_most": 1e6}]})");
    write_file(folder_ + "/m.json", R"({"schema": "sameseed/matrix/1", "name": "gpu",
        "axes": {"both.request.steps": [4]},
        "reference": {"engine": "null"}, "candidate": {"engine": "null"},
        "requests": {"prompts": ["a red apple"], "seeds": [0], "size": "64x64"},
        "timing": {"warmup": 0, "blocks": 1}})");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void device(const std::string& lines) const { write_file(folder_ + "/nvml.txt", lines); }
  int sameseed(const std::string& arguments) const {
    return run_program({"/bin/sh", "-c",
                        "FAKE_NVML=" + folder_ + "/nvml.txt LD_LIBRARY_PATH=" +
                            fs::path(FAKE_NVML_LIBRARY).parent_path().string() + " exec " +
                            folder_ + "/bin/sameseed " + arguments});
  }
  std::vector<json> records(const std::string& type, const std::string& kind = "") const {
    std::vector<json> found;
    std::ifstream in(folder_ + "/run/records.jsonl");
    for (std::string line; std::getline(in, line);)
      if (json record = json::parse(line);
          record.at("type") == type && (kind.empty() || record.at("kind") == kind))
        found.push_back(std::move(record));
    return found;
  }
  std::size_t samples(const std::string& kind) const { return records("sample", kind).size(); }
  void expect_published_records() const {
    const std::string schema =
        read_file(std::string(SAMESEED_SOURCE_DIR) + "/reports/schema/record.schema.json");
    for (const char* type : {"run", "worker", "sample"})
      for (const json& record : records(type)) EXPECT_NO_THROW(check_json(record, schema, type));
  }

  const std::string folder_ = fresh_folder("on-a-gpu");
};

TEST_F(OnAGpu, TimesOfAThrottledDeviceAreLeftOutAndTakenAgainOnceItIsWell) {
  device(kQuiet + "reasons 72\n");  // hardware slowdown, for heat
  EXPECT_EQ(sameseed("run " + folder_ + "/m.json --out " + folder_ + "/run --gates " + folder_ +
                     "/gates.json --quiet > " + folder_ + "/printed"),
            6);
  const json hot = read_json(folder_ + "/run/report.json");
  EXPECT_EQ(hot.at("invalid").at("throttled: hardware thermal slowdown"), samples("timing"));
  for (const json& comparison : hot.at("comparisons")) {
    EXPECT_TRUE(comparison.at("speed").empty());
    EXPECT_EQ(comparison.at("timed_samples").size(), 0u);
  }
  EXPECT_NE(read_file(folder_ + "/printed").find("times left out: 4 samples: throttled"),
            std::string::npos);

  const std::size_t pictures = samples("quality"), times = samples("timing");
  device(kQuiet + "reasons 4\n");  // a software power cap: full work
  ASSERT_EQ(sameseed("generate " + folder_ + "/run --quiet"), 0);
  EXPECT_EQ(sameseed("gate " + folder_ + "/run > " + folder_ + "/printed"), 0);
  EXPECT_EQ(samples("quality"), pictures);
  EXPECT_EQ(samples("timing"), 2 * times);
  const json well = read_json(folder_ + "/run/report.json");
  EXPECT_TRUE(well.at("invalid").empty());
  EXPECT_EQ(well.at("comparisons").at(0).at("speed").at("total_ms").at("blocks"), 1);
  expect_published_records();
  const json last = records("sample", "timing").back();
  EXPECT_EQ(last.at("slot"), "gpu 0");
  EXPECT_EQ(last.at("device").at("before").at("power_w"), 690);
  EXPECT_EQ(last.at("device").at("after").at("reasons"), json::array({"software power cap"}));
  EXPECT_EQ(records("worker").back().at("device").at("driver"), "580.159.04");
  EXPECT_EQ(well.at("cohort").at("devices").at(0).at("name"), "NVIDIA H100 80GB HBM3");
}

TEST_F(OnAGpu, ADeviceIsSharedWithWhoeverWasThereBefore) {
  device("processes 0:1048576\n" + kQuiet);  // as a container may see it
  ASSERT_EQ(sameseed("plan " + folder_ + "/m.json --out " + folder_ + "/run --quiet"), 0);
  ASSERT_EQ(sameseed("generate " + folder_ + "/run --devices 1 --quiet"), 0);
  for (const json& record : records("sample")) {
    EXPECT_EQ(record.at("slot"), "gpu 1");
    EXPECT_EQ(record.at("invalid"), json::array({"shared with a process of another namespace"}));
  }
}

TEST_F(OnAGpu, IsLeftAloneWhereTheCpuIsAskedFor) {
  device(kQuiet + "reasons 72\n");
  ASSERT_EQ(sameseed("plan " + folder_ + "/m.json --out " + folder_ + "/run --quiet"), 0);
  EXPECT_EQ(sameseed("generate " + folder_ + "/run --devices 2 --quiet 2> " + folder_ + "/said"),
            1);
  EXPECT_NE(read_file(folder_ + "/said").find("GPU 2: there is no such device"), std::string::npos);
  ASSERT_EQ(sameseed("generate " + folder_ + "/run --devices cpu --quiet"), 0);
  for (const json& record : records("sample")) {
    EXPECT_EQ(record.at("slot"), "cpu");
    EXPECT_FALSE(record.contains("device") || record.contains("invalid"));
  }
  EXPECT_FALSE(records("run").back().at("cohort").contains("devices"));
}

TEST_F(OnAGpu, ImageSaysHowTheDeviceWas) {
  device(kQuiet);
  ASSERT_EQ(sameseed("image --engine null --prompt x --size 64x64 --steps 2 --out " + folder_ +
                     "/x.png > " + folder_ + "/printed"),
            0);
  const json answer = json::parse(read_file(folder_ + "/printed"));
  EXPECT_EQ(answer.at("device").at("name"), "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(answer.at("device").at("after").at("sm_mhz"), 1755);
}

TEST_F(OnAGpu, TheDoctorSeesWhatStandsInTheWay) {
  device(kQuiet + "reasons 72\n");
  EXPECT_EQ(sameseed("doctor --json > " + folder_ + "/printed"), 6);
  const json report = json::parse(read_file(folder_ + "/printed"));
  EXPECT_EQ(report.at("slots"), json::array({"gpu 0"}));
  EXPECT_TRUE(report.at("gpus").at(0).at("taken").get<bool>());
  EXPECT_FALSE(report.at("gpus").at(1).at("taken").get<bool>());
  EXPECT_NE(report.at("in_the_way").dump().find("gpu 0: throttled: hardware slowdown"),
            std::string::npos);
  for (const json& program : report.at("programs"))
    EXPECT_TRUE(program.at("works").get<bool>()) << program.dump();
}

}  // namespace
}  // namespace sameseed
