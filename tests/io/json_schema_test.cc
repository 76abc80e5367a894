#include "io/json_schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/error.h"
#include "io/nearest.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kSchema = R"({
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object", "additionalProperties": false, "required": ["schema", "prompts"],
  "definitions": {"count": {"type": "integer", "minimum": 1, "maximum": 1000}},
  "properties": {
    "schema": {"const": "sameseed/x/1"},
    "prompts": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1,
                "description": "a file, or a list of texts"},
    "steps": {"$ref": "#/definitions/count"},
    "axes": {"type": "object", "additionalProperties": {"type": "array", "minItems": 1}},
    "rules": {"type": "array", "items": {
      "type": "object", "additionalProperties": false, "required": ["when"],
      "properties": {"when": {"type": "object"}, "at_most": {"type": "number"},
                     "at_least": {"type": "number"}, "of": {"enum": ["mean", "worst"]}},
      "anyOf": [{"required": ["at_most"]}, {"required": ["at_least"]}]}}}})";

std::string refusal_of(const char* text) {
  try {
    check_json(json::parse(text), kSchema, "m.json");
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

TEST(JsonSchema, TakesWhatFits) {
  EXPECT_EQ(refusal_of(R"({"schema":"sameseed/x/1","prompts":["a"],"steps":1000,
      "axes":{"a.b":[1]},"rules":[{"when":{},"at_most":1.5,"of":"mean"}]})"),
            "taken");
}

TEST(JsonSchema, NamesTheFieldTheMistakeAndTheRemedyOnOneLine) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "m.json: must be an object, not []"},
      {R"({"schema":"sameseed/x/1"})",
       "m.json: prompts: is missing: it must be a text or a list of at least 1 entry (a file, or a "
       "list of texts)"},
      {R"({"schema":"sameseed/x/2","prompts":"a"})",
       "m.json: schema: must be \"sameseed/x/1\", not \"sameseed/x/2\""},
      {R"({"schema":"sameseed/x/1","prompts":"a","step":3})",
       "m.json: step: there is no such field; did you mean \"steps\"?"},
      {R"({"schema":"sameseed/x/1","prompts":["a",7]})",
       "m.json: prompts[1]: must be a text, not 7"},
      {R"({"schema":"sameseed/x/1","prompts":[]})",
       "m.json: prompts: must be a text or a list of at least 1 entry (a file, or a list of "
       "texts), not []"},
      {R"({"schema":"sameseed/x/1","prompts":"a","steps":0})",
       "m.json: steps: must be a whole number from 1 to 1000, not 0"},
      {R"({"schema":"sameseed/x/1","prompts":"a","steps":1.5})",
       "m.json: steps: must be a whole number from 1 to 1000, not 1.5"},
      {R"({"schema":"sameseed/x/1","prompts":"a","axes":{"candidate.env.X":"1"}})",
       "m.json: axes.candidate.env.X: must be a list of at least 1 entry, not \"1\""},
      {R"({"schema":"sameseed/x/1","prompts":"a","axes":{"a\nb":"1"}})",
       "m.json: axes.a\\nb: must be a list of at least 1 entry, not \"1\""},
      {R"({"schema":"sameseed/x/1","prompts":"a","rules":[{"when":{},"at_msot":1}]})",
       "m.json: rules[0].at_msot: there is no such field; did you mean \"at_most\"?"},
      {R"({"schema":"sameseed/x/1","prompts":"a","rules":[{"at_most":1}]})",
       "m.json: rules[0].when: is missing: it must be an object"},
      {R"({"schema":"sameseed/x/1","prompts":"a","rules":[{"when":{}}]})",
       "m.json: rules[0]: needs one of at_most, at_least"},
      {R"({"schema":"sameseed/x/1","prompts":"a","rules":[{"when":{},"at_most":1,"of":"men"}]})",
       "m.json: rules[0].of: must be \"mean\" or \"worst\", not \"men\""},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(refusal_of(text), wanted);
}

TEST(JsonSchema, CutsLongValuesBetweenLetters) {
  std::string text = "a";  // so that the cut would fall inside an e with an accent
  for (int i = 0; i < 100; ++i) text += "\xc3\xa9";
  const std::string shown = excerpt(text);
  EXPECT_LT(shown.size(), 90u);
  EXPECT_TRUE(shown.ends_with("\xc3\xa9...")) << shown;
}

TEST(Nearest, FindsTheNameThatTheFewestKeysAreOff) {
  EXPECT_EQ(nearest("stesp", {"size", "steps", "seeds"}), "steps");
  EXPECT_EQ(nearest("", {"abc", "a"}), "a");
}

TEST(Nearest, IsOfferedOnlyWhereItIsNear) {
  const std::vector<std::string> known = {"steps", "guidance", "size", "lpips.alex"};
  EXPECT_EQ(hint_for("stesp", known), "did you mean \"steps\"?");
  EXPECT_EQ(hint_for("gudance", known, "x."), "did you mean \"x.guidance\"?");
  for (const char* far : {"clip_skip", "scheduler", "sigmas", "seed", "lora", "", "ze"})
    EXPECT_EQ(hint_for(far, known), "known: steps, guidance, size, lpips.alex") << far;
  EXPECT_EQ(hint_for("sigmas", {"steps", "size"}, "x."), "known: x.steps, x.size");
  EXPECT_EQ(hint_for("both.request.sigmas", {"both.request.steps"}), "known: both.request.steps");
  EXPECT_EQ(hint_for("both.request.stesp", {"both.request.steps"}),
            "did you mean \"both.request.steps\"?");
  EXPECT_EQ(hint_for("lpips", known), "did you mean \"lpips.alex\"?");
  EXPECT_EQ(hint_for("x.CONV", {"x.MATMUL_HALF", "x.CONV_HALF"}), "did you mean \"x.CONV_HALF\"?");
  EXPECT_EQ(hint_for("a", {}), "none is known here");
}

}  // namespace
}  // namespace sameseed
