#include "bench/plan/plan_index.h"

#include <gtest/gtest.h>

namespace sameseed {
namespace {

using nlohmann::json;

TEST(PlanIndex, FindsWhatASampleIsMadeOf) {
  const json plan = {{"environments", {{{"id", "e"}, {"engine", "null"}}}},
                     {"cases", {{{"id", "c"}, {"environment", "e"}}}}};
  const PlanIndex index(plan);
  const json& planned_case = index.case_of({{"id", "s"}, {"case", "c"}});
  EXPECT_EQ(planned_case.at("id"), "c");
  EXPECT_EQ(index.environment_of(planned_case).at("engine"), "null");
  EXPECT_EQ(index.find_case("c"), &planned_case);
  EXPECT_EQ(index.find_case("d"), nullptr);
  EXPECT_THROW(index.environment("d"), std::logic_error);
}

}  // namespace
}  // namespace sameseed
