#include "pipeline/protocol.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "io/error.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Answers with what it was asked; refuses the prompt "no".
struct Echo final : Engine {
  LoadReport load(const LoadOptions& options) override {
    LoadReport report;
    report.engine = options.model;
    if (options.model == "sent") report.upload_ms = 4, report.uploaded_bytes = 7;
    return report;
  }
  Generation generate(const Request& request) override {
    if (request.prompt == "no") throw Unsupported("not here");
    Generation generation;
    generation.hashes["image"] = request.prompt;
    if (request.prompt == "overflow") generation.nonfinite = {{"latents", 4}};
    return generation;
  }
};

std::vector<json> answers_to(const std::string& lines) {
  Echo engine;
  std::istringstream in(lines);
  std::ostringstream out;
  serve([&](const json& message) { return answer_of(engine, message); }, in, out);
  std::vector<json> answers;
  std::istringstream text(out.str());
  for (std::string line; std::getline(text, line);) answers.push_back(json::parse(line));
  return answers;
}

TEST(Protocol, AnswersEveryLineAndGoesOnAfterBadOnes) {
  const auto answers = answers_to(
      "{\"op\":\"load\",\"model\":\"m\"}\n"
      "rubbish\n"
      "{\"op\":\"generate\",\"id\":\"7\",\"prompt\":\"no\"}\n"
      "{\"op\":\"generate\",\"prompt\":\"a\",\"setps\":3}\n"
      "{\"op\":\"generate\",\"id\":\"8\",\"prompt\":\"a cat\"}\n");
  ASSERT_EQ(answers.size(), 5u);
  EXPECT_EQ(answers[0].at("engine"), "m");
  EXPECT_EQ(answers[1].at("kind"), "invalid");
  EXPECT_EQ(answers[2].at("kind"), "unsupported");
  EXPECT_EQ(answers[3].at("error"), "setps: there is no such field");
  EXPECT_EQ(answers[4].at("id"), "8");
  EXPECT_EQ(answers[4].at("hashes").at("image"), "a cat");
}

TEST(Protocol, SpeaksOfNonfiniteValuesOnlyWhereThereAreSome) {
  const auto answers = answers_to(
      "{\"op\":\"generate\",\"prompt\":\"overflow\"}\n{\"op\":\"generate\",\"prompt\":\"a\"}\n");
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].at("nonfinite").at("latents"), 4);
  EXPECT_FALSE(answers[1].contains("nonfinite"));
}

TEST(Protocol, SpeaksOfAnUploadOnlyWhereThereWasOne) {
  const auto answers =
      answers_to("{\"op\":\"load\",\"model\":\"sent\"}\n{\"op\":\"load\",\"model\":\"m\"}\n");
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].at("timings_ms").at("upload"), 4);
  EXPECT_EQ(answers[0].at("uploaded_bytes"), 7);
  EXPECT_FALSE(answers[1].at("timings_ms").contains("upload"));
  EXPECT_FALSE(answers[1].contains("uploaded_bytes"));
}

