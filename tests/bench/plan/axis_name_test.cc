#include "bench/plan/axis_name.h"

#include <gtest/gtest.h>

#include "io/error.h"

namespace sameseed {
namespace {

std::string refusal_of_name(const std::string& text) {
  try {
    parse_axis_name(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

TEST(AxisName, IsAnArmAKindAndAName) {
  const AxisName axis = parse_axis_name("candidate.env.A_1");
  EXPECT_EQ(axis.arm, "candidate");
  EXPECT_EQ(axis.bare, (BareAxisName{AxisKind::kEnv, "A_1"}));
  EXPECT_EQ(parse_axis_name("both.request.steps").bare.kind, AxisKind::kRequest);
  EXPECT_EQ(parse_axis_name("reference.load.threads").bare.kind, AxisKind::kLoad);
  for (const char* wrong : {"", "candidate", "candidate.env", "candidate.env.", "env.X", ".env.X",
                            "candidat.env.X", "candidate.var.X"})
    EXPECT_TRUE(refusal_of_name(wrong).starts_with("an axis is named ARM.KIND.NAME")) << wrong;
}

TEST(AxisName, NamesVariablesAsShellsDoAndSettingsThatThereAre) {
  for (const char* wrong : {"both.env.A=B", "both.env.A.B", "both.env.1A", "both.env.\xc3\xa4"})
    EXPECT_EQ(refusal_of_name(wrong), "an environment variable is named by letters, digits and _");
  EXPECT_EQ(refusal_of_name("both.env._a1"), "taken");
  EXPECT_EQ(refusal_of_name("both.load.thread"),
            "there is no such setting; did you mean \"both.load.threads\"?");
  EXPECT_EQ(refusal_of_name("both.request.threads").find("there is no such setting"), 0u);
  for (const char* far : {"both.request.clipping", "both.load.ip_adapter", "both.request.style"})
    EXPECT_EQ(refusal_of_name(far).find("there is no such setting; known: both."), 0u)
        << refusal_of_name(far);
  EXPECT_EQ(refusal_of_name("both.request.clipskip"),
            "there is no such setting; did you mean \"both.request.clip_skip\"?");
  EXPECT_EQ(refusal_of_name("both.request.batch"), "taken");
  EXPECT_NE(refusal_of_name("candidate.request.batch"), "taken");
}

TEST(AxisName, OfBothArmsIsOfEither) {
  const AxisName both = parse_axis_name("both.request.steps"),
                 candidate = parse_axis_name("candidate.request.steps"),
                 reference = parse_axis_name("reference.request.steps"),
                 guidance = parse_axis_name("both.request.guidance");
  EXPECT_TRUE(both.is_of("candidate") && both.is_of("reference"));
  EXPECT_TRUE(candidate.is_of("candidate") && !candidate.is_of("reference"));
  EXPECT_TRUE(overlap(both, candidate) && overlap(reference, both) && overlap(both, both));
  EXPECT_FALSE(overlap(candidate, reference) || overlap(both, guidance));
}

TEST(AxisName, LeavesOutTheArmOnTheCommandLine) {
  EXPECT_EQ(split_bare_axis_name("env.A.B"), (BareAxisName{AxisKind::kEnv, "A.B"}));
  EXPECT_EQ(split_bare_axis_name("request.any name"),
            (BareAxisName{AxisKind::kRequest, "any name"}));
  for (const char* wrong : {"", "env", "foo.bar", "candidate.env.X"})
    EXPECT_FALSE(split_bare_axis_name(wrong)) << wrong;
}

}  // namespace
}  // namespace sameseed
