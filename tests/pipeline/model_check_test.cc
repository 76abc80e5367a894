#include "pipeline/model_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

namespace fs = std::filesystem;

const fs::path kModelOfGoldens = fs::path(SAMESEED_SOURCE_DIR) / "tests/goldens/parity/model_a";

std::string refusal_of_model(const fs::path& model, const std::string& scheduler) {
  try {
    check_model({{"model", model.string()}, {"scheduler", scheduler}});
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(ModelCheck, TakesSamplersThatThereAre) {
  for (const std::string& scheduler :
       {std::string(), std::string("HeunDiscreteScheduler"),
        (kModelOfGoldens / "scheduler").string(),
        (kModelOfGoldens / "scheduler/scheduler_config.json").string()})
    EXPECT_EQ(refusal_of_model(kModelOfGoldens, scheduler), "") << scheduler;
}

TEST(ModelCheck, RefusesOtherSamplersWithThoseThereAre) {
  const fs::path folder = fs::path(::testing::TempDir()) / "sameseed-model-check";
  write_file(folder / "scheduler_config.json", R"({"_class_name": "PNDMScheduler"})");
  for (const auto& [scheduler, beginning] :
       {std::pair{std::string("HeunDiscrete"),
                  std::string("load.scheduler = \"HeunDiscrete\": is")},
        {folder.string(), (folder / "scheduler_config.json").string() +
                              ": scheduler \"PNDMScheduler\" is not supported yet; supported: "}}) {
    const std::string text = refusal_of_model(kModelOfGoldens, scheduler);
    EXPECT_TRUE(text.starts_with(beginning)) << text;
    EXPECT_NE(text.find("EulerDiscreteScheduler"), std::string::npos) << text;
  }
  fs::remove(folder / "scheduler_config.json");
  EXPECT_NE(refusal_of_model(kModelOfGoldens, folder.string()).find("scheduler_config.json"),
            std::string::npos);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace sameseed
