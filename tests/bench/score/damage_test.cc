// Damage of known kind and size, through the whole scorer: PNG files in, kinds and sentence out.
#include "reports/summary/damage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "bench/score/score.h"
#include "io/files.h"
#include "io/json_schema.h"
#include "io/picture.h"
#include "io/png.h"
#include "io/safetensors.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kSource = SAMESEED_SOURCE_DIR;

cv::Mat picture_of(const std::string& file) {
  const Image image = read_picture(kSource + "/" + file).image;
  return cv::Mat(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()))
      .clone();
}

// Sky, ground with texture, and a sharp object: smooth, fine and sharp parts, as photographs have.
cv::Mat photo(int width, int height, std::uint64_t seed) {
  cv::Mat texture(height, width, CV_32F), picture(height, width, CV_32FC3);
  cv::RNG(seed).fill(texture, cv::RNG::NORMAL, 0, 45);
  cv::GaussianBlur(texture, texture, {}, 0.8);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const auto sky = static_cast<float>(y) / static_cast<float>(height);
      const bool ground = y > 0.55 * height + 8 * std::sin(x / 17.0);
      const float grain = texture.at<float>(y, x);
      picture.at<cv::Vec3f>(y, x) =
          ground ? cv::Vec3f(120 + grain, 105 + 0.9f * grain, 70 + 0.6f * grain)
                 : cv::Vec3f(90 + 90 * sky, 140 + 50 * sky, 215 - 30 * sky);
    }
  cv::circle(picture, {width * 3 / 5, height / 3}, height / 6, cv::Scalar(215, 90, 60), cv::FILLED,
             cv::LINE_AA);
  cv::GaussianBlur(picture, picture, {}, 0.5);
  picture.convertTo(picture, CV_8U);
  return picture;
}

// Fine strands everywhere.
cv::Mat hair(int side) {
  cv::Mat strands(side, side, CV_32F), picture;
  cv::RNG(8).fill(strands, cv::RNG::NORMAL, 0, 90);
  cv::GaussianBlur(strands, strands, {}, 0.7, 6);
  strands.convertTo(strands, CV_32F, 1, 90);
  cv::merge(std::vector<cv::Mat>{strands * 1.2, strands * 0.9, strands * 0.6}, picture);
  picture.convertTo(picture, CV_8U);
  return picture;
}

std::map<std::string, cv::Mat> bases() {
  return {{"photo", photo(192, 160, 1)},
          {"hair", hair(160)},
          {"building", picture_of("metrics/weights/lpips/ex_ref.png")},
          {"nano 1", picture_of("tests/goldens/pictures/nano-1.png")},
          {"nano 2", picture_of("tests/goldens/pictures/nano-2.png")},
          {"nano 3", picture_of("tests/goldens/pictures/nano-3.png")}};
}

// Parts of two photographs: what is made above is sharp or soft everywhere alike.
std::map<std::string, cv::Mat> photographs() {
  const std::string folder = "tests/goldens/photographs/";
  return {{"coffee", picture_of(folder + "coffee.png")(cv::Rect(90, 20, 224, 200)).clone()},
          {"china", picture_of(folder + "china.png")(cv::Rect(40, 0, 224, 200)).clone()}};
}

cv::Mat blurred(const cv::Mat& picture, double sigma) {
  cv::Mat result;
  cv::GaussianBlur(picture, result, {}, sigma);
  return result;
}

cv::Mat noisy(const cv::Mat& picture, double sigma) {
  cv::Mat noise(picture.size(), CV_32FC3), result;
  cv::RNG(42).fill(noise, cv::RNG::NORMAL, 0, sigma);
  cv::add(picture, noise, result, cv::noArray(), CV_8U);
  return result;
}

// In OpenCV's HSV: 8 bits, hue in steps of two degrees.
cv::Mat turned(const cv::Mat& picture, int degrees) {
  cv::Mat hsv, result;
  cv::cvtColor(picture, hsv, cv::COLOR_RGB2HSV);
  for (int y = 0; y < hsv.rows; ++y)
    for (int x = 0; x < hsv.cols; ++x) {
      auto& hue = hsv.at<cv::Vec3b>(y, x)[0];
      hue = static_cast<std::uint8_t>((hue + degrees / 2 + 180) % 180);
    }
  cv::cvtColor(hsv, result, cv::COLOR_HSV2RGB);
  return result;
}

cv::Mat desaturated(const cv::Mat& picture, double kept) {
  cv::Mat grey, result;
  cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
  cv::cvtColor(grey, grey, cv::COLOR_GRAY2RGB);
  cv::addWeighted(picture, kept, grey, 1 - kept, 0, result);
  return result;
}

