#include "bench/matrix.h"

#include <gtest/gtest.h>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

const std::string kFile = ::testing::TempDir() + "sameseed-matrix.json";

std::string refusal_of(const std::string& text) {
  write_file(kFile, text);
  try {
    read_matrix(kFile);
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

TEST(Matrix, PointsTurnTheLastAxisFastest) {
  const auto all =
      points({{"candidate.request.steps", {20, 30}}, {"candidate.env.X", {nullptr, "1"}}});
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].at("candidate.request.steps"), 20);
  EXPECT_EQ(all[1].at("candidate.env.X"), "1");
  EXPECT_EQ(all[2].at("candidate.env.X"), nullptr);
}

TEST(Matrix, NamesTheFieldAndTheRemedy) {
  const std::string head = R"({"schema":"sameseed/matrix/1","requests":{"prompts":["a"]},)";
  EXPECT_NE(
      refusal_of(head + R"("axs":{}})").find("axs: there is no such field; did you mean \"axes\"?"),
      std::string::npos);
  EXPECT_NE(refusal_of(head + R"("axes":{"candidate.request.stesp":[1]}})")
                .find("did you mean \"steps\""),
            std::string::npos);
  EXPECT_NE(refusal_of(head + R"("axes":{"candidate.env.X":["1","1"]}})").find("stands twice"),
            std::string::npos);
  EXPECT_NE(refusal_of(head + R"("axes":{"candidate.env.X":[1]}})").find("is a text, or null"),
            std::string::npos);
  EXPECT_NE(refusal_of(head + R"("axes":{"candidate.request.deepcache":["3/2/2"]}})")
                .find("never be filled"),
            std::string::npos);
  EXPECT_NE(refusal_of(head + R"("exclude":[{"when":{"candidate.env.Y":"1"},"because":"b"}]})")
                .find("no such axis"),
            std::string::npos);
  EXPECT_NE(refusal_of(R"({"schema":"sameseed/matrix/2"})").find("schema: must be"),
            std::string::npos);
  EXPECT_EQ(refusal_of(head + R"("axes":{"both.request.steps":[20,30]}})"), "taken");
}

}  // namespace
}  // namespace sameseed
