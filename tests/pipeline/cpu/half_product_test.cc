#include "pipeline/cpu/half_product.h"

#include <gtest/gtest.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace sameseed {
namespace {

using Values = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Values normal(std::size_t count, float deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(0.0f, deviation);
  Values values(count);
  for (float& x : values) x = round_to_half(draw(random));
  return values;
}

std::size_t size(std::int64_t rows, std::int64_t columns) {
  return static_cast<std::size_t>(rows * columns);
}

Values product(const Values& a, const Values& b, std::int64_t depth, int block, Kernel path,
               int threads = 2) {
  const auto m = static_cast<std::int64_t>(a.size()) / depth;
  const auto n = static_cast<std::int64_t>(b.size()) / depth;
  Values c(size(m, n), -1.0f);
  if (path == Kernel::kPlain) {
    half_product_plain(a.data(), b.data(), c.data(), m, n, depth, block);
    return c;
  }
  half_product(a.data(), PackedMatrix(b.data(), n, depth), c.data(), m, block, threads, path);
  return c;
}

float dot(const Values& a, const Values& b, int block) {
  return product(a, b, static_cast<std::int64_t>(a.size()), block, Kernel::kPlain).at(0);
}

// The sign and payload of a NaN are left open.
bool same_bits(float x, float y) {
  return (std::isnan(x) && std::isnan(y)) ||
         std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
}

void expect_paths_agree(const Values& a, const Values& b, std::int64_t depth) {
  for (const int block : {16, 8, 4}) {
    const Values plain = product(a, b, depth, block, Kernel::kPlain);
    for (const Kernel path : {Kernel::kAvx2, Kernel::kAvx512}) {
      if (!is_available(path)) continue;
      for (const int threads : {1, 3}) {
        const Values fast = product(a, b, depth, block, path, threads);
        for (std::size_t i = 0; i < plain.size(); ++i)
          ASSERT_TRUE(same_bits(plain[i], fast[i]))
              << plain[i] << " and " << fast[i] << " at " << i << " of " << plain.size()
              << ", depth " << depth << ", block " << block << ", path " << static_cast<int>(path);
      }
    }
  }
}

TEST(RoundToHalf, KnowsTheEdgesOfTheFormat) {
  EXPECT_EQ(round_to_half(1.0f + 0x1p-11f), 1.0f);  // a tie goes to the even neighbour
  EXPECT_EQ(round_to_half(1.0f + 0x3p-11f), 1.0f + 0x1p-9f);
  EXPECT_EQ(round_to_half(65519.99f), 65504.0f);
  EXPECT_EQ(round_to_half(65520.0f), kInfinity);
  EXPECT_EQ(round_to_half(-1e30f), -kInfinity);
  EXPECT_EQ(round_to_half(0x1p-24f), 0x1p-24f);
  EXPECT_EQ(round_to_half(0x1p-25f), 0.0f);
  EXPECT_EQ(round_to_half(0x1.8p-25f), 0x1p-24f);
  EXPECT_TRUE(std::signbit(round_to_half(-0.0f)));
  EXPECT_TRUE(std::isnan(round_to_half(NAN)));
}

#if defined(__x86_64__)
__attribute__((target("f16c"))) float round_by_f16c(float x) {
  return _cvtsh_ss(_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

TEST(RoundToHalf, EqualsTheProcessorsConversion) {
  if (!__builtin_cpu_supports("f16c")) GTEST_SKIP() << "no F16C";
  // Every value of the upper 19 bits, with the lower 13 below, at and above each tie; and a walk
  // over all floats whose stride is prime to their number, for the subnormal results.
  std::uint64_t wrong = 0;
  const auto check = [&](std::uint32_t bits) {
    const float x = std::bit_cast<float>(bits);
    if (!same_bits(round_to_half(x), round_by_f16c(x))) ++wrong;
  };
  for (std::uint32_t upper = 0; upper < (1u << 19); ++upper)
    for (const std::uint32_t lower : {0u, 1u, 0xFFFu, 0x1000u, 0x1001u, 0x1FFFu})
      check((upper << 13) | lower);
  for (std::uint64_t bits = 0; bits < (1ull << 32); bits += 101)
    check(static_cast<std::uint32_t>(bits));
  EXPECT_EQ(wrong, 0u);
}
#endif

TEST(HalfProduct, RoundsOnceABlock) {
  // 1, then 2^-11 fifteen times: one by one each would be a tie that goes back to 1.
  Values a(16, 1.0f), b(16, 0x1p-11f);
  b[0] = 1.0f;
  EXPECT_EQ(dot(a, b, 16), round_to_half(1.0f + 15 * 0x1p-11f));
  EXPECT_EQ(dot(a, b, 16), 1.0f + 0x1p-7f);
  // Blocks of four: 1 + 3 x 2^-11 is a tie and goes to 1 + 2^-9, each further 4 x 2^-11 is exact.
  EXPECT_EQ(dot(a, b, 4), 1.0f + 4 * 0x1p-9f);
  // A tie in a block of its own is lost each time.
  Values ties(64, 0.0f), ones(64, 1.0f);
  ties[0] = 1.0f;
  for (const std::size_t k : {16u, 32u, 48u}) ties[k] = 0x1p-11f;
  EXPECT_EQ(dot(ones, ties, 16), 1.0f);
}

TEST(HalfProduct, LosesWhatALargeAccumulatorCannotHold) {
  Values a(48, 0.0f), b(48, 1.0f);
  a[0] = 2048.0f;
  a[16] = 1.0f;
  a[32] = -2048.0f;
  EXPECT_EQ(dot(a, b, 16), 0.0f);
  a[16] = 0.0f;
  a[1] = 1.0f;
  a[2] = -2048.0f;
  a[32] = 0.0f;
  EXPECT_EQ(dot(a, b, 16), 1.0f);  // within a block nothing is lost
}

TEST(HalfProduct, OverflowsBetweenBlocksOnly) {
  Values a(32, 0.0f), b(32, 1.0f);
  a[0] = a[1] = 65504.0f;
  a[2] = -65504.0f;
  EXPECT_EQ(dot(a, b, 16), 65504.0f);
  a[2] = 0.0f;
  a[16] = -65504.0f;
  EXPECT_EQ(dot(a, b, 16), kInfinity);
}

TEST(HalfProduct, KeepsSubnormals) {
  EXPECT_EQ(dot({0x1p-14f, 0, 0}, {0x1p-10f, 0, 0}, 16), 0x1p-24f);
}

TEST(HalfProduct, VectorisedEqualsPlainToTheBit) {
  const std::int64_t shapes[][3] = {{1, 1, 1},     {7, 65, 17},    {5, 3, 4},
                                    {13, 16, 33},  {2, 49, 16},    {97, 130, 7},
                                    {200, 40, 31}, {11, 200, 600}, {3, 64, 257}};
  unsigned seed = 1;
  for (const auto& [m, n, k] : shapes) {
    const Values a = normal(size(m, k), 1.0f, seed++), b = normal(size(n, k), 1.0f, seed++);
    expect_paths_agree(a, b, k);
  }
}

TEST(HalfProduct, VectorisedEqualsPlainOnWhatIsNotOrdinary) {
  const std::int64_t m = 24, n = 70, k = 300;
  Values a = normal(size(m, k), 1.0f, 77), b = normal(size(n, k), 1.0f, 78);
  a[5] = kInfinity;
  a[size(2, k)] = NAN;
  b[size(7, k) + 9] = -kInfinity;
  for (std::size_t i = 0; i < size(1, k); ++i) a[size(4, k) + i] *= 0x1p-18f;  // subnormal sums
  for (std::size_t i = 0; i < size(1, k); ++i) a[size(6, k) + i] *= 0x1p13f;   // overflow
  for (std::size_t i = 0; i < size(1, k); ++i) a[size(8, k) + i] = -0.0f;
  for (float& x : a) x = round_to_half(x);
  expect_paths_agree(a, b, k);
}

struct Loss {
  double relative_rms = 0, infinite = 0;
};

// 128 x 80 dot products of a ~ N(0, scale) and b ~ N(0, deviation), against float64.
Loss loss(std::int64_t depth, int block, float scale, float deviation) {
  constexpr std::int64_t kRows = 128, kColumns = 80;
  const auto seed = static_cast<unsigned>(depth);
  const Values a = normal(size(kRows, depth), scale, seed);
  const Values b = normal(size(kColumns, depth), deviation, seed + 1);
  const Values c = product(a, b, depth, block, Kernel::kBest);
  double error = 0, power = 0, infinite = 0;
  for (std::int64_t m = 0; m < kRows; ++m)
    for (std::int64_t n = 0; n < kColumns; ++n) {
      const float got = c[size(m, kColumns) + static_cast<std::size_t>(n)];
      const float* x = a.data() + m * depth;
      const float* y = b.data() + n * depth;
      double parts[8] = {};
      for (std::int64_t k = 0; k < depth; ++k)
        parts[k % 8] += static_cast<double>(x[k]) * static_cast<double>(y[k]);
      double exact = 0;
      for (const double part : parts) exact += part;
      if (!std::isfinite(got)) {
        ++infinite;
      } else {
        error += (got - exact) * (got - exact);
        power += exact * exact;
      }
    }
  return {.relative_rms = std::sqrt(error / power),
          .infinite = infinite / static_cast<double>(c.size())};
}

TEST(HalfProduct, HasTheErrorOfTheTensorCoreModel) {
  // Relative RMS error of a bit-level model of tensor cores that truncates aligned products, for
  // Hopper (16), Ampere and Ada (8) and Volta (4): of 2000 dot products each.
  const struct {
    std::int64_t depth;
    double hopper, ampere, volta;
  } rows[] = {{640, 9.39e-4, 1.33e-3, 1.95e-3},   {1280, 1.33e-3, 1.88e-3, 2.52e-3},
              {2880, 1.87e-3, 2.71e-3, 3.93e-3},  {5120, 2.70e-3, 3.69e-3, 5.45e-3},
              {11520, 3.92e-3, 5.75e-3, 8.07e-3}, {23040, 5.75e-3, 7.70e-3, 1.12e-2}};
  for (const auto& [depth, hopper, ampere, volta] : rows)
    for (const auto& [block, expected] :
         {std::pair{16, hopper}, std::pair{8, ampere}, std::pair{4, volta}}) {
      const float deviation = 1.0f / std::sqrt(static_cast<float>(depth));
      const double got = loss(depth, block, 1.0f, deviation).relative_rms;
      std::printf("K %6ld block %2d: relative rms %.3g, model %.3g (%+.1f %%)\n", long{depth},
                  block, got, expected, 100 * (got / expected - 1));
      EXPECT_NEAR(got / expected, 1.0, 0.1) << "K " << depth << ", block " << block;
    }
}

TEST(HalfProduct, OverflowsAsOftenAsTheModel) {
  for (const auto& [scale, share] :
       {std::pair{200.0f, 0.007}, std::pair{300.0f, 0.083}, std::pair{400.0f, 0.237}}) {
    const double got = loss(11520, 16, scale, 1.0f).infinite;
    std::printf("scale %.0f: %.2f %% infinite\n", static_cast<double>(scale), 100 * got);
    // Three standard deviations of a share of 2000 dot products, and of ours.
    EXPECT_NEAR(got, share, 3 * std::sqrt(share * (1 - share) * (1.0 / 2000 + 1.0 / 10240)));
  }
}

}  // namespace
}  // namespace sameseed
