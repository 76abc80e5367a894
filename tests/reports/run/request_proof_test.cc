// Proofs of what a request asks for, over hand-written runs.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reports/run/engagement.h"
#include "reports/run/run_index.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

// A picture that a run made: of this request, with these fields in its record.
struct MadePicture {
  json request, record;
};

// The proof of request.FIELD of the first picture, in a run of all of them by one engine.
Engagement proof_of_first(const std::string& field, const std::vector<MadePicture>& pictures,
                          const std::string& engine = "accelerated") {
  RawRun run = small_run();
  run.plan["axes"] = {{{"name", "both.request." + field}, {"values", {0}}}};
  run.plan["environments"] = {
      {{"id", "e"}, {"engine", engine}, {"variables", json::object()}, {"load", json::object()}}};
  run.plan["cases"] = json::array();
  run.samples.clear();
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::string id = "c" + std::to_string(i);
    json request = {{"prompt", "a cat"}, {"seed", 0}, {"steps", 6}, {"guidance", 5}};
    request.update(pictures[i].request);
    run.plan["cases"].push_back({{"id", id}, {"environment", "e"}, {"request", request}});
    json record = {{"type", "sample"},  {"sample", id},    {"case", id},
                   {"kind", "quality"}, {"outcome", "ok"}, {"hashes", {{"latents", id}}}};
    record.update(pictures[i].record);
    run.samples[id] = record;
  }
  run.plan["comparisons"] = {
      {{"id", "x"},
       {"kind", "reference"},
       {"setting", json::object()},
       {"pairs", {{{"candidate", "c0"}, {"reference", "c0"}, {"prompt", "a cat"}, {"seed", 0}}}}}};
  run.plan["samples"] = json::array();
  const RunFiles files = files_of(run);
  const RunIndex index(files);
  const ArmEvidence arm{.name = "candidate",
                        .engine = engine,
                        .asked = {{"request." + field, pictures[0].request.value(field, json())}},
                        .samples = {&files.samples.at("c0")}};
  return engagement_of(arm, index.evidence()).at("candidate.request." + field);
}

std::string verdict(const std::string& field, const std::vector<MadePicture>& pictures) {
  return proof_of_first(field, pictures).verdict;
}

MadePicture picture(const json& request, const std::string& latents) {
  return {request, {{"hashes", {{"latents", latents}}}}};
}

json steps(const std::vector<int>& full, int all) {
  return {{"steps_full", full.size()}, {"steps_partial", all - full.size()}, {"full_steps", full}};
}

// DeepCache over six steps, or as many as the request says.
std::string cached(const json& asked, const json& engagement, json request = json::object()) {
  request["deepcache"] = asked;
  return verdict("deepcache", {{request, {{"engagement", engagement}}}});
}

TEST(RequestProof, OfDeepCacheIsItsListOfFullSteps) {
  EXPECT_EQ(cached("3/0/0", steps({0, 3}, 6)), "engaged");
  EXPECT_EQ(cached("3/0/0", steps({0, 2}, 6)), "not engaged");
  EXPECT_EQ(cached("3/0/0", steps({0, 2, 4}, 6)), "not engaged");
  EXPECT_EQ(cached("5/0/0", steps({0, 1, 2, 3, 4}, 6)), "not engaged");  // one partial step
  EXPECT_EQ(cached("5/0/0", steps({0, 5}, 6)), "engaged");
  EXPECT_EQ(cached("7/0/0", steps({0}, 6)), "engaged");
  EXPECT_EQ(cached("3/0/0", steps({0, 1, 2, 3, 4, 5}, 6)), "not engaged");
  EXPECT_EQ(cached(nullptr, steps({0, 1, 2, 3, 4, 5}, 6)), "engaged");
  EXPECT_EQ(cached(nullptr, steps({0, 3}, 6)), "not engaged");
  json two_lists = steps({0, 3}, 6);
  two_lists["steps_full"] = 5;
  EXPECT_EQ(cached("3/0/0", two_lists), "not engaged");
}

