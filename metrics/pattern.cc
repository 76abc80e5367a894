// pattern: which kind of change would explain the difference? What blur, noise, a displaced picture
// and turned colours have in common is a low PSNR; these numbers tell them apart. Shares are of the
// squared error, 0 (explains nothing) to 1 (explains all); identical pictures: 0; none is
// symmetric.
//   shift_share, shift_x, shift_y  what moving the reference by the best of the shifts of up to 3
//       whole pixels explains, away from the border, in luma; and that shift, of the candidate's
//       content to the right and down
//   color_share  what one mapping of colours explains, the same everywhere: RGB to RGB of second
//       order, fitted with a ridge to means of 8 x 8 pixels, where neither blur nor noise shows
//   cast_share, saturation_share, turn_share  of the error of those means in CIELAB's a and b, what
//       adding one colour, scaling the chroma by chroma_ratio (identical pictures: 1), and turning
//       the hue by hue_turn degrees (identical: 0; from red to yellow: above 0) explain, each alone
//   level_ratio  of the levels in use, those that have a neighbour in use, candidate / reference,
//   in
//       the channel where it is lowest: 1 for what is smooth, 0 for bands; identical pictures: 1
//   detail_correlation  of the Laplacian of the difference and of the reference, in luma, -1 to 1:
//       -1 where detail was taken away, 0 where noise was added; identical pictures: 0
//   area_share, area_detail_share  the smallest part of the picture, in blocks of 8 x 8, that holds
//       95 % of the squared error, and the part of the reference's squared gradients that it holds:
//       blur goes where detail is, a broken patch goes anywhere. The place is the blocks' frame.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "metrics/all_metrics.h"
#include "metrics/color.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr int kSmallest = 16;
constexpr int kFarthest = 3, kBlock = 8;
constexpr double kMostOfTheError = 0.95;
constexpr double kRounding = 1.0 / 12;  // squared levels

struct Shift {
  double share = 0;
  int x = 0, y = 0;
};

Shift best_shift(const cv::Mat& candidate, const cv::Mat& reference) {
  const cv::Rect inner(kFarthest, kFarthest, candidate.cols - 2 * kFarthest,
                       candidate.rows - 2 * kFarthest);
  constexpr int kSide = 2 * kFarthest + 1;
  std::array<double, kSide * kSide> errors{};
  const cv::Mat from = candidate(inner);
  cv::parallel_for_(cv::Range(0, kSide * kSide), [&](cv::Range shifts) {
    for (int i = shifts.start; i < shifts.end; ++i)
      errors[static_cast<std::size_t>(i)] =
          cv::norm(from, reference(inner - cv::Point(i % kSide - kFarthest, i / kSide - kFarthest)),
                   cv::NORM_L2SQR);
  });
  const double unmoved = errors[errors.size() / 2];
  if (unmoved == 0) return {};
  const auto best = std::min_element(errors.begin(), errors.end());
  if (*best == unmoved) return {};
  const int index = static_cast<int>(best - errors.begin());
  return {1 - *best / unmoved, index % kSide - kFarthest, index / kSide - kFarthest};
}

// Means over blocks; what is left at the right and lower border is left out.
cv::Mat block_means(const cv::Mat& picture) {
  cv::Mat means;
  const cv::Rect whole(0, 0, picture.cols / kBlock * kBlock, picture.rows / kBlock * kBlock);
  cv::Mat exact;
  picture(whole).convertTo(exact, CV_32F);
  cv::resize(exact, means, {}, 1.0 / kBlock, 1.0 / kBlock, cv::INTER_AREA);
  return means;
}

constexpr int kTerms = 10;

std::array<double, kTerms> terms_of(double red, double green, double blue) {
  const double r = red / 128 - 1, g = green / 128 - 1, b = blue / 128 - 1;
  return {1, r, g, b, r * r, g * g, b * b, r * g, r * b, g * b};
}

