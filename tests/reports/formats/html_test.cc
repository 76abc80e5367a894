#include "reports/formats/html.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "io/files.h"
#include "reports/formats/page_data.h"
#include "reports/formats/report_format.h"
#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"
#include "tests/reports/small_run.h"

namespace sameseed {
namespace {

using nlohmann::json;

json page_data_of(const RawRun& run) {
  const Summary summary = summary_of(run);
  return page_data(summary, verdict_of(summary, std::nullopt));
}

std::string page_of(const RawRun& run) {
  const Summary summary = summary_of(run);
  std::ostringstream out;
  make_html_report()->write(summary, verdict_of(summary, std::nullopt), out);
  return out.str();
}

EmbeddedReport embedded(const RawRun& run, std::size_t worst,
                        std::size_t most_bytes = kLargestEmbedded) {
  const Summary summary = summary_of(run);
  return embedded_report(summary, verdict_of(summary, std::nullopt), worst, most_bytes);
}

// The data that a page carries.
json data_in(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = page.find(begin) + begin.size();
  return json::parse(page.substr(at, page.find("</script>", at) - at));
}

TEST(PageData, GivesEachPairItsScoresPicturesAndWorstTile) {
  RawRun run = small_run();
  run.scores.at({"on-1", "r-1"})["places"]["local.mse_tile_ratio"] = {
      {"x", 1}, {"y", 2}, {"width", 3}, {"height", 4}};
  const json data = page_data_of(run);
  const json& pair = data.at("comparisons").at(1).at("pairs").at(1);
  EXPECT_EQ(pair.at("pictures"),
            (json{"images/q:on-1.png", "images/q:r-1.png", "maps/q:on-1-q:r-1.png"}));
  EXPECT_EQ(data.at("metrics").at(1).at("name"), "lpips.alex");
  EXPECT_EQ(pair.at("scores"), (json{30.0, 0.3}));
  EXPECT_EQ(pair.at("tile").at("height"), 4);
}

TEST(PageData, NamesNoPictureThatWasNotMade) {
  RawRun run = small_run();
  run.samples.at("q:on-0")["outcome"] = "crashed";
  run.scores.erase({"on-0", "r-0"});
  const json data = page_data_of(run);
  EXPECT_EQ(data.at("comparisons").at(1).at("pairs").at(0).at("pictures"),
            (json{"", "images/q:r-0.png", ""}));
}

TEST(PageData, KeepsASeedThatAPagesNumbersCannotHold) {
  RawRun run = small_run();
  for (json& comparison : run.plan["comparisons"])
    comparison["pairs"][0]["seed"] = 18446744073709551615ull;
  EXPECT_EQ(page_data_of(run).at("comparisons").at(0).at("pairs").at(0).at("seed"),
            "18446744073709551615");
}

TEST(PageData, SaysInfinityInAWord) {
  RawRun run = small_run();
  json& score = run.scores.at({"on-0", "r-0"});
  score["values"]["psnr.rgb"] = nullptr;
  score["nonfinite"]["psnr.rgb"] = "+inf";
  EXPECT_EQ(page_data_of(run).at("comparisons").at(1).at("pairs").at(0).at("scores").at(0), "+inf");
}

TEST(HtmlReport, LetsNoTextOfARunEndItsScript) {
  RawRun run = small_run();
  const std::string nasty = "</script><script>alert(1)</script>{{data}}";
  for (json& comparison : run.plan["comparisons"])
    for (json& pair : comparison["pairs"]) pair["prompt"] = nasty;
  const std::string page = page_of(run);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(data_in(page).at("comparisons").at(0).at("pairs").at(0).at("prompt"), nasty);
}

TEST(HtmlReport, NamesNoPlaceOutsideItsFolder) {
  const std::string page = page_of(small_run());
  for (const char* word : {"http://", "https://", "src=\"//", "url(", "@import"})
    EXPECT_EQ(page.find(word), std::string::npos) << word;
}

TEST(PageData, PutsThePicturesOfAFailingGateFirst) {
  RawRun run = small_run();
  run.scores.at({"off-0", "r-0"})["values"]["lpips.alex"] = 0.15;
  const Summary summary = summary_of(run);
  const Verdict verdict = verdict_of(summary, std::vector<Gate>{{.name = "lpips.alex",
                                                                 .statistic = "worst",
                                                                 .at_most = 0.12,
                                                                 .where = {{kConvAxis, "0"}}}});
  const auto worst = worst_pictures(summary, verdict, 3);
  ASSERT_EQ(worst.size(), 3u);
  EXPECT_EQ(worst[0].candidate, "images/q:off-0.png");
  EXPECT_EQ(worst[1].candidate, "images/q:off-1.png");
  EXPECT_EQ(worst[2].candidate, "images/q:on-1.png");  // and then the worst of all
  const json data = page_data(summary, verdict);
  EXPECT_EQ(data.at("headline"), "lpips.alex");
  EXPECT_EQ(data.at("comparisons").at(0).at("first"), true);
  EXPECT_EQ(data.at("comparisons").at(1).at("first"), false);
}

// A run's folder with pictures of 3000 bytes: 4000 as base64.
class Embedded : public ::testing::Test {
 protected:
  Embedded() : run_(small_run()) {
    run_.folder = ::testing::TempDir() + "embedded";
    for (const char* id : {"off-0", "off-1", "on-0", "on-1", "r-0", "r-1"})
      write("images/q:" + std::string(id) + ".png");
    for (const char* map : {"on-1-q:r-1", "on-0-q:r-0", "off-1-q:r-1", "off-0-q:r-0"})
      write("maps/q:" + std::string(map) + ".png");
  }
  ~Embedded() override { std::filesystem::remove_all(run_.folder); }