TEST(RequestProof, OfDeepCacheSaysWhichStepsWereAskedFor) {
  const MadePicture made = {{{"deepcache", "3/0/0"}}, {{"engagement", steps({0, 2}, 6)}}};
  EXPECT_EQ(proof_of_first("deepcache", {made}).evidence,
            "sample c0: 2 full steps, 4 partial; asked for are full steps 0, 3, made were 0, 2");
}

// Engines from outside, and older runs, may tell their number only.
TEST(RequestProof, OfDeepCacheIsTheNumberOfFullStepsWhereNoListIsTold) {
  const auto counts = [](int full, int partial) {
    return json{{"steps_full", full}, {"steps_partial", partial}};
  };
  EXPECT_EQ(cached("3/0/0", counts(2, 4)), "engaged");
  EXPECT_EQ(cached("3/0/0", counts(5, 1)), "not engaged");
  EXPECT_EQ(cached("5/0/0", counts(29, 1), {{"steps", 30}}), "not engaged");
  EXPECT_EQ(cached("of its own", counts(5, 1)), "engaged");
  EXPECT_EQ(cached("of its own", counts(6, 0)), "not engaged");
}

// Heun's method asks the network twice in a step. onediffx counts calls, and makes none a full one
// behind as many as there are steps; DeepCache's helper knows a call by its timestep.
TEST(RequestProof, OfDeepCacheKnowsSamplersOfTwoEvaluations) {
  EXPECT_EQ(cached("3/0/0", steps({0, 3}, 9), {{"steps", 5}}), "engaged");
  EXPECT_EQ(cached("3/0/0", steps({0, 3, 6}, 9), {{"steps", 5}}), "not engaged");
  json by_timestep = steps({0, 3, 4}, 9);
  EXPECT_EQ(cached("3/branch:1", by_timestep, {{"steps", 5}}), "engaged");
  by_timestep["timesteps"] = {9, 7, 7, 5, 5, 3, 3, 1, 1};
  EXPECT_EQ(cached("3/branch:1", by_timestep, {{"steps", 5}}), "engaged");
  by_timestep.update(steps({0, 3}, 9));
  EXPECT_EQ(cached("3/branch:1", by_timestep, {{"steps", 5}}), "not engaged");
  EXPECT_EQ(cached("5/branch:1", steps({0, 1, 2, 3, 4}, 6)), "not engaged");
  // The quad-centre schedule has as many full steps as the even one, at other places.
  EXPECT_EQ(cached("3/0/0/quad:2:1.5", steps({0, 1}, 6)), "engaged");
  EXPECT_EQ(cached("3/0/0/quad:2:1.5", steps({0, 1, 2, 3}, 6)), "not engaged");
}

TEST(RequestProof, OfDeepCacheWithIntervalOneOrOneStepIsInert) {
  EXPECT_EQ(cached("1/0/0", steps({0, 1, 2, 3, 4, 5}, 6)), "inert");
  EXPECT_EQ(cached("1/0/0", steps({0, 1}, 6)), "not engaged");
  EXPECT_EQ(cached("3/0/0", steps({0}, 1), {{"steps", 1}}), "inert");
  const MadePicture made = {{{"deepcache", "1/0/0"}},
                            {{"engagement", steps({0, 1, 2, 3, 4, 5}, 6)}}};
  EXPECT_EQ(proof_of_first("deepcache", {made}).same_as, std::vector<AxisValue>(1, nullptr));
}

TEST(RequestProof, OfDeepCachesPlaceIsThatDeeperOnesRunMore) {
  const auto made = [](const char* asked, const char* latents, int calls) {
    json counted = steps({0, 3}, 6);
    counted["unet"] = {{"conv_half", calls / 2}, {"matmul_float", calls - calls / 2}};
    return MadePicture{{{"deepcache", asked}},
                       {{"engagement", counted}, {"hashes", {{"latents", latents}}}}};
  };
  const MadePicture shallow = made("3/0/0", "a", 100);
  EXPECT_EQ(verdict("deepcache", {shallow, made("3/1/0", "b", 130)}), "engaged");
  EXPECT_EQ(verdict("deepcache", {shallow, made("3/1/0", "a", 130)}), "not engaged");
  EXPECT_EQ(verdict("deepcache", {shallow, made("3/1/0", "b", 100)}), "not engaged");
  EXPECT_EQ(verdict("deepcache", {shallow, made("3/branch:0", "b", 130)}), "not engaged");
  EXPECT_EQ(verdict("deepcache", {shallow, made("3/branch:1", "a", 100)}), "engaged");  // the same
  EXPECT_EQ(verdict("deepcache", {shallow, made("2/1/0", "a", 130)}), "engaged");
}