cv::Mat cast(const cv::Mat& picture, const cv::Scalar& colour) {
  cv::Mat result;
  cv::add(picture, colour, result, cv::noArray(), CV_8U);
  return result;
}

cv::Mat with_tile(const cv::Mat& picture, int side, const char* what) {
  cv::Mat result = picture.clone();
  const cv::Rect place(picture.cols / 3, picture.rows / 4, side, side);
  cv::Mat tile = result(place);
  if (std::string(what) == "flat")
    tile.setTo(cv::Scalar(20, 160, 90));
  else if (std::string(what) == "noise")
    cv::RNG(7).fill(tile, cv::RNG::UNIFORM, 0, 256);
  else
    picture(cv::Rect(0, picture.rows - side, side, side)).copyTo(tile);
  return result;
}

cv::Mat shifted(const cv::Mat& picture, int x, int y) {
  cv::Mat result;
  cv::warpAffine(picture, result, cv::Matx23d(1, 0, x, 0, 1, y), picture.size(), cv::INTER_NEAREST,
                 cv::BORDER_REPLICATE);
  return result;
}

cv::Mat posterised(const cv::Mat& picture, int levels) {
  cv::Mat table(1, 256, CV_8U), result;
  for (int v = 0; v < 256; ++v)
    table.at<std::uint8_t>(v) = static_cast<std::uint8_t>(
        std::lround(std::round(v / 255.0 * (levels - 1)) * 255.0 / (levels - 1)));
  cv::LUT(picture, table, result);
  return result;
}

// JPEG's part that loses: transforms of 8 x 8 blocks of luma, divided by its table (ITU-T T.81,
// table K.1) at this quality, rounded.
cv::Mat compressed(const cv::Mat& picture, int quality) {
  constexpr int kTable[64] = {16,  11,  10,  16,  24, 40, 51,  61,  12,  12,  14,  19,  26,
                              58,  60,  55,  14,  13, 16, 24,  40,  57,  69,  56,  14,  17,
                              22,  29,  51,  87,  80, 62, 18,  22,  37,  56,  68,  109, 103,
                              77,  24,  35,  55,  64, 81, 104, 113, 92,  49,  64,  78,  87,
                              103, 121, 120, 101, 72, 92, 95,  98,  112, 100, 103, 99};
  const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  cv::Mat result;
  cv::cvtColor(picture, result, cv::COLOR_RGB2YCrCb);
  std::vector<cv::Mat> planes;
  cv::split(result, planes);
  planes[0].convertTo(planes[0], CV_32F);
  for (int y = 0; y + 8 <= result.rows; y += 8)
    for (int x = 0; x + 8 <= result.cols; x += 8) {
      cv::Mat block = planes[0](cv::Rect(x, y, 8, 8)), transform;
      cv::dct(block - 128, transform);
      for (int i = 0; i < 64; ++i) {
        const auto step = static_cast<float>(std::max(1, (kTable[i] * scale + 50) / 100));
        float& value = transform.at<float>(i / 8, i % 8);
        value = std::round(value / step) * step;
      }
      cv::dct(transform, transform, cv::DCT_INVERSE);
      transform += 128;
      transform.copyTo(block);
    }
  planes[0].convertTo(planes[0], CV_8U);
  cv::merge(planes, result);
  cv::cvtColor(result, result, cv::COLOR_YCrCb2RGB);
  return result;
}

cv::Mat pixelated(const cv::Mat& picture, int side) {
  cv::Mat result;
  cv::resize(picture, result, {picture.cols / side, picture.rows / side}, 0, 0, cv::INTER_AREA);
  cv::resize(result, result, picture.size(), 0, 0, cv::INTER_NEAREST);
  return result;
}

cv::Mat shifted_by_parts(const cv::Mat& picture, double x, double y) {
  cv::Mat result;
  cv::warpAffine(picture, result, cv::Matx23d(1, 0, x, 0, 1, y), picture.size(), cv::INTER_CUBIC,
                 cv::BORDER_REFLECT);
  return result;
}

cv::Mat turned_by(const cv::Mat& picture, double degrees) {
  cv::Mat result;
  const cv::Point2f middle(static_cast<float>(picture.cols) / 2,
                           static_cast<float>(picture.rows) / 2);
  cv::warpAffine(picture, result, cv::getRotationMatrix2D(middle, degrees, 1), picture.size(),
                 cv::INTER_CUBIC, cv::BORDER_REFLECT);
  return result;
}

cv::Mat sharper(const cv::Mat& picture, double amount) {
  cv::Mat result;
  cv::addWeighted(picture, 1 + amount, blurred(picture, 1), -amount, 0, result);
  return result;
}

