// Every metric beside independent implementations, on the pairs of tests/goldens/metrics
// (tests/goldens/make_metric_pairs.py says whose answers they are).
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "io/files.h"
#include "tests/metrics/pictures.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kAnswers = std::string(SAMESEED_SOURCE_DIR) + "/tests/goldens/metrics/";

// Relative; the reason where it is not 1e-6.
double tolerance(const std::string& quantity) {
  // The public tool filters in single precision.
  if (quantity == "flip_tool.mean") return 2e-3;
  return 1e-6;
}

// Below this, agreement is absolute: means of numbers that cancel, and single precision of a map.
constexpr double kNothing = 1e-7;

TEST(Answers, AreThoseOfPublicImplementations) {
  const json answers = read_json(kAnswers + "answers.json");
  ASSERT_GE(answers.size(), 10u);
  for (const json& answer : answers) {
    auto scores = scores_of(picture_of(kAnswers + answer.at("candidate").get<std::string>()),
                            picture_of(kAnswers + answer.at("reference").get<std::string>()));
    scores["flip_tool.mean"] = scores.at("flip.mean");
    for (const auto& [quantity, value] : answer.at("values").items()) {
      const double wanted = value;
      ASSERT_TRUE(scores.contains(quantity)) << quantity;
      EXPECT_NEAR(scores.at(quantity), wanted, std::abs(wanted) * tolerance(quantity) + kNothing)
          << quantity << " of " << answer.at("candidate");
    }
  }
}

}  // namespace
}  // namespace sameseed