TEST(RequestProof, OfDeepCachesPartialStepsIsThatTheyRunLess) {
  const auto made = [](const json& asked, const char* latents, int calls, json counted) {
    counted["unet"] = {{"conv_half", calls}};
    return MadePicture{{{"deepcache", asked}},
                       {{"engagement", counted}, {"hashes", {{"latents", latents}}}}};
  };
  const json some = steps({0, 3}, 6), all = steps({0, 1, 2, 3, 4, 5}, 6);
  const auto against = [&](const json& off, int calls, const char* latents) {
    return proof_of_first("deepcache",
                          {made("3/0/0", "a", calls, some), made(off, latents, 300, all)});
  };
  for (const json& off : {json(), json("1/0/0")}) {
    EXPECT_EQ(against(off, 100, "b").verdict, "engaged");
    EXPECT_EQ(against(off, 300, "b").verdict, "not engaged");
    EXPECT_EQ(against(off, 100, "a").verdict, "not engaged");
  }
  EXPECT_EQ(against(nullptr, 300, "b").evidence,
            "sample c0: 300 calls of the UNet's layers, 300 without DeepCache");
}

TEST(RequestProof, OfStepsIsTheirNumber) {
  const auto made = [](int asked, int all) {
    return MadePicture{{{"steps", asked}}, {{"engagement", steps({0}, all)}}};
  };
  EXPECT_EQ(verdict("steps", {made(6, 6)}), "engaged");
  EXPECT_EQ(verdict("steps", {made(6, 11)}), "engaged");  // Heun's
  EXPECT_EQ(verdict("steps", {made(6, 5)}), "not engaged");
  EXPECT_EQ(verdict("steps", {made(6, 20), made(9, 20)}), "not engaged");
  EXPECT_EQ(verdict("steps", {made(6, 7), made(9, 10)}), "no proof");
  EXPECT_EQ(verdict("steps", {{{{"steps", 6}}, {{"engagement", json::object()}}}}), "no proof");
  const json list = {{"timesteps", {999, 499}}, {"steps", 6}};
  EXPECT_EQ(verdict("steps", {{list, {{"engagement", steps({0}, 2)}}}}), "inert");
  EXPECT_EQ(verdict("timesteps", {{list, {{"engagement", steps({0}, 2)}}}}), "engaged");
  EXPECT_EQ(verdict("timesteps", {{list, {{"engagement", steps({0}, 1)}}}}), "not engaged");
}

TEST(RequestProof, OfSizeAndBatchIsAFileOfThatSize) {
  const MadePicture made = {{{"size", "64x64"}}, {{"files", {{"image", "sha"}}}}};
  EXPECT_EQ(verdict("size", {made}), "engaged");
  EXPECT_EQ(verdict("batch", {made}), "engaged");
  EXPECT_EQ(verdict("size", {picture({{"size", "64x64"}}, "a")}), "no proof");
}

