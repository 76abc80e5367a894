#include "metrics/self_test.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <stdexcept>

namespace sameseed {
namespace {

// Of the packages lpips 0.1.4 and scikit-image 0.26.0, on the same made pictures
// (tests/goldens/make_metric_answers.py).
struct Known {
  const char* quantity;
  double wave_and_wave, wave_and_noise, noise_and_noise, tolerance;
};
constexpr Known kKnown[] = {
    {"lpips.alex", 0.3055782914161682, 1.2690355777740479, 0.10357393324375153, 2e-5},
    {"ssim.gaussian", 0.7194465334474266, 0.010197762030708732, 0.009422643453301682, 1e-9},
    {"ssim.uniform7", 0.715522789255739, 0.009844882139601887, 0.009504822501382425, 1e-9},
};

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("the metrics' self-test failed, nothing is scored: " + what);
}

std::map<std::string, double> scores_of(const std::vector<std::unique_ptr<Metric>>& metrics,
                                        const cv::Mat& candidate, const cv::Mat& reference) {
  std::map<std::string, double> all;
  for (const auto& metric : metrics) {
    if (!metric->unavailable().empty()) continue;
    const Scores scores = metric->score(candidate, reference);
    for (std::size_t i = 0; i < scores.values.size(); ++i)
      all[metric->quantities()[i].name] = scores.values[i];
  }
  return all;
}

}  // namespace

cv::Mat wave_image(int phase) {
  cv::Mat image(64, 64, CV_8UC3);
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 64; ++x)
      for (int c = 0; c < 3; ++c)
        image.at<cv::Vec3b>(y, x)[c] =
            static_cast<std::uint8_t>((x * 3 + y * (c + 1) + phase * 7 * (c + 1)) % 256);
  return image;
}

cv::Mat noise_image(unsigned seed) {
  cv::Mat image(64, 64, CV_8UC3);
  for (std::uint32_t i = 0; i < 64 * 64 * 3; ++i) {
    std::uint32_t value = i * 2654435761u + seed * 40503u;
    value ^= value >> 16;
    value *= 2246822519u;
    value ^= value >> 13;
    image.data[i] = static_cast<std::uint8_t>(value);
  }
  return image;
}

void self_test(const std::vector<std::unique_ptr<Metric>>& metrics) {
  const cv::Mat black(64, 64, CV_8UC3, cv::Scalar::all(0)),
      white(64, 64, CV_8UC3, cv::Scalar::all(255));
  expect(scores_of(metrics, black, white).at("psnr.rgb") == 0,
         "black against white has a PSNR of 0 dB, and not 48 as where 8 bits wrap");

  const cv::Mat wave = wave_image(0), other = wave_image(3), noise = noise_image(1),
                more = noise_image(2);
  for (const auto& metric : metrics) {
    if (!metric->unavailable().empty()) continue;
    const Scores same = metric->score(wave, wave), there = metric->score(wave, other),
                 back = metric->score(other, wave);
    for (std::size_t i = 0; i < same.values.size(); ++i) {
      const Quantity quantity = metric->quantities()[i];
      expect(same.values[i] == quantity.identical,
             quantity.name + " of identical pictures is not its identical value");
      expect(std::abs(there.values[i] - back.values[i]) <= 1e-6 * std::abs(there.values[i]),
             quantity.name + " of a swapped pair differs");
    }
  }
  const auto first = scores_of(metrics, other, wave), second = scores_of(metrics, noise, wave),
             third = scores_of(metrics, more, noise);
  expect(third.at("psnr.rgb") < 12, "unrelated noise has a PSNR below 12 dB");
  for (const Known& known : kKnown) {
    if (!first.contains(known.quantity))
      continue;  // its weights are missing, which the report says
    const std::pair<double, double> pairs[] = {{first.at(known.quantity), known.wave_and_wave},
                                               {second.at(known.quantity), known.wave_and_noise},
                                               {third.at(known.quantity), known.noise_and_noise}};
    for (const auto& [got, wanted] : pairs)
      expect(std::abs(got - wanted) <= known.tolerance,
             fmt::format("{} gives {}, the public implementation {}", known.quantity, got, wanted));
  }
}

}  // namespace sameseed