// To the right of `x`, as where a VAE's next tile begins.
cv::Mat with_seam(const cv::Mat& picture, int x, double levels) {
  cv::Mat result = picture.clone(), right = result(cv::Rect(x, 0, picture.cols - x, picture.rows));
  cv::add(right, cv::Scalar(levels, levels, levels / 2), right);
  return result;
}

cv::Mat with_checkerboard(const cv::Mat& picture, double levels) {
  cv::Mat board(picture.size(), CV_32FC3), result;
  for (int y = 0; y < board.rows; ++y)
    for (int x = 0; x < board.cols; ++x)
      board.at<cv::Vec3f>(y, x) =
          cv::Vec3f::all(static_cast<float>((x + y) % 2 == 0 ? levels : -levels));
  cv::add(picture, board, result, cv::noArray(), CV_8U);
  return result;
}

// A part with the features of its neighbourhood, mirrored and turned upside down.
cv::Mat redrawn(const cv::Mat& picture) {
  cv::Mat result = picture.clone(), part = result(cv::Rect(24, 100, 56, 56));
  cv::flip(part.clone(), part, -1);
  return result;
}

struct Damaged {
  std::string what, kind, words;  // words that the sentence must have
  cv::Mat picture;
};

std::vector<Damaged> damaged(const cv::Mat& base) {
  std::vector<Damaged> list = {{"itself", "none", "equal", base.clone()}};
  for (const double sigma : {0.5, 0.8, 1.5, 3.0})
    list.push_back(
        {fmt::format("blur {}", sigma), "lost detail", "detail lost", blurred(base, sigma)});
  for (const double sigma : {1.0, 3.0, 8.0, 20.0})
    list.push_back(
        {fmt::format("noise {}", sigma), "added noise", "noise added", noisy(base, sigma)});
  for (const int degrees : {10, 30, 60, -20})
    list.push_back({fmt::format("turn {}", degrees), "colour shift", "", turned(base, degrees)});
  for (const double kept : {0.85, 0.5, 0.0})
    list.push_back({fmt::format("saturation {}", kept), "colour shift", "desaturated",
                    desaturated(base, kept)});
  for (const cv::Scalar& colour :
       {cv::Scalar(4, 0, -4), cv::Scalar(12, -6, 0), cv::Scalar(-20, 5, 15)})
    list.push_back({fmt::format("cast {}", colour[0]), "colour shift", "cast", cast(base, colour)});
  for (const char* what : {"flat", "noise", "copied"})
    for (const int side : {16, 32})
      list.push_back({fmt::format("{} tile {}", what, side),
                      std::string(what) == "copied" ? "redrawn locally" : "local damage",
                      "around x", with_tile(base, side, what)});
  for (const auto& [x, y] : {std::pair{1, 0}, {0, 1}, {-1, 1}, {2, 0}})
    list.push_back({fmt::format("shift {} {}", x, y), "displaced",
                    fmt::format("x {:+} y {:+}", x, y), shifted(base, x, y)});
  for (const int levels : {4, 8, 16, 32, 64})
    list.push_back(
        {fmt::format("{} levels", levels), "posterised", "levels", posterised(base, levels)});
  return list;
}

// What only photographs are tried with.
std::vector<Damaged> damaged_photograph(const cv::Mat& base, const cv::Mat& other) {
  std::vector<Damaged> list = {
      {"another", "another picture", "lie elsewhere", other},
      {"blur 8", "lost detail", "detail lost: 100 %", blurred(base, 8)},
      {"sharper 0.5", "sharpened", "stronger", sharper(base, 0.5)},
      {"sharper 1.5", "sharpened", "stronger", sharper(base, 1.5)},
      {"turned 1", "displaced", "each place by its own step", turned_by(base, 1)},
      {"shift 12", "displaced", "x +12 y -5", shifted(base, 12, -5)},
      {"half a pixel", "displaced", "x +0.5 y +0.3", shifted_by_parts(base, 0.5, 0.3)},
      {"seam", "seams", "from top to bottom at x 1", with_seam(base, 111, 6)},
      {"checkerboard", "checkerboard", "repeats every 2 pixels", with_checkerboard(base, 3)},
      {"redrawn", "redrawn locally", "around x", redrawn(base)},
      {"negative", "colour shift", "opposites", cv::Scalar::all(255) - base}};
  for (const int quality : {75, 40, 10})
    list.push_back({fmt::format("compressed {}", quality), "block artefacts", "8 x 8",
                    compressed(base, quality)});
  for (const int side : {2, 4, 8})
    list.push_back({fmt::format("pixelated {}", side), "pixelated",
                    fmt::format("squares of {} pixels", side), pixelated(base, side)});
  return list;
}

