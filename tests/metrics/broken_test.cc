#include "metrics/broken.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "metrics/self_test.h"
#include "tests/metrics/pictures.h"

namespace sameseed {
namespace {

using Ways = std::vector<std::string>;

cv::Mat noise_of(int lowest, int highest) {
  cv::Mat picture(128, 128, CV_8UC3);
  cv::RNG(3).fill(picture, cv::RNG::UNIFORM, lowest, highest);
  return picture;
}

cv::Mat object_on(const cv::Scalar& background) {
  cv::Mat picture(128, 128, CV_8UC3, background);
  cv::circle(picture, {64, 64}, 20, cv::Scalar(250, 180, 30), cv::FILLED, cv::LINE_AA);
  return picture;
}

TEST(Broken, NamesBlackOneColourSaturatedAndNoise) {
  EXPECT_EQ(broken_ways(flat_image(0)), (Ways{"black", "one colour"}));
  EXPECT_EQ(broken_ways(noise_of(0, 8)), (Ways{"black"}));
  EXPECT_EQ(broken_ways(flat_image(200)), (Ways{"one colour"}));
  cv::Mat blown;
  cv::GaussianBlur(noise_of(0, 256), blown, {}, 4);
  blown.clone().convertTo(blown, CV_8U, 600, -600 * 127.5);
  EXPECT_EQ(broken_ways(blown), (Ways{"saturated"}));
  EXPECT_EQ(broken_ways(noise_of(0, 256)), (Ways{"pure noise"}));
  EXPECT_EQ(broken_ways(noise_of(90, 170)), (Ways{"pure noise"}));
}

TEST(Broken, LeavesPicturesAlone) {
  for (const cv::Scalar& background :
       {cv::Scalar(255, 255, 255), cv::Scalar(0, 0, 0), cv::Scalar(255, 0, 0)})
    EXPECT_EQ(broken_ways(object_on(background)), Ways{});
  EXPECT_EQ(broken_ways(object_on({255, 255, 255}) * 0.1), Ways{}) << "merely dark";
  cv::Mat drawing(128, 128, CV_8UC3, cv::Scalar::all(255));
  for (int i = 0; i < 128; i += 8) cv::line(drawing, {i, 0}, {64, 127}, cv::Scalar::all(0));
  EXPECT_EQ(broken_ways(drawing), Ways{}) << "black on white";
  for (const char* name : {"ex_ref.png", "ex_p0.png", "ex_p1.png"})
    EXPECT_EQ(broken_ways(picture_of(kWeights + "/lpips/" + name)), Ways{}) << name;
}

}  // namespace
}  // namespace sameseed
