// Picture files from outside, handed to the real programs.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/system/programs.h"
#include "io/files.h"
#include "tests/io/made_jpeg.h"
#include "tests/io/made_notes.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kSameseed = std::string(SAMESEED_BINARY_DIR) + "/bin/sameseed";

class PictureFiles : public ::testing::Test {
 protected:
  PictureFiles() { std::filesystem::remove_all(folder_); }
  ~PictureFiles() override { std::filesystem::remove_all(folder_); }

  std::string put(const std::string& name, const std::string& bytes) const {
    write_file(folder_ + "/" + name, bytes);
    return folder_ + "/" + name;
  }
  CapturedOutput score(const std::string& reference, const std::string& candidate) const {
    return capture_output({kSameseed, "score-pair", reference, candidate}, {},
                          std::chrono::minutes(2));
  }
  json scores(const std::string& reference, const std::string& candidate) const {
    const CapturedOutput captured = score(reference, candidate);
    EXPECT_EQ(captured.code, 0) << captured.output;
    return captured.code == 0 ? json::parse(captured.output) : json::object();
  }

  const std::string folder_ = ::testing::TempDir() + "picture-files-" +
                              ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

MadePng large(int color_type = 2) { return {.width = 64, .height = 48, .color_type = color_type}; }
const MadeJpeg kJpeg{.width = 64, .height = 48};

std::string half(const std::string& bytes) { return bytes.substr(0, bytes.size() / 2); }

std::string turned_png() {
  MadePng png = large();
  png.before = png_chunk("eXIf", turned_exif(true, 6));
  return png.fill().bytes();
}

TEST_F(PictureFiles, AreRefusedByScorePairWithTheirName) {
  const std::string opaque = put("opaque.png", large(6).fill(255).bytes());
  const std::pair<std::string, std::string> files[] = {
      {put("clear.png", large(6).fill(0).bytes()),
       "clear.png: 3072 of its 3072 pixels are transparent"},
      {put("cut.jpg", half(kJpeg.bytes())), "cut.jpg: cut short at "},
      {put("cut.png", half(large().fill().bytes())), "cut.png: cut short at "},
      {put("turned.png", turned_png()), "turned.png: is to be shown turned"},
  };
  for (const auto& [file, words] : files) {
    const CapturedOutput captured = score(opaque, file);
    EXPECT_EQ(captured.code, 1) << captured.output;
    EXPECT_NE(captured.output.find(words), std::string::npos) << captured.output;
  }
}

TEST_F(PictureFiles, AreSaidToBeCompressed) {
  const std::string png = put("whole.png", large().fill().bytes()),
                    jpeg = put("a.jpg", kJpeg.bytes());
  const json told = scores(png, jpeg);
  const std::string words =
      "the candidate is a JPEG of quality 75 or so, the reference a PNG: a part of the difference "
      "is compression";
  EXPECT_EQ(told.at("compression"), words);
  EXPECT_NE(told.at("damage").at("sentence").get<std::string>().find("; " + words),
            std::string::npos)
      << told.at("damage");
  const json equal = scores(png, png);
  EXPECT_FALSE(equal.contains("compression"));
  EXPECT_EQ(equal.at("damage").at("kinds"), json({"none"}));
}

// One too small for a metric has the others' values.
TEST_F(PictureFiles, MayBeSmall) {
  for (const std::uint32_t side : {1u, 8u, 11u, 16u, 31u}) {
    MadePng png{.width = side, .height = side};
    const std::string file = put("small.png", png.fill().bytes());
    const json all = scores(file, file);
    EXPECT_EQ(all.at("values").at("difference.max_abs"), 0) << side;
    EXPECT_EQ(all.at("absent").contains("lpips.alex"), side < 31) << side;
    EXPECT_EQ(all.at("absent").contains("ssim.uniform7"), side < 7) << side;
    EXPECT_EQ(all.at("values").contains("ssim.gaussian"), side >= 11) << side;
    EXPECT_EQ(all.at("absent").at("ms_ssim"), "too small: 161 pixels a side are needed");
  }
}

// A sample fails with its file's name, and so does the run; the good ones are scored.
TEST_F(PictureFiles, EndARunWithCode7WhereTheyAreBad) {
  const std::pair<std::string, std::string> files[] = {
      {"whole.jpg", kJpeg.bytes()},
      {"cut.jpg", half(kJpeg.bytes())},
      {"clear.png", large(6).fill(0).bytes()},
      {"turned.png", turned_png()},
  };
  json pictures = json::array();
  for (const auto& [name, bytes] : files) {
    put(name, bytes);
    pictures.push_back({{"file", name}, {"prompt", "an owl"}, {"seed", pictures.size()}});
  }
  put("pictures.json", json{{"schema", "sameseed/pictures/1"}, {"pictures", pictures}}.dump());
  const std::string matrix = put(
      "m.json", R"({"schema":"sameseed/matrix/1","candidate":{"engine":"folder","pictures":"."},)"
                R"("axes":{"reference.load.threads":[1]},)"
                R"("requests":{"prompts":["an owl"],"size":"64x48","steps":1,"seeds":[0,1,2,3]}})");
  const CapturedOutput captured =
      capture_output({kSameseed, "run", matrix, "--out", folder_ + "/run", "--quiet"}, {},
                     std::chrono::minutes(3));
  EXPECT_EQ(captured.code, 7) << captured.output;
  const std::string report = read_file(folder_ + "/run/report.txt");
  for (const char* words :
       {"cut.jpg: cut short at ", "clear.png: 3072 of its 3072 pixels are transparent",
        "turned.png: is to be shown turned", "was a JPEG (quality 75 or so)"})
    EXPECT_NE(report.find(words), std::string::npos) << words << "\n" << report;
  EXPECT_EQ(read_json(folder_ + "/run/report.json").at("failures").size(), 3u);
}

}  // namespace
}  // namespace sameseed