// The pictures of a run as `generate` leaves them, one pair for each damaged picture.
class DamagedRun {
 public:
  void add(const std::string& name, const cv::Mat& candidate, const cv::Mat& reference) {
    const std::string id = fmt::format("{}", names_.size());
    for (const auto& [side, picture] : {std::pair{"c", &candidate}, {"r", &reference}}) {
      const std::string sample = side + id;
      write_png(
          folder_ + "/images/" + sample + ".png",
          {picture->cols, picture->rows, {picture->data, picture->data + 3 * picture->total()}});
      write_safetensors(folder_ + "/latents/" + sample + ".safetensors", {});
    }
    names_.push_back(name);
  }

  // Name -> its line of scores.jsonl.
  std::map<std::string, json> scores() {
    PairScorer scorer(folder_,
                      folder_ + "/no-weights");  // no kind needs LPIPS, which takes longest
    const std::string schema = read_file(kSource + "/reports/schema/score.schema.json");
    check_json(scorer.answer({{"op", "describe"}}).at("scorer"), schema, "the scorer");
    std::map<std::string, json> lines;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto part = [&](const std::string& sample) {
        return json{{"sample", sample},
                    {"case", sample},
                    {"files", json::object()},
                    {"hashes", {{"noise", i}, {"token_ids", i}}}};
      };
      const std::string number = fmt::format("{}", i);
      const json answer = scorer.answer({{"op", "score"},
                                         {"id", number},
                                         {"candidate", part("c" + number)},
                                         {"reference", part("r" + number)},
                                         {"mapped", true},
                                         {"beside", i % 2 == 1}});
      EXPECT_EQ(answer.at("warnings"), json::array());
      check_json(answer.at("pair"), schema, "a pair");
      lines[names_[i]] = answer.at("pair");
    }
    return lines;
  }

  const std::string& folder() const { return folder_; }

 private:
  std::string folder_ = ::testing::TempDir() + "damaged";
  std::vector<std::string> names_;
};

TEST(Damage, IsNamedInEveryPairWithDamageOfKnownKind) {
  DamagedRun run;
  std::map<std::string, Damaged> wanted;
  for (const auto& [base_name, base] : bases())
    for (Damaged& damaged_picture : damaged(base)) {
      const std::string name = base_name + ", " + damaged_picture.what;
      // Where all is of one colour, a cast and less chroma are the same.
      if (base_name == "hair" && damaged_picture.kind == "colour shift")
        damaged_picture.words = "colours shifted";
      run.add(name, damaged_picture.picture, base);
      wanted.emplace(name, std::move(damaged_picture));
    }
  const auto real = photographs();
  for (const auto& [base_name, base] : real) {
    auto list = damaged(base);
    for (Damaged& more :
         damaged_photograph(base, real.at(base_name == "coffee" ? "china" : "coffee")))
      list.push_back(std::move(more));
    for (Damaged& damaged_picture : list) {
      const std::string name = base_name + ", " + damaged_picture.what;
      run.add(name, damaged_picture.picture, base);
      wanted.emplace(name, std::move(damaged_picture));
    }
  }
  const auto scores = run.scores();
  ASSERT_EQ(scores.size(), wanted.size());
  for (const auto& [name, line] : scores) {
    const PairScores read = parse_pair_scores(line);
    const auto damage =
        damage_of({.values = read.values, .places = read.places, .broken = read.broken});
    ASSERT_TRUE(damage) << line.dump();
    const std::string& sentence = damage->sentence;
    json evidence;
    for (const auto& [quantity, value] : line.at("values").items())
      if (quantity.starts_with("pattern.") || quantity.starts_with("detail.") ||
          quantity.starts_with("bands.") || quantity.starts_with("blocks.") ||
          quantity.starts_with("marks."))
        evidence[quantity] = value;
    // What is copied may have no more shapes than a flat tile.
    const std::string& kind = damage->kinds.at(0);
    if (name.find("copied") != std::string::npos && kind == "local damage") continue;
    EXPECT_EQ(kind, wanted.at(name).kind)
        << name << ": " << json(damage->kinds) << " " << sentence << " " << evidence;
    EXPECT_NE(sentence.find(wanted.at(name).words), std::string::npos) << name << ": " << sentence;
    EXPECT_TRUE(std::filesystem::exists(run.folder() + "/maps/" +
                                        line.at("candidate").get<std::string>() + "-" +
                                        line.at("reference").get<std::string>() + ".png"));
  }
}

}  // namespace
}  // namespace sameseed