  void write(const std::string& file) {
    write_file(run_.folder + "/" + file, std::string(3000, 'x'));
  }
  // Without a picture a page is as long as one that wants none.
  std::size_t bare() const { return embedded(run_, 0).page.size(); }

  RawRun run_;
};

TEST_F(Embedded, HoldsTheWorstPairsAndNamesNoFile) {
  const EmbeddedReport report = embedded(run_, 2);
  const json pictures = data_in(report.page).at("embedded");
  EXPECT_EQ(pictures.size(), 6u);  // LPIPS 0.3 and 0.1: on-1 and on-0, each against its own
  EXPECT_TRUE(pictures.contains("images/q:on-1.png"));
  EXPECT_TRUE(pictures.contains("maps/q:on-0-q:r-0.png"));
  EXPECT_FALSE(pictures.contains("images/q:off-1.png"));
  EXPECT_TRUE(pictures.begin()->get<std::string>().starts_with("data:image/png;base64,eHh4"));
  EXPECT_EQ(report.page.find("src=\"plotly.min.js\""), std::string::npos);
  EXPECT_EQ(report.note, "the pictures of 2 of the 2 worst pairs, 2 of their heat maps");
}

TEST_F(Embedded, DropsWhatDoesNotFitAndSaysSo) {
  const std::size_t most = bare() + 1000 + 13000;  // three pictures and not four
  const EmbeddedReport report = embedded(run_, 2, most);
  EXPECT_LE(report.page.size(), most);
  const json pictures = data_in(report.page).at("embedded");
  EXPECT_EQ(pictures.size(), 3u);  // the worst pair and its map
  EXPECT_TRUE(pictures.contains("maps/q:on-1-q:r-1.png"));
  EXPECT_NE(report.note.find("1 of the 2 worst pairs, 1 of their heat maps; the rest"),
            std::string::npos)
      << report.note;
  EXPECT_EQ(data_in(report.page).at("embedded_note"), report.note);
}

TEST_F(Embedded, LeavesOutAPictureThatIsGone) {
  std::filesystem::remove(run_.folder + "/images/q:on-1.png");
  const EmbeddedReport report = embedded(run_, 2);
  EXPECT_FALSE(data_in(report.page).at("embedded").contains("images/q:r-1.png"));
  EXPECT_NE(report.note.find("1 of the 2"), std::string::npos);
}

TEST_F(Embedded, WritesTheChartLibraryOnce) {
  write_chart_library(run_.folder);
  const auto file = std::filesystem::path(run_.folder) / "plotly.min.js";
  ASSERT_GT(std::filesystem::file_size(file), 1'000'000u);
  const auto written = std::filesystem::last_write_time(file);
  write_chart_library(run_.folder);
  EXPECT_EQ(std::filesystem::last_write_time(file), written);
}

}  // namespace
}  // namespace sameseed
