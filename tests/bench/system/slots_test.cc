#include "bench/system/slots.h"

#include <gtest/gtest.h>

#include "io/error.h"

namespace sameseed {
namespace {

constexpr auto kNoCount = std::nullopt;

Gpus two_gpus() {
  Gpus gpus;
  gpus.devices = {{.index = 0, .name = "H100", .uuid = "GPU-aa11"},
                  {.index = 1, .name = "H100", .uuid = "GPU-aa22"}};
  gpus.worker = true;
  return gpus;
}

Gpus no_gpus() {
  Gpus gpus;
  gpus.absent = "NVIDIA's driver is not here";
  return gpus;
}

std::string refusal(const std::string& devices, std::optional<int> count, const Gpus& gpus) {
  try {
    make_slots(devices, count, 8, gpus);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

std::string names(const std::string& devices, std::optional<int> count, const Gpus& gpus) {
  std::string text;
  for (const Slot& slot : make_slots(devices, count, 8, gpus))
    text += (text.empty() ? "" : ", ") + slot.name;
  return text;
}

TEST(Slots, ShareTheCores) {
  EXPECT_TRUE(make_slots("", 1, 8, no_gpus()).at(0).variables.empty());
  const auto halves = make_slots("", 2, 8, two_gpus());
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_EQ(halves[1].variables.at("OMP_NUM_THREADS"), "4");
  EXPECT_EQ(halves[1].worker, "sameseed-worker");
  EXPECT_EQ(names("cpu", 2, two_gpus()), "cpu 1 of 2, cpu 2 of 2");
  EXPECT_NE(refusal("", 0, no_gpus()), "");
  EXPECT_NE(refusal("", 9, no_gpus()), "");
}

TEST(Slots, NameTheDevicesInTheOrderOfThePciBus) {
  const auto gpus = make_slots("1,0", kNoCount, 8, two_gpus());
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].name, "gpu 1");
  EXPECT_EQ(gpus[0].variables.at("CUDA_VISIBLE_DEVICES"), "1");
  EXPECT_EQ(gpus[0].variables.at("CUDA_DEVICE_ORDER"), "PCI_BUS_ID");
  EXPECT_EQ(gpus[0].worker, "sameseed-worker-cuda");
  EXPECT_EQ(gpus[0].gpu->uuid, "GPU-aa22");
  EXPECT_EQ(names("GPU-aa2", kNoCount, two_gpus()), "gpu 1");
}

TEST(Slots, AreTheFirstGpuWhereNothingIsAskedFor) {
  EXPECT_EQ(names("", kNoCount, two_gpus()), "gpu 0");
  EXPECT_EQ(names("", kNoCount, no_gpus()), "cpu");
  EXPECT_EQ(names("cpu", kNoCount, two_gpus()), "cpu");
  Gpus gpus = two_gpus();
  gpus.visible = "1,0";
  EXPECT_EQ(names("", kNoCount, gpus), "gpu 1");
  gpus.visible = "";  // hidden on purpose
  EXPECT_EQ(names("", kNoCount, gpus), "cpu");
  gpus.worker = false;
  gpus.visible.reset();
  EXPECT_EQ(names("", kNoCount, gpus), "cpu");
}

TEST(Slots, SayWhatADeviceLacksAndWhatToDo) {
  EXPECT_NE(refusal("0", kNoCount, no_gpus()).find("driver is not here"), std::string::npos);
  Gpus gpus = two_gpus();
  EXPECT_NE(refusal("2", kNoCount, gpus).find("0 (H100, GPU-aa11), 1 (H100, GPU-aa22)"),
            std::string::npos);
  EXPECT_NE(refusal("GPU-aa", kNoCount, gpus).find("more than one"), std::string::npos);
  gpus.worker = false;
  EXPECT_NE(refusal("0", kNoCount, gpus).find("sameseed-worker-cuda"), std::string::npos);
  for (const char* wrong : {"0,0", "0,GPU-aa1", "0,,1", "cpu,0", "0, 1", "-1"})
    EXPECT_NE(refusal(wrong, kNoCount, two_gpus()), "") << wrong;
  EXPECT_NE(refusal("0", 2, two_gpus()).find("leave one of them out"), std::string::npos);
}

TEST(Slots, LeaveCoresIdleForWhatWorksBesideThem) {
  const std::vector<Slot> two = make_slots("0,1", kNoCount, 16, two_gpus());
  EXPECT_EQ(idle_cores(two, 16), 12);
  EXPECT_EQ(idle_cores(two, 3), 1);
  EXPECT_EQ(idle_cores(two, 2), 0);
  EXPECT_EQ(idle_cores(make_slots("cpu", kNoCount, 16, {}), 16), 1);  // in the gaps
  EXPECT_EQ(idle_cores(make_slots("cpu", 2, 2, {}), 2), 0);
}

}  // namespace
}  // namespace sameseed
