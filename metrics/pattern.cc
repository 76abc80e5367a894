// pattern: which kind of change would explain the difference? What blur, noise, a displaced picture
// and turned colours have in common is a low PSNR; these numbers tell them apart. Shares are of the
// squared error, 0 (explains nothing) to 1 (explains all); identical pictures: 0; none is
// symmetric.
//   shift_share, shift_x, shift_y what moving the reference by one step explains, where both
//       overlap, in luma; and that step, of the candidate's content to the right and down, in
//       parts of a pixel
//   warp_share, warp_pixels, warp_spread what moving each place by its own, slowly changing step
//       explains; how far most places moved, and how far steps are from their mean
//   color_share, color_means_share what one mapping of colours explains, the same everywhere: RGB
//       to RGB of second order, fitted with a ridge to means of 8 x 8 pixels, where neither blur
//       nor noise shows; of all pixels, and of those means
//   mapped_gain_high, mapped_power_high how much of the mapped reference's high frequencies is
//       there in its place, and how much power in all; identical pictures: 1
//   mapped_noise Immerkaer's estimate, in levels, of what the mapping leaves: of tiles of 32 x 32
//       the value that a quarter is below, as only noise is everywhere
//   cast_share, saturation_share, turn_share of the error of those means in CIELAB's a and b,
//       what adding one colour, scaling the chroma by chroma_ratio (identical pictures: 1), and
//       turning the hue by hue_turn degrees (identical: 0; from red to yellow: above 0) explain,
//       each alone
//   level_ratio, level_step of the levels in use, those that have a neighbour in use, candidate /
//       reference, in the channel where it is lowest: 1 for what is smooth, 0 for bands; and from
//       one level in use to the next there; identical pictures: 1
//   level_comb how uneven luma's histogram is, candidate less reference, 0 to 2; identical: 0
//   detail_correlation of the Laplacian of the difference and of the reference, in luma, -1 to 1:
//       -1 where detail was taken away, 0 where noise was added; identical pictures: 0
//   area_share, area_detail_share the smallest part of the picture, in blocks of 8 x 8, that
//       holds 95 % of the squared error, and the part of the reference's squared gradients that
//       it holds: blur goes where detail is, a broken patch goes anywhere. The place is the
//       blocks' frame.
//   area_together, area_outside how many of those blocks' neighbours belong to them, and the mean
//       squared error further away than two blocks over that within
//   area_energy_low, area_roughness, area_correlation there: squared gradients, candidate /
//       reference, that a quarter of the blocks is below; squared steps over twice the variance
//       of the candidate's median block, 1 for noise; and how far both lumas agree, -1 to 1
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <functional>
#include <numbers>
#include <numeric>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/color.h"
#include "metrics/color_mapping.h"
#include "metrics/damaged_area.h"
#include "metrics/displacement.h"
#include "metrics/images.h"
#include "metrics/levels.h"
#include "metrics/spectrum.h"

