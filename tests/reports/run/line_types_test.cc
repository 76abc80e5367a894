#include "reports/run/line_types.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "io/files.h"
#include "reports/run/run_files.h"

namespace sameseed {
namespace {

using nlohmann::json;

const json kSample = {{"type", "sample"},
                      {"sample", "s"},
                      {"case", "c"},
                      {"kind", "quality"},
                      {"outcome", "ok"},
                      {"block", 0},
                      {"arm", nullptr},
                      {"timings_ms", {{"total", 5}, {"steps", {1, 2.5}}, {"full", {true, false}}}},
                      {"hashes", {{"noise", "n"}}},
                      {"files", {{"image", "i"}, {"latents", nullptr}}}};
const json kPair = {{"type", "pair"},
                    {"candidate", "s"},
                    {"reference", "r"},
                    {"candidate_case", "c"},
                    {"reference_case", "d"},
                    {"values", {{"lpips.alex", 0.1}, {"psnr.rgb", nullptr}}},
                    {"nonfinite", {{"psnr.rgb", "+inf"}}},
                    {"places", {{"flip.mean", {{"x", 0}, {"y", 1}, {"width", 8}, {"height", 8}}}}}};

std::string with(json line, const char* pointer, const json& value) {
  line[json::json_pointer(pointer)] = value;
  return line.at("type") == "pair" ? problem_of_score(line) : problem_of_record(line);
}

TEST(LineTypes, AreThoseThatOurOwnLinesHave) {
  EXPECT_EQ(problem_of_record(kSample), "");
  EXPECT_EQ(problem_of_score(kPair), "");
  EXPECT_EQ(problem_of_record({{"type", "of a newer version"}, {"sample", 5}}), "");
}

TEST(LineTypes, NameTheFieldThatCannotBe) {
  EXPECT_EQ(problem_of_record({{"type", 5}}), "has no `type`");
  EXPECT_EQ(with(kSample, "/error", 5), "`error` is no text");
  EXPECT_EQ(with(kSample, "/block", -1), "`block` is no count");
  EXPECT_EQ(with(kSample, "/hashes", 5), "`hashes` is no object of texts");
  EXPECT_EQ(with(kSample, "/hashes/noise", 5), "`hashes` is no object of texts");
  EXPECT_EQ(with(kSample, "/timings_ms/total", -5),
            "`timings_ms.total` is no time in milliseconds from 0 up");
  EXPECT_EQ(with(kSample, "/timings_ms/steps/1", "2"),
            "`timings_ms.steps` is no list of times from 0 up");
  EXPECT_EQ(with(kSample, "/nonfinite", 5),
            "`nonfinite` is no count of latents and of values of the image, with the step and the "
            "layers");
  EXPECT_EQ(problem_of_record({{"type", "run"}, {"cohort", 5}}), "`cohort` is no object");
  const json trace = {{"latents", {0.5}}, {"blocks", {"b"}}, {"block_norms", {{0.5}}}};
  EXPECT_EQ(with(kPair, "/trace", trace), "");
  for (const json& from : {json(1.8e20), json(-1), json("2")}) {
    json other = trace;
    other["nonfinite_from"] = from;
    EXPECT_EQ(with(kPair, "/trace", other), "`trace` is no trace") << from;
  }
  EXPECT_EQ(problem_of_record({{"type", "worker"}}), "has no `environment`");
  EXPECT_EQ(problem_of_record(
                {{"type", "worker"}, {"environment", "e"}, {"content", {{"files", {{"a", 5}}}}}}),
            "`content.files` is no object of texts");
  EXPECT_EQ(with(kPair, "/values/lpips.alex", "0.1"), "`values` is no object of numbers");
  EXPECT_EQ(with(kPair, "/places/flip.mean", {{"x", 0}}), "`places` is no object of places");
  EXPECT_EQ(with(kPair, "/refused", {1}), "`refused` is no text");
}

// A sample's id is a file's name.
TEST(LineTypes, LetNoIdLeadOutOfTheFolder) {
  for (const char* id : {"../secret", "a/b", "", ".", "..", "/etc/passwd"})
    EXPECT_EQ(with(kSample, "/sample", id), "`sample` is no id") << id;
}

// Every field in turn is given every kind of value: a reader meets none that it does not expect.
TEST(LineTypes, KeepReadersFromWhatTheyDoNotExpect) {
  const std::string folder = ::testing::TempDir() + "sameseed-line-types";
  const std::vector<json> values = {nullptr,
                                    true,
                                    -1,
                                    1e308,
                                    "text",
                                    json::array(),
                                    json::array({nullptr, 5, "x"}),
                                    json::object(),
                                    {{"a", {{"b", 5}}}}};
  std::string records, scores;
  for (const auto& [line, text] : {std::pair{kSample, &records}, {kPair, &scores}})
    for (const auto& [field, old] : line.items())
      for (const json& value : values) {
        json changed = line;
        changed[field] = value;
        *text += changed.dump() + "\n";
        if (old.is_object())
          for (const auto& [inner, was] : old.items()) {
            changed = line;
            changed[field][inner] = value;
            *text += changed.dump() + "\n";
          }
      }
  write_file(folder + "/plan.json",
             R"({"schema":"sameseed/plan/2","name":"m","model":"m","axes":[],"environments":[],)"
             R"("cases":[],"samples":[],"comparisons":[],"excluded":[]})");
  write_file(folder + "/records.jsonl", records);
  write_file(folder + "/scores.jsonl", scores);
  const RunFiles files = read_run(folder);
  ASSERT_EQ(files.passed_over.size(), 3u);  // of the two files, and of samples without pictures
  EXPECT_NE(files.passed_over[0].find(
                "lines were passed over, the first is line 2: `arm` is no text or null"),
            std::string::npos)
      << files.passed_over[0];
  std::filesystem::remove_all(folder);
}

// Of the metrics as the scorer describes them; a line with such a value is named and passed over.
TEST(ScoreLines, HaveNoValueThatTheirMetricNeverHas) {
  const std::string file = ::testing::TempDir() + "impossible-scores.jsonl";
  const json scorer = {
      {"type", "scorer"},
      {"metrics",
       {{{"name", "lpips.alex"}, {"unit", ""}, {"better", "lower"}, {"identical", 0}},
        {{"name", "ssim.gaussian"}, {"unit", ""}, {"better", "higher"}, {"identical", 1}},
        {{"name", "psnr.rgb"},
         {"unit", "dB"},
         {"better", "higher"},
         {"identical", nullptr},
         {"identical_nonfinite", "+inf"}},
        {{"name", "color.delta_l"}, {"unit", "CIELAB"}, {"better", "nearer"}, {"identical", 0}}}}};
  const auto problem = [&](json values, json nonfinite = json::object()) {
    json pair = kPair;
    pair["values"] = std::move(values);
    pair["nonfinite"] = std::move(nonfinite);
    write_file(file, scorer.dump() + "\n" + pair.dump() + "\n");
    return for_each_score(file, [](const json&) {}).text("scores.jsonl");
  };
  for (const auto& [values, words] :
       {std::pair{json{{"lpips.alex", -5}}, "`values.lpips.alex` cannot be -5"},
        {json{{"lpips.alex", -0.001}}, "`values.lpips.alex` cannot be -0.001"},
        {json{{"ssim.gaussian", 1.5}}, "`values.ssim.gaussian` cannot be 1.5"},
        {json{{"psnr.rgb", -3}}, "`values.psnr.rgb` cannot be -3"}})
    EXPECT_NE(problem(values).find(std::string("line 2 was passed over: ") + words),
              std::string::npos)
        << problem(values);
  // Of 8-bit pictures only the PSNR has an infinite value, and it may not be another's.
  for (const auto& [metric, word] : {std::pair{"lpips.alex", "+inf"},
                                     {"ssim.gaussian", "-inf"},
                                     {"color.delta_l", "-inf"},
                                     {"psnr.rgb", "-inf"}})
    EXPECT_NE(problem({{metric, nullptr}}, {{metric, word}}).find("cannot be"), std::string::npos)
        << metric;
  EXPECT_NE(
      problem({{"ssim.gaussian", nullptr}}, {{"ssim.gaussian", "+inf"}}).find("cannot be inf"),
      std::string::npos);
  for (const json& fine :
       {json{{"lpips.alex", 0}}, json{{"lpips.alex", -1e-9}}, json{{"ssim.gaussian", -0.2}},
        json{{"ssim.gaussian", 1.0000001}}, json{{"psnr.rgb", 0}}, json{{"color.delta_l", -9}},
        json{{"unknown", -5}}})
    EXPECT_EQ(problem(fine), "") << fine;
  EXPECT_EQ(problem({{"psnr.rgb", nullptr}}, {{"psnr.rgb", "+inf"}}), "");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace sameseed
