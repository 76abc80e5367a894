#include "metrics/self_test.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <stdexcept>

namespace sameseed {
namespace {

// Of the packages lpips 0.1.4, scikit-image 0.26.0 and piq 0.8.0, and of NumPy and SciPy by the
// definitions, on the same made pictures (tests/goldens/make_metric_answers.py and
// make_metric_pairs.py).
struct Known {
  const char* quantity;
  double wave_and_wave, wave_and_noise, noise_and_noise, tolerance;
};
constexpr Known kKnown[] = {
    {"lpips.alex", 0.3055782914161682, 1.2690355777740479, 0.10357393324375153, 2e-5},
    {"ssim.gaussian", 0.7194465334474266, 0.010197762030708732, 0.009422643453301682, 1e-9},
    {"ssim.uniform7", 0.715522789255739, 0.009844882139601887, 0.009504822501382425, 1e-9},
    {"ssim.luma", 0.6468788682450493, 0.026340090910866375, 0.017383839690131603, 1e-9},
    {"bands.coherence_mid", 0.42297504604820746, 0.005038769112469104, -0.010319154230765085, 1e-6},
    {"gmsd", 0.23100719197439734, 0.18500097386605216, 0.19194794869193446, 1e-9},
    {"color.delta_e_mean", 32.68021427979031, 40.62992362727802, 44.38339653127381, 1e-7},
    {"color.delta_a", 3.3828347645009784, 7.6096531367917555, 0.7274417840581219, 1e-7},
    {"detail.high_frequency_ratio", 19.847643030529326, 725.2100881316187, 0.9766392243435591,
     1e-4},
    {"detail.laplacian_ratio", 1.8099892894504395, 45.43095220674363, 1.0203807125868845, 1e-6},
    {"local.ssim_tile_min", 0.5279938768430031, 0.009045603570754651, 0.0041826437114887045, 1e-7},
    {"local.noise_sigma", 4.705220365369381, 50.39678399059786, 71.26589706972223, 1e-7},
    {"flip.mean", 0.7525372109008532, 0.726356378642611, 0.4445612473033508, 1e-7},
};

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("the metrics' self-test failed, nothing is scored: " + what);
}

std::map<std::string, double> scores_of(const std::vector<std::unique_ptr<Metric>>& metrics,
                                        const cv::Mat& candidate, const cv::Mat& reference) {
  std::map<std::string, double> all;
  for (const auto& metric : metrics) {
    if (!metric->unavailable().empty()) continue;
    const Scores scores = score_or_absent(*metric, candidate, reference);
    for (std::size_t i = 0; i < scores.values.size(); ++i)
      if (const std::string name = metric->quantities()[i].name; !scores.absent.contains(name))
        all[name] = scores.values[i];
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
    const Scores same = score_or_absent(*metric, wave, wave),
                 there = score_or_absent(*metric, wave, other),
                 back = score_or_absent(*metric, other, wave);
    for (std::size_t i = 0; i < same.values.size(); ++i) {
      const Quantity quantity = metric->quantities()[i];
      if (same.absent.contains(quantity.name)) continue;
      expect(same.values[i] == quantity.identical,
             quantity.name + " of identical pictures is not its identical value");
      expect(!quantity.symmetric ||
                 std::abs(there.values[i] - back.values[i]) <= 1e-6 * std::abs(there.values[i]),
             quantity.name + " of a swapped pair differs");
    }
  }
  const auto first = scores_of(metrics, other, wave), second = scores_of(metrics, noise, wave),
             third = scores_of(metrics, more, noise);
  expect(third.at("psnr.rgb") < 12, "unrelated noise has a PSNR below 12 dB");
  for (const Known& known : kKnown) {
    if (!first.contains(known.quantity))
      continue;  // it has no weights or is not under test, which the report says
    const std::pair<double, double> pairs[] = {{first.at(known.quantity), known.wave_and_wave},
                                               {second.at(known.quantity), known.wave_and_noise},
                                               {third.at(known.quantity), known.noise_and_noise}};
    for (const auto& [got, wanted] : pairs)
      expect(std::abs(got - wanted) <= known.tolerance,
             fmt::format("{} gives {}, the public implementation {}", known.quantity, got, wanted));
  }
}

}  // namespace sameseed