namespace sameseed {
namespace {

constexpr int kSmallest = 16;

struct Chroma {
  double cast_share = 0, saturation_share = 0, turn_share = 0, ratio = 1, turn = 0;
};

Chroma chroma_change(const cv::Mat& candidate, const cv::Mat& reference) {
  using Complex = std::complex<double>;
  std::vector<Complex> to, from;
  const auto chroma = [](const cv::Vec3f& mean) {
    const auto level = [&](int c) { return static_cast<std::uint8_t>(std::lround(mean[c])); };
    const Lab lab = lab_of(level(0), level(1), level(2));
    return Complex(lab.a, lab.b);
  };
  Complex sum, product;
  double power = 0, error = 0;
  for (int y = 0; y < reference.rows; ++y)
    for (int x = 0; x < reference.cols; ++x) {
      to.push_back(chroma(candidate.at<cv::Vec3f>(y, x)));
      from.push_back(chroma(reference.at<cv::Vec3f>(y, x)));
      sum += to.back() - from.back();
      product += to.back() * std::conj(from.back());
      power += std::norm(from.back());
      error += std::norm(to.back() - from.back());
    }
  if (error == 0) return {};
  const auto share = [&](auto expected) {
    double rest = 0;
    for (std::size_t i = 0; i < to.size(); ++i) rest += std::norm(to[i] - expected(from[i]));
    return std::max(0.0, 1 - rest / error);
  };
  const Complex cast = sum / static_cast<double>(to.size());
  Chroma change;
  change.ratio = power > 0 ? product.real() / power : 1;
  change.turn = std::arg(product);
  change.cast_share = share([&](const Complex& z) { return z + cast; });
  change.saturation_share = share([&](const Complex& z) { return change.ratio * z; });
  change.turn_share = share([&](const Complex& z) { return std::polar(1.0, change.turn) * z; });
  change.turn *= 180 / std::numbers::pi;
  return change;
}

// What is left of detail, and what noise came, beside one mapping of colours.
struct MappedDetail {
  double gain_high = 1, power_high = 1, noise = 0;
};

// Immerkaer's (1996) estimate over a tile of differences.
double noise_in(const cv::Mat& tile) {
  double sum = 0;
  for (int y = 1; y + 1 < tile.rows; ++y) {
    const auto *above = tile.ptr<double>(y - 1), *row = tile.ptr<double>(y),
               *below = tile.ptr<double>(y + 1);
    for (int x = 1; x + 1 < tile.cols; ++x)
      sum += std::abs(above[x - 1] - 2 * above[x] + above[x + 1] -
                      2 * (row[x - 1] - 2 * row[x] + row[x + 1]) + below[x - 1] - 2 * below[x] +
                      below[x + 1]);
  }
  return sum * std::sqrt(std::numbers::pi / 2) / (6.0 * (tile.cols - 2) * (tile.rows - 2));
}

MappedDetail mapped_detail(const ColorMapping& mapping, const cv::Mat& candidate,
                           const cv::Mat& reference, const cv::Mat& candidate_luma) {
  if (cv::norm(candidate, reference, cv::NORM_INF) == 0) return {};
  const cv::Mat rest = rest_of_mapping(mapping, candidate, reference);
  cv::Mat difference(rest.size(), CV_64F);
  for (int y = 0; y < rest.rows; ++y) {
    const auto* in = rest.ptr<cv::Vec3f>(y);
    auto* out = difference.ptr<double>(y);
    for (int x = 0; x < rest.cols; ++x)
      out[x] = 0.299 * in[x][0] + 0.587 * in[x][1] + 0.114 * in[x][2];
  }
  const HannWindow across(rest.cols), down(rest.rows);
  const cv::Mat mapped = candidate_luma - difference;
  const BandPower high = bands_of(hann_spectrum(candidate_luma, across, down),
                                  hann_spectrum(mapped, across, down), across, down)
                             .high;
  constexpr double kFloor = 1e-9;  // squared levels, as of detail
  std::vector<double> noise;
  for (const cv::Rect& tile : tiles_of(rest.size())) noise.push_back(noise_in(difference(tile)));
  return {(high.common + kFloor) / (high.reference + kFloor),
          (high.candidate + kFloor) / (high.reference + kFloor), percentile(noise, 0.25)};
}

double detail_correlation(const cv::Mat& candidate, const cv::Mat& reference) {
  std::vector<std::array<double, 3>> sums(static_cast<std::size_t>(reference.rows));
  cv::parallel_for_(cv::Range(1, reference.rows - 1), [&](cv::Range rows) {
    for (int y = rows.start; y < rows.end; ++y) {
      double dr = 0, dd = 0, rr = 0;
      const auto laplacian = [y](const cv::Mat& luma, int x) {
        const auto* row = luma.ptr<double>(y);
        return luma.ptr<double>(y - 1)[x] + luma.ptr<double>(y + 1)[x] + row[x - 1] + row[x + 1] -
               4 * row[x];
      };
      for (int x = 1; x + 1 < reference.cols; ++x) {
        const double r = laplacian(reference, x), d = laplacian(candidate, x) - r;
        dr += d * r;
        dd += d * d;
        rr += r * r;
      }
      sums[static_cast<std::size_t>(y)] = {dr, dd, rr};
    }
  });
  std::array<double, 3> all{};
  for (const auto& row : sums)
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += row[i];
  return all[1] > 0 && all[2] > 0 ? all[0] / std::sqrt(all[1] * all[2]) : 0;
}

class Pattern final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    const auto of = [](const char* name, const char* unit, Better better, double identical) {
      return Quantity{name, unit, better, identical, /*symmetric=*/false};
    };
    return {of("pattern.shift_share", "", Better::kLower, 0),
            of("pattern.shift_x", "pixels", Better::kNearer, 0),
            of("pattern.shift_y", "pixels", Better::kNearer, 0),
            of("pattern.warp_share", "", Better::kLower, 0),
            of("pattern.warp_pixels", "pixels", Better::kLower, 0),
            of("pattern.warp_spread", "pixels", Better::kLower, 0),
            of("pattern.color_share", "", Better::kLower, 0),
            of("pattern.color_means_share", "", Better::kLower, 0),
            of("pattern.mapped_gain_high", "", Better::kNearer, 1),
            of("pattern.mapped_power_high", "", Better::kNearer, 1),
            of("pattern.mapped_noise", "levels", Better::kLower, 0),
            of("pattern.cast_share", "", Better::kLower, 0),
            of("pattern.saturation_share", "", Better::kLower, 0),
            of("pattern.turn_share", "", Better::kLower, 0),
            of("pattern.chroma_ratio", "", Better::kNearer, 1),
            of("pattern.hue_turn", "degrees", Better::kNearer, 0),
            of("pattern.level_ratio", "", Better::kNearer, 1),
            of("pattern.level_step", "levels", Better::kLower, 1),
            of("pattern.level_comb", "", Better::kNearer, 0),
            of("pattern.detail_correlation", "", Better::kNearer, 0),
            of("pattern.area_share", "", Better::kLower, 0),
            of("pattern.area_detail_share", "", Better::kLower, 0),
            of("pattern.area_together", "", Better::kNearer, 1),
            of("pattern.area_outside", "", Better::kNearer, 0),
            of("pattern.area_energy_low", "", Better::kNearer, 1),
            of("pattern.area_roughness", "", Better::kNearer, 0),
            of("pattern.area_correlation", "", Better::kHigher, 1)};
  }
  std::string definition() const override {
    return "what explains the difference: one shift, a warp, a mapping of colours fitted to "
           "8x8 "
           "means (of these, one cast, chroma factor or hue turn), bands of levels, detail taken "
           "away (Laplacians correlate), the smallest area in 8x8 blocks with 95 % of the error";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    const cv::Mat a = luma_of(candidate), b = luma_of(reference);
    const cv::Mat means_a = block_means(candidate), means_b = block_means(reference);
    const ColorMapping mapping = fitted_mapping(means_a, means_b);
    WholeShift shift;
    Warp warp;
    MappedDetail mapped;
    LevelUse levels;
    DamagedArea area;
    // Each on a thread of its own, as none can use several.
    const std::function<void()> parts[] = {
        [&] { warp = warp_between(a, b); },
        [&] { mapped = mapped_detail(mapping, candidate, reference, a); },
        [&] { shift = whole_shift(a, b); },
        [&] { area = damaged_area(candidate, reference, a, b); },
        [&] { levels = level_use(candidate, reference, a, b); }};
    cv::parallel_for_(cv::Range(0, static_cast<int>(std::size(parts))), [&](cv::Range range) {
      for (int i = range.start; i < range.end; ++i) parts[i]();
    });
    const Chroma chroma = chroma_change(means_a, means_b);
    Scores scores;
    scores.values = {shift.share,
                     shift.x,
                     shift.y,
                     warp.share,
                     warp.pixels,
                     warp.spread,
                     explained_share(mapping, candidate, reference),
                     explained_share(mapping, means_a, means_b),
                     mapped.gain_high,
                     mapped.power_high,
                     mapped.noise,
                     chroma.cast_share,
                     chroma.saturation_share,
                     chroma.turn_share,
                     chroma.ratio,
                     chroma.turn,
                     levels.ratio,
                     levels.step,
                     levels.comb,
                     detail_correlation(a, b),
                     area.share,
                     area.detail_share,
                     area.together,
                     area.outside,
                     area.energy_low,
                     area.roughness,
                     area.correlation};
    if (area.share > 0) scores.places["pattern.area_share"] = area.frame;
    return scores;
  }
};

}  // namespace

std::unique_ptr<Metric> make_pattern() { return std::make_unique<Pattern>(); }

}  // namespace sameseed