TEST(RequestProof, OfGuidanceIsThatAnotherValueGivesOtherPictures) {
  const auto made = [](double guidance, const char* latents) {
    return picture({{"guidance", guidance}}, latents);
  };
  EXPECT_EQ(verdict("guidance", {made(5, "a"), made(7, "b")}), "engaged");
  EXPECT_EQ(verdict("guidance", {made(5, "a"), made(7, "a")}), "not engaged");
  EXPECT_EQ(verdict("guidance", {made(5, "a"), made(1, "a")}), "not engaged");
  EXPECT_EQ(verdict("guidance", {made(0, "a"), made(1, "a")}), "inert");
  EXPECT_EQ(verdict("guidance", {made(0, "a"), made(1, "a"), made(5, "b")}), "engaged");
  EXPECT_EQ(verdict("guidance", {made(5, "a")}), "no proof");
  EXPECT_EQ(proof_of_first("guidance", {made(5, "a"), made(7, "a")}, "null").verdict, "no proof");
  EXPECT_EQ(proof_of_first("guidance", {made(5, "a"), made(7, "a")}).evidence,
            "sample c0: the same latents, to the bit, as where guidance = 7.0");
  // Nothing is guided away from a negative prompt that is the prompt.
  const auto alike = [](double guidance) {
    return picture({{"guidance", guidance}, {"negative", "A cat"}}, "a");
  };
  EXPECT_EQ(verdict("guidance", {alike(5), alike(7)}), "inert");
  // Without latents, as of engines from outside: by the pictures' files.
  const auto drawn = [](double guidance, const char* file) {
    return MadePicture{{{"guidance", guidance}},
                       {{"hashes", json::object()}, {"files", {{"image", file}}}}};
  };
  EXPECT_EQ(verdict("guidance", {drawn(5, "a"), drawn(7, "a")}), "not engaged");
  EXPECT_EQ(verdict("guidance", {drawn(5, "a"), drawn(7, "b")}), "engaged");
}

TEST(RequestProof, OfANegativePromptIsThatAnotherOneGivesOtherPictures) {
  const auto made = [](const json& negative, const char* latents, double guidance = 5) {
    return picture({{"negative", negative}, {"guidance", guidance}}, latents);
  };
  EXPECT_EQ(verdict("negative", {made("blurry", "a"), made("", "b")}), "engaged");
  EXPECT_EQ(verdict("negative", {made("blurry", "a"), made("", "a")}), "not engaged");
  EXPECT_EQ(verdict("negative", {made("blurry", "a"), made(nullptr, "a")}), "not engaged");
  EXPECT_EQ(verdict("negative", {made("blurry", "a", 1), made("", "a", 1)}), "inert");
  EXPECT_EQ(verdict("negative", {made("", "a"), made(nullptr, "a")}), "inert");
  EXPECT_EQ(verdict("negative", {made("Blurry,  dark ", "a"), made("blurry, dark", "a")}), "inert");
  EXPECT_EQ(verdict("negative", {made("blurry", "a")}), "no proof");
  // No two pictures of this engine are equal: its token ids tell that it does not read the text.
  const auto tokens = [](const char* negative, const char* ids, const char* latents) {
    return MadePicture{{{"negative", negative}},
                       {{"hashes", {{"latents", latents}, {"token_ids", ids}}}}};
  };
  EXPECT_EQ(verdict("negative", {tokens("blurry", "t", "a"), tokens("", "t", "b")}), "not engaged");
  EXPECT_EQ(verdict("negative", {tokens("blurry", "t", "a"), tokens("", "u", "b")}), "engaged");
  MadePicture cut = made("a long text", "a");
  cut.record["warnings"] = {
      "the negative prompt is longer than 77 tokens: its last 3 tokens were cut off"};
  EXPECT_EQ(verdict("negative", {cut, made("a longer text", "a")}), "inert");
}

TEST(RequestProof, OfOtherFieldsSaysWhereTheyChangeNothing) {
  const auto made = [](const json& skip, const char* latents) {
    return picture({{"clip_skip", skip}}, latents);
  };
  EXPECT_EQ(verdict("clip_skip", {made(1, "a"), made(nullptr, "b")}), "engaged");
  EXPECT_EQ(verdict("clip_skip", {made(0, "a"), made(nullptr, "a")}), "inert");
  EXPECT_EQ(verdict("clip_skip", {made(1, "a")}), "no proof");
}

// A picture of another prompt, seed or size says nothing of a value.
TEST(RequestProof, HoldsAPictureAgainstThoseThatDifferInNothingElse) {
  EXPECT_EQ(verdict("guidance", {picture({{"guidance", 5}}, "a"),
                                 picture({{"guidance", 7}, {"seed", 1}}, "a")}),
            "no proof");
}

}  // namespace
}  // namespace sameseed
