#include "reports/statistics/distributions.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sameseed {
namespace {

TEST(Binomial, CountsHeadsOfAFewTosses) {
  EXPECT_NEAR(chance_of_at_most(1, 4, 0.5), 5.0 / 16, 1e-12);
  EXPECT_NEAR(chance_of_at_least(3, 4, 0.5), 5.0 / 16, 1e-12);
  EXPECT_EQ(chance_of_at_least(0, 4, 0.5), 1);
  EXPECT_EQ(chance_of_at_most(4, 4, 0.5), 1);
}

TEST(Binomial, HasBothSidesOfEveryCount) {
  for (std::size_t k = 1; k <= 30; ++k)
    EXPECT_NEAR(chance_of_at_most(k - 1, 30, 0.05) + chance_of_at_least(k, 30, 0.05), 1, 1e-12);
}

// Tables of Student's t: of 1 and 2 degrees by their closed forms, others as printed everywhere.
TEST(Student, IsThatOfTheTables) {
  EXPECT_NEAR(chance_of_t_above(1, 1), 0.25, 1e-12);
  EXPECT_NEAR(chance_of_t_above(std::sqrt(2.0), 2), (1 - std::sqrt(0.5)) / 2, 1e-12);
  EXPECT_NEAR(student_quantile(0.025, 5), 2.5706, 1e-4);
  EXPECT_NEAR(student_quantile(0.05, 11), 1.7959, 1e-4);
  EXPECT_NEAR(student_quantile(0.025, 10), 2.2281, 1e-4);
  EXPECT_NEAR(student_quantile(0.005, 200), 2.6006, 1e-4);
}

TEST(Student, IsEvenAboutZero) {
  EXPECT_DOUBLE_EQ(chance_of_t_above(0, 7), 0.5);
  EXPECT_NEAR(chance_of_t_above(-1.3, 6) + chance_of_t_above(1.3, 6), 1, 1e-12);
  EXPECT_EQ(chance_of_t_above(HUGE_VAL, 3), 0);
}

}  // namespace
}  // namespace sameseed
