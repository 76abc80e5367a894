// psnr: how large is the error, on the scale of the brightest value? 10 log10(255^2 / MSE), in dB.
// rgb pools the squares of all three channels, which are summed exactly as integers; luma is 0.299
// R + 0.587 G + 0.114 B, unrounded. Range 0 dB and up; identical images: +inf. Better: higher.
#include <cmath>
#include <limits>

#include "metrics/all_metrics.h"
#include "metrics/images.h"

namespace sameseed {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double psnr(double squares, double count) {
  return squares == 0 ? kInfinity : 10 * std::log10(255.0 * 255.0 * count / squares);
}

class Psnr final : public Metric {
 public:
  std::vector<Quantity> quantities() const override {
    std::vector<Quantity> list;
    for (const char* name : {"psnr.rgb", "psnr.r", "psnr.g", "psnr.b", "psnr.luma"})
      list.push_back({name, "dB", Better::kHigher, kInfinity});
    return list;
  }
  std::string definition() const override {
    return "10 log10(255^2 / MSE); rgb: one MSE over all channels; luma: Rec. 601, unrounded";
  }

  Scores score(const cv::Mat& candidate, const cv::Mat& reference) const override {
    check_pair(candidate, reference);
    std::int64_t squares[3] = {0, 0, 0};
    double luma = 0;
    for (int y = 0; y < candidate.rows; ++y) {
      const auto* a = candidate.ptr<cv::Vec3b>(y);
      const auto* b = reference.ptr<cv::Vec3b>(y);
      for (int x = 0; x < candidate.cols; ++x) {
        int difference[3];
        for (int c = 0; c < 3; ++c) {
          difference[c] = static_cast<int>(a[x][c]) - static_cast<int>(b[x][c]);
          squares[c] += difference[c] * difference[c];
        }
        const double step = 0.299 * difference[0] + 0.587 * difference[1] + 0.114 * difference[2];
        luma += step * step;
      }
    }
    const auto pixels = static_cast<double>(candidate.total());
    Scores scores;
    scores.values.push_back(
        psnr(static_cast<double>(squares[0] + squares[1] + squares[2]), 3 * pixels));
    for (const std::int64_t sum : squares)
      scores.values.push_back(psnr(static_cast<double>(sum), pixels));
    scores.values.push_back(psnr(luma, pixels));
    return scores;
  }
};

}  // namespace

std::unique_ptr<Metric> make_psnr() { return std::make_unique<Psnr>(); }

}  // namespace sameseed
