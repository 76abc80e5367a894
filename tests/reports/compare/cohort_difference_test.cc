#include "reports/compare/cohort_difference.h"

#include <gtest/gtest.h>

#include "io/error.h"

namespace sameseed {
namespace {

using nlohmann::json;

TEST(CohortDifferences, RefuseAFieldThatNoCohortHas) {
  const json cohort = {{"host", {{"cpu", "a"}, {"kernel", "6"}}}};
  try {
    cohort_differences(cohort, cohort, {"driver"});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(
        error.what(),
        "--vary driver: neither run's cohort has such a field; fields are host.cpu, host.kernel");
  }
}

TEST(CohortDifferences, NameWhatOneSideLacksOnce) {
  const json a = {{"workers", {{"x", {{"files", {"f"}}, {"versions", {{"v", 1}}}}}}}},
             b = {{"workers", json::object()}};
  const auto list = cohort_differences(a, b, {});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].field, "workers.x");
}

TEST(CohortDifferences, AreThereWhereNeitherRunKnows) {
  const json cohort = {{"workers", {{"x", {{"files", "not recorded"}, {"versions", {{"v", 1}}}}}}}};
  const auto list = cohort_differences(cohort, cohort, {});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].field, "workers.x.files");
}

TEST(CohortDifferences, TakeAFieldForWholeWords) {
  const json a = {{"host", {{"cpu", "a"}, {"cpu_count", 1}}}},
             b = {{"host", {{"cpu", "b"}, {"cpu_count", 2}}}};
  const auto list = cohort_differences(a, b, {"cpu"});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].allowed, "varied");
  EXPECT_EQ(list[1].allowed, "");
  EXPECT_EQ(cohort_differences(a, b, {"host"})[1].allowed, "varied");
}

// Other algorithms are no news of a driver that is the same.
TEST(CohortDifferences, ComeWithAFieldOnlyWhereThatOneDiffers) {
  const auto cohort = [](const char* driver, const char* algorithm) {
    return json{{"devices", {{{"driver", driver}}}}, {"algorithms", {{"conv", algorithm}}}};
  };
  const auto same = cohort_differences(cohort("550", "x"), cohort("550", "y"), {"driver"});
  ASSERT_EQ(same.size(), 1u);
  EXPECT_EQ(same[0].allowed, "");
  EXPECT_EQ(not_varied(same, {"driver"}), std::vector<std::string>{"driver"});
  const auto other = cohort_differences(cohort("550", "x"), cohort("560", "y"), {"driver"});
  ASSERT_EQ(other.size(), 2u);
  EXPECT_EQ(other[0].allowed, "comes with driver: algorithms are searched anew for each driver");
  EXPECT_TRUE(not_varied(other, {"driver"}).empty());
}

// The driver's own field has the same name.
TEST(CohortDifferences, OfALibraryBringNoOtherDriver) {
  const auto cohort = [](const char* libtorch, int cuda) {
    return json{{"devices", {{{"cuda", cuda}}}},
                {"workers", {{"x", {{"versions", {{"libtorch", libtorch}, {"cuda", cuda}}}}}}}};
  };
  const auto list =
      cohort_differences(cohort("2.11.0", 13000), cohort("2.10.0", 12080), {"libtorch"});
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].field, "devices.0.cuda");
  EXPECT_EQ(list[0].allowed, "");
  EXPECT_EQ(list[1].field, "workers.x.versions.cuda");
  EXPECT_EQ(list[1].allowed, "comes with libtorch: it is built for one version of CUDA");
}

TEST(CohortDifferences, OfAVersionTakeBothToTellIt) {
  const json told = {{"workers", {{"x", {{"versions", {{"v", 1}, {"libtorch", "2.10.0"}}}}}}}},
             untold = {{"workers", {{"x", {{"versions", {{"v", 1}}}}}}}};
  const auto list = cohort_differences(untold, told, {"libtorch"});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].allowed, "");
  EXPECT_EQ(not_varied(list, {"libtorch"}), std::vector<std::string>{"libtorch"});
  const json was = {{"variables", json::object()}}, is = {{"variables", {{"X", "1"}}}};
  EXPECT_TRUE(not_varied(cohort_differences(was, is, {"variables"}), {"variables"}).empty());
}

}  // namespace
}  // namespace sameseed