TEST(Protocol, NamesInWhatAnAnswerBreaksIt) {
  EXPECT_EQ(read_answer(R"({"ok":true,"timings_ms":{"total":1,"steps":[1.5],"full":[true]}})")
                .at("timings_ms")
                .at("total"),
            1);
  const std::pair<std::string, const char*> bad[] = {
      {"", "not valid JSON"},
      {"hello", "not valid JSON"},
      {"[]", "must be an object with ok"},
      {R"({"ok":1})", "must be an object with ok"},
      {R"({"ok":true,"hashes":"x"})", "hashes: must be an object, not \"x\""},
      {R"({"ok":true,"timings_ms":{"total":"1"}})", "timings_ms: must be"},
      {R"({"ok":true,"warnings":[1]})", "warnings: must be a list of texts"},
      {R"({"ok":false,"error":{}})", "error: must be a text"},
      {R"({"ok":true,"effective":)" + std::string(100'000, '['), "nested deeper"}};
  for (const auto& [line, words] : bad) {
    try {
      read_answer(line);
      ADD_FAILURE() << line;
    } catch (const UserError& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }
}

TEST(Protocol, RequestsSurviveARoundTrip) {
  Request request{.prompt = "a",
                  .negative_prompt = "",
                  .seed = 1ULL << 40,
                  .steps = 7,
                  .guidance = 1.5,
                  .width = 96};
  request.deepcache = parse_deepcache("3/1/2");
  request.trace = "t.safetensors";
  EXPECT_EQ(to_json(read_request(to_json(request))), to_json(request));
  request.negative_prompt.reset();
  EXPECT_EQ(to_json(read_request(to_json(request))), to_json(request));
  request.sigmas = {14.5, 1, 0};
  request.guidance_rescale = 0.7;
  request.clip_skip = 1;
  request.prompt_2 = "b";
  request.conditioning.original = {.width = 1024, .height = 768};
  request.negative_conditioning.crop = {.top = 3, .left = 4};
  request.steps = 2;
  EXPECT_EQ(read_request(to_json(request)).sigmas, request.sigmas);
  EXPECT_EQ(to_json(read_request(to_json(request))), to_json(request));
}

TEST(Protocol, ReadsSizesWidthFirstAndCropsTopFirst) {
  const Request request =
      read_request({{"original_size", "1024x768"}, {"negative_crops_coords_top_left", {3, 4}}});
  EXPECT_EQ(request.conditioning.original->width, 1024);
  EXPECT_EQ(request.conditioning.original->height, 768);
  EXPECT_EQ(request.negative_conditioning.crop->top, 3);
  EXPECT_EQ(request.negative_conditioning.crop->left, 4);
  EXPECT_FALSE(request.conditioning.target || request.conditioning.crop);
}

TEST(Protocol, CountsTheStepsOfAListWhateverStepsSays) {
  const Request own = read_request({{"steps", 30}, {"timesteps", {999, 749.5, 249}}});
  EXPECT_EQ(own.timesteps, (std::vector<double>{999, 749.5, 249}));
  EXPECT_EQ(own.steps, 3);
  EXPECT_EQ(read_request({{"sigmas", {14.6, 1, 0}}}).steps, 2);
  EXPECT_EQ(read_noise_request({{"timesteps", {999, 499}}}).steps, 2);
  EXPECT_EQ(read_request({{"steps", 7}, {"timesteps", nullptr}, {"sigmas", nullptr}}).steps, 7);
}

TEST(Protocol, TakesThePostProcessingsThereAreAndNoOthers) {
  for (const char* name : {"unsharp", "contrast"})
    EXPECT_EQ(read_request({{"enhance", name}}).enhance, name);
  EXPECT_EQ(read_request({{"enhance", nullptr}}).enhance, "");
  try {
    read_request({{"enhance", "sharpen"}});
    ADD_FAILURE();
  } catch (const UserError& problem) {
    EXPECT_EQ(problem.what(),
              std::string("enhance: must be unsharp, contrast or null, not \"sharpen\""));
  }
}

TEST(Protocol, RefusesSizesThatAreNone) {
  EXPECT_EQ(parse_size("1024x768"), (std::pair{1024, 768}));
  EXPECT_EQ(parse_size("8x8192"), (std::pair{8, 8192}));
  for (const char* size : {"", "0x8", "8x", "x8", "8x8x8", "-8x8", "99999999x8", "8 by 8", "7x8",
                           "8x12", "8x8200", "100000x8"})
    EXPECT_THROW(parse_size(size), UserError) << size;
}

std::string refusal_of(const json& request) {
  try {
    read_request(request);
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

// The JSON library alone would take each of the wrong ones for something else.
TEST(Protocol, TakesNumbersAndTextsForNothingElse) {
  EXPECT_EQ(refusal_of({{"steps", 1000}, {"guidance", 1}, {"negative", nullptr}}), "taken");
  EXPECT_EQ(refusal_of({{"steps", true}}), "steps: must be a whole number, not true");
  EXPECT_EQ(refusal_of({{"steps", 1.5}}), "steps: must be a whole number, not 1.5");
  EXPECT_EQ(refusal_of({{"steps", 0}}), "steps: must be a whole number from 1 to 1000, not 0");
  EXPECT_EQ(refusal_of({{"steps", ~0ULL}}),
            "steps: must be a whole number, not 18446744073709551615");
  EXPECT_EQ(refusal_of({{"seed", -1}}), "seed: must be a whole number from 0 to 2^64-1, not -1");
  EXPECT_EQ(refusal_of({{"seed", ~0ULL}}), "taken");
  EXPECT_EQ(refusal_of({{"guidance", std::nan("")}}),
            "guidance: must be a finite number, not null");
  EXPECT_EQ(refusal_of({{"guidance_rescale", 0.7}, {"clip_skip", 2}}), "taken");
  EXPECT_EQ(refusal_of({{"guidance_rescale", nullptr}, {"clip_skip", nullptr}}), "taken");
  EXPECT_EQ(refusal_of({{"guidance_rescale", -0.5}}),
            "guidance_rescale: must be 0 or more, not -0.5");
  EXPECT_EQ(refusal_of({{"clip_skip", -1}}), "clip_skip: must be 0 or more, not -1");
  EXPECT_EQ(refusal_of({{"clip_skip", 1.5}}), "clip_skip: must be a whole number or null, not 1.5");
  EXPECT_EQ(refusal_of({{"timesteps", 999}}),
            "timesteps: must be a list of finite numbers, not 999");
  EXPECT_EQ(refusal_of({{"timesteps", {999, "1"}}}),
            "timesteps: must be a list of finite numbers, not [999,\"1\"]");
  EXPECT_EQ(refusal_of({{"timesteps", json::array()}}),
            "timesteps: must have 1 to 1000 numbers, not 0");
  EXPECT_EQ(refusal_of({{"timesteps", std::vector<int>(1001, 1)}}),
            "timesteps: must have 1 to 1000 numbers, not 1001");
  EXPECT_EQ(refusal_of({{"sigmas", {1}}}),
            "sigmas: must have 2 to 1001 numbers, the last of them behind the last step, not 1");
  EXPECT_EQ(refusal_of({{"sigmas", {1, 0, 0}}}),
            "sigmas: 0 is no noise level; they are above 0, and the last may be 0");
  EXPECT_EQ(refusal_of({{"sigmas", {1, 0}}, {"timesteps", {1}}}),
            "timesteps, sigmas: only one of them can be given, as in diffusers");
  EXPECT_EQ(refusal_of({{"prompt_2", "a"}, {"negative_2", nullptr}, {"original_size", "7x65504"}}),
            "taken");
  EXPECT_EQ(refusal_of({{"prompt_2", ""}}),
            "prompt_2: an empty text is read as none, as in diffusers; write null for that, or a "
            "blank for a text without words");
  EXPECT_EQ(refusal_of({{"target_size", {768, 1024}}}),
            "target_size: must be a text or null, not [768,1024]");
  EXPECT_EQ(refusal_of({{"target_size", "1024"}}),
            "target_size: must be WIDTHxHEIGHT in pixels, each from 0 to 65504, such as 1024x768 "
            "(diffusers' (768, 1024)), not \"1024\"");
  for (const json& wrong : {json::array(), json{1}, json{1, -1}, json{1, 2, 3}, json{0, 65505}})
    EXPECT_EQ(refusal_of({{"crops_coords_top_left", wrong}}),
              "crops_coords_top_left: must be [TOP, LEFT] in pixels, each from 0 to 65504, not " +
                  wrong.dump());
  EXPECT_EQ(refusal_of({{"negative", 1}}), "negative: must be a text or null, not 1");
  EXPECT_EQ(refusal_of({{"prompt", std::string("a\0b", 3)}}),
            "prompt: holds a NUL at byte 1; remove it");
  EXPECT_EQ(refusal_of({{"prompt", "a\xff"}}),
            "prompt: is not valid UTF-8 at byte 1; save it as UTF-8");
}

}  // namespace
}  // namespace sameseed