// kTerms x 3: the change of each channel.
cv::Mat fitted_mapping(const cv::Mat& candidate, const cv::Mat& reference) {
  cv::Mat normal = cv::Mat::zeros(kTerms, kTerms, CV_64F),
          right = cv::Mat::zeros(kTerms, 3, CV_64F);
  for (int y = 0; y < reference.rows; ++y)
    for (int x = 0; x < reference.cols; ++x) {
      const auto from = reference.at<cv::Vec3f>(y, x), to = candidate.at<cv::Vec3f>(y, x);
      const auto terms = terms_of(from[0], from[1], from[2]);
      for (int i = 0; i < kTerms; ++i) {
        const double term = terms[static_cast<std::size_t>(i)];
        for (int j = 0; j <= i; ++j)
          normal.at<double>(i, j) += term * terms[static_cast<std::size_t>(j)];
        for (int c = 0; c < 3; ++c) right.at<double>(i, c) += term * (to[c] - from[c]);
      }
    }
  cv::completeSymm(normal, /*lowerToUpper=*/true);
  constexpr double kRidge = 1e-3;
  for (int i = 1; i < kTerms; ++i)
    normal.at<double>(i, i) += kRidge * static_cast<double>(reference.total());
  normal.at<double>(0, 0) += 1e-9;
  cv::Mat mapping;
  cv::solve(normal, right, mapping, cv::DECOMP_CHOLESKY);
  return mapping;
}

double color_share(const cv::Mat& candidate, const cv::Mat& reference, const cv::Mat& mapping) {
  std::array<std::array<double, 3>, kTerms> change{};
  for (int i = 0; i < kTerms; ++i)
    for (int c = 0; c < 3; ++c)
      change[static_cast<std::size_t>(i)][static_cast<std::size_t>(c)] = mapping.at<double>(i, c);
  std::vector<double> before(static_cast<std::size_t>(candidate.rows)), after(before.size());
  cv::parallel_for_(cv::Range(0, candidate.rows), [&](cv::Range rows) {
    for (int y = rows.start; y < rows.end; ++y) {
      const auto *to = candidate.ptr<cv::Vec3b>(y), *from = reference.ptr<cv::Vec3b>(y);
      double unmapped = 0, mapped = 0;
      for (int x = 0; x < candidate.cols; ++x) {
        const auto terms = terms_of(from[x][0], from[x][1], from[x][2]);
        for (int c = 0; c < 3; ++c) {
          double expected = from[x][c];
          for (std::size_t i = 0; i < kTerms; ++i)
            expected += terms[i] * change[i][static_cast<std::size_t>(c)];
          expected = std::clamp(expected, 0.0, 255.0);
          unmapped += (to[x][c] - from[x][c]) * (to[x][c] - from[x][c]);
          mapped += (to[x][c] - expected) * (to[x][c] - expected);
        }
      }
      before[static_cast<std::size_t>(y)] = unmapped;
      after[static_cast<std::size_t>(y)] = mapped;
    }
  });
  const double error = std::accumulate(before.begin(), before.end(), 0.0),
               rest = std::accumulate(after.begin(), after.end(), 0.0);
  return error == 0 ? 0 : std::max(0.0, 1 - rest / error);
}

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

// Of a channel's levels in use, the share that has a neighbour in use; 0 for fewer than 16 levels.
std::array<double, 3> smooth_levels(const cv::Mat& picture, int fewest) {
  std::array<std::array<bool, 258>, 3> used{};
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<cv::Vec3b>(y);
    for (int x = 0; x < picture.cols; ++x)
      for (int c = 0; c < 3; ++c) used[static_cast<std::size_t>(c)][row[x][c] + 1u] = true;
  }
  std::array<double, 3> shares{};
  for (std::size_t c = 0; c < 3; ++c) {
    int all = 0, smooth = 0;
    for (std::size_t v = 1; v <= 256; ++v)
      if (used[c][v]) {
        ++all;
        smooth += used[c][v - 1] || used[c][v + 1];
      }
    shares[c] = all < fewest ? 0 : static_cast<double>(smooth) / all;
  }
  return shares;
}

double level_ratio(const cv::Mat& candidate, const cv::Mat& reference) {
  constexpr double kSmooth = 0.5;  // a reference that has bands itself tells nothing
  const auto to = smooth_levels(candidate, 1), from = smooth_levels(reference, 16);
  double lowest = 1;
  for (std::size_t c = 0; c < 3; ++c)
    if (from[c] >= kSmooth) lowest = std::min(lowest, to[c] / from[c]);
  return lowest;
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

struct Area {
  double share = 0, detail_share = 0;
  Place frame{};
};

Area damaged_area(const cv::Mat& candidate, const cv::Mat& reference, const cv::Mat& luma) {
  struct Block {
    int x = 0, y = 0;
    double error = 0, detail = 0;
  };
  const int across = (luma.cols + kBlock - 1) / kBlock, down = (luma.rows + kBlock - 1) / kBlock;
  std::vector<Block> blocks(static_cast<std::size_t>(across) * static_cast<std::size_t>(down));
  for (int y = 0; y < luma.rows; ++y) {
    const auto *a = candidate.ptr<cv::Vec3b>(y), *b = reference.ptr<cv::Vec3b>(y);
    const auto *row = luma.ptr<double>(y), *next = luma.ptr<double>(std::min(y + 1, luma.rows - 1));
    for (int x = 0; x < luma.cols; ++x) {
      Block& block = blocks[static_cast<std::size_t>(y / kBlock * across + x / kBlock)];
      for (int c = 0; c < 3; ++c) block.error += (a[x][c] - b[x][c]) * (a[x][c] - b[x][c]);
      const double right = row[std::min(x + 1, luma.cols - 1)] - row[x], lower = next[x] - row[x];
      block.detail += right * right + lower * lower + kRounding;
    }
  }
  double error = 0, detail = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].x = static_cast<int>(i) % across * kBlock;
    blocks[i].y = static_cast<int>(i) / across * kBlock;
    error += blocks[i].error;
    detail += blocks[i].detail;
  }
  if (error == 0) return {};
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const Block& a, const Block& b) { return a.error > b.error; });
  Area area;
  cv::Rect frame;
  double held = 0;
  std::size_t count = 0;
  while (count < blocks.size() && held < kMostOfTheError * error) {
    const Block& block = blocks[count++];
    held += block.error;
    area.detail_share += block.detail;
    const cv::Rect square(block.x, block.y, std::min(kBlock, luma.cols - block.x),
                          std::min(kBlock, luma.rows - block.y));
    frame = count == 1 ? square : frame | square;
  }
  area.share = static_cast<double>(count) / static_cast<double>(blocks.size());
  area.detail_share /= detail;
  area.frame = {frame.x, frame.y, frame.width, frame.height};
  return area;
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
            of("pattern.color_share", "", Better::kLower, 0),
            of("pattern.cast_share", "", Better::kLower, 0),
            of("pattern.saturation_share", "", Better::kLower, 0),
            of("pattern.turn_share", "", Better::kLower, 0),
            of("pattern.chroma_ratio", "", Better::kNearer, 1),
            of("pattern.hue_turn", "degrees", Better::kNearer, 0),
            of("pattern.level_ratio", "", Better::kNearer, 1),
            of("pattern.detail_correlation", "", Better::kNearer, 0),
            of("pattern.area_share", "", Better::kLower, 0),
            of("pattern.area_detail_share", "", Better::kLower, 0)};
  }
  std::string definition() const override {
    return "what explains the difference: shift of up to 3 pixels, mapping of colours fitted to "
           "8x8 "
           "means (of these, one cast, chroma factor or hue turn), bands of levels, detail taken "
           "away (Laplacians correlate), the smallest area in 8x8 blocks with 95 % of the error";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference, kSmallest);
    const cv::Mat a = luma_of(candidate), b = luma_of(reference);
    cv::Mat rounded_a, rounded_b;
    a.convertTo(rounded_a, CV_8U);
    b.convertTo(rounded_b, CV_8U);
    const Shift shift = best_shift(rounded_a, rounded_b);
    const cv::Mat means_a = block_means(candidate), means_b = block_means(reference);
    const double color = color_share(candidate, reference, fitted_mapping(means_a, means_b));
    const Chroma chroma = chroma_change(means_a, means_b);
    const Area area = damaged_area(candidate, reference, b);
    Scores scores;
    scores.values = {shift.share,
                     static_cast<double>(shift.x),
                     static_cast<double>(shift.y),
                     color,
                     chroma.cast_share,
                     chroma.saturation_share,
                     chroma.turn_share,
                     chroma.ratio,
                     chroma.turn,
                     level_ratio(candidate, reference),
                     detail_correlation(a, b),
                     area.share,
                     area.detail_share};
    if (area.share > 0) scores.places["pattern.area_share"] = area.frame;
    return scores;
  }
};

}  // namespace

std::unique_ptr<Metric> make_pattern() { return std::make_unique<Pattern>(); }

}  // namespace sameseed
