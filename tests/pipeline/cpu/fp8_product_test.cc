#include "pipeline/cpu/fp8_product.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "pipeline/cpu/half_product.h"

namespace sameseed {
namespace {

using Values = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Values normal(std::int64_t count, float deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(0.0f, deviation);
  Values values(static_cast<std::size_t>(count));
  for (float& x : values) x = round_to_half(draw(random));
  return values;
}

// E4M3 numbers as they are, with a scale of 1.
Fp8Matrix codes(const Values& values, std::int64_t rows) {
  Fp8Matrix made{.rows = rows,
                 .columns = static_cast<std::int64_t>(values.size()) / rows,
                 .scales = Values(static_cast<std::size_t>(rows), 1.0f)};
  for (const float x : values) {
    made.codes.push_back(to_e4m3(x));
    EXPECT_EQ(from_e4m3(made.codes.back()), x) << "is no E4M3 number";
  }
  return made;
}

float dot(const Values& a, const Values& b, bool fast) {
  float result = -1;
  fp8_product_plain(codes(a, 1), codes(b, 1), &result, fast);
  return result;
}

TEST(E4m3, RoundsAsTorchDoesOverAllFloats) {
  std::ifstream file(SAMESEED_SOURCE_DIR "/tests/goldens/e4m3.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const std::vector<std::uint32_t> first = golden.at("first_of_code");
  ASSERT_EQ(first.size(), 127u);
  for (std::uint32_t code = 0; code < 127; ++code) {
    EXPECT_EQ(from_e4m3(static_cast<std::uint8_t>(code)), golden.at("values").at(code)) << code;
    const std::uint32_t end = code < 126 ? first[code + 1] : 0x7f800001u;  // behind infinity
    for (const std::uint32_t bits : {first[code], end - 1}) {
      EXPECT_EQ(to_e4m3(std::bit_cast<float>(bits)), code) << bits;
      EXPECT_EQ(to_e4m3(std::bit_cast<float>(bits | 0x80000000u)), code | 0x80u) << bits;
    }
  }
  EXPECT_EQ(to_e4m3(NAN), 0x7f);
  EXPECT_EQ(to_e4m3(-NAN), 0x7f);
  EXPECT_TRUE(std::isnan(from_e4m3(0xff)));
}

TEST(E4m3, ScalesByTheLargestOfARowOrOfAll) {
  const Values x = {1.0f, -3.5f, 0.0f, 100.0f, 7.0f, -56.0f, 0.0f, 0.0f, 0.0f};
  const Fp8Matrix rows = quantise_e4m3(x.data(), 3, 3, ScaleOf::kRow);
  EXPECT_EQ(rows.scales, (Values{3.5f / 448, 100.0f / 448, 1.0f}));
  EXPECT_EQ(from_e4m3(rows.codes[1]), -448.0f);
  EXPECT_EQ(from_e4m3(rows.codes[3]), 448.0f);
  EXPECT_EQ(from_e4m3(rows.codes[4]), 32.0f);  // 31.36, between 30 and 32
  const Fp8Matrix all = quantise_e4m3(x.data(), 3, 3, ScaleOf::kTensor);
  EXPECT_EQ(all.scales, Values(3, 100.0f / 448));
  EXPECT_EQ(from_e4m3(all.codes[0]), 4.5f);  // 4.48
}

TEST(Fp8Product, KeepsThirteenFractionBitsOfTheLargestTerm) {
  Values a(32, 0.0f), b(32, 1.0f);
  a[0] = 256.0f;
  a[1] = 0x1p-5f;  // the 13th bit behind 256's
  EXPECT_EQ(dot(a, b, true), 256.0f + 0x1p-5f);
  a[1] = 0x1p-6f;  // the 14th is cut off
  EXPECT_EQ(dot(a, b, true), 256.0f);
  a[1] = -0x1p-6f;  // towards zero, term by term
  EXPECT_EQ(dot(a, b, true), 256.0f);
  a[2] = a[1];  // none is rounded, and none helps another
  EXPECT_EQ(dot(a, b, true), 256.0f);
}

TEST(Fp8Product, TakesTheExponentsOfTheFactorsForThatOfAProduct) {
  // 1.5 * 1.5 = 2.25 lies in [1, 4): its exponent is 0, so 2^-13 stays.
  Values a(32, 0.0f), b(32, 0.0f);
  a[0] = b[0] = 1.5f;
  a[1] = b[1] = 0x1p-6f;
  a[2] = 0x1p-6f;
  b[2] = 0x1p-7f;
  EXPECT_EQ(dot(a, b, true), 2.25f + 0x1p-12f);  // then 13 bits behind 2: 2^-12 stays, 2^-13 goes
}

TEST(Fp8Product, FastSumsLoseWhatExactOnesPutIntoFloat) {
  // 256 in the first 128 products, then 2^-6 in each further block.
  Values a(512, 0.0f), b(512, 1.0f);
  a[0] = 256.0f;
  for (std::size_t i = 128; i < a.size(); i += 32) a[i] = 0x1p-6f;
  EXPECT_EQ(dot(a, b, true), 256.0f);
  EXPECT_EQ(dot(a, b, false), 256.0f + 12 * 0x1p-6f);
}

TEST(Fp8Product, VectorsGiveTheModelsBits) {
  const std::int64_t shapes[][3] = {
      {1, 1, 1}, {7, 65, 17}, {5, 9, 300}, {70, 16, 640}, {3, 8, 128}};
  unsigned seed = 1;
  for (const auto& [m, n, k] : shapes)
    for (const bool fast : {false, true})
      for (const ScaleOf scale : {ScaleOf::kRow, ScaleOf::kTensor}) {
        Values x = normal(m * k, 1.0f, seed++);
        const Values w = normal(n * k, 0.1f, seed++);
        for (std::size_t i = 0; i < x.size(); i += 5) x[i] *= 0x1p-9f;  // subnormals and zeros too
        if (m > 6) x[static_cast<std::size_t>(2 * k)] = NAN;
        if (m > 6) x[static_cast<std::size_t>(4 * k)] = kInfinity;
        const Fp8Matrix a = quantise_e4m3(x.data(), m, k, scale);
        const Fp8Matrix b = quantise_e4m3(w.data(), n, k, scale);
        Values plain(static_cast<std::size_t>(m * n)), quick(plain);
        fp8_product_plain(a, b, plain.data(), fast);
        for (const int threads : {1, 3}) {
          fp8_product(a, Fp8Panels(b), quick.data(), fast, threads);
          for (std::size_t i = 0; i < plain.size(); ++i)
            ASSERT_TRUE(plain[i] == quick[i] || (std::isnan(plain[i]) && std::isnan(quick[i])))
                << plain[i] << " and " << quick[i] << " at " << i << " of " << m << "x" << n << "x"
                << k;
        }
        if (m > 6) {
          EXPECT_TRUE(std::isnan(quick[static_cast<std::size_t>(2 * n)]));
          EXPECT_TRUE(std::isnan(quick[static_cast<std::size_t>(4 * n)]));
        }
      }
}

// Relative RMS error of a product in E4M3: against the exact product of the same E4M3 values, and
// against the values that were quantised.
struct Loss {
  double sums = 0, all = 0;
};
Loss loss(std::int64_t k, bool fast, ScaleOf scale) {
  constexpr std::int64_t kRows = 48, kColumns = 64;
  const Values x = normal(kRows * k, 1.0f, static_cast<unsigned>(k)),
               w = normal(kColumns * k, 1.0f / std::sqrt(static_cast<float>(k)), 7);
  const Fp8Matrix a = quantise_e4m3(x.data(), kRows, k, scale);
  const Fp8Matrix b = quantise_e4m3(w.data(), kColumns, k, scale);
  Values c(kRows * kColumns);
  fp8_product(a, Fp8Panels(b), c.data(), fast, 2);
  double wrong[2] = {}, power[2] = {};
  std::vector<double> da(x.size()), db(w.size());
  for (std::int64_t i = 0; i < kRows * k; ++i)
    da[static_cast<std::size_t>(i)] = a.value(i / k, i % k);
  for (std::int64_t i = 0; i < kColumns * k; ++i)
    db[static_cast<std::size_t>(i)] = b.value(i / k, i % k);
  for (std::int64_t i = 0; i < kRows; ++i)
    for (std::int64_t j = 0; j < kColumns; ++j) {
      double exact[2] = {};
      for (std::int64_t at = 0; at < k; ++at) {
        const auto p = static_cast<std::size_t>(i * k + at),
                   q = static_cast<std::size_t>(j * k + at);
        exact[0] += da[p] * db[q];
        exact[1] += static_cast<double>(x[p]) * static_cast<double>(w[q]);
      }
      const double got = c[static_cast<std::size_t>(i * kColumns + j)];
      for (int against = 0; against < 2; ++against) {
        wrong[against] += (got - exact[against]) * (got - exact[against]);
        power[against] += exact[against] * exact[against];
      }
    }
  return {std::sqrt(wrong[0] / power[0]), std::sqrt(wrong[1] / power[1])};
}

TEST(Fp8Product, HasTheErrorsThatAnH100Has) {
  // Measured on an H100 with cuBLASLt 13.1, a scale a tensor, normal values.
  const struct {
    std::int64_t depth;
    double fast;
  } rows[] = {{640, 3.97e-4}, {1280, 6.28e-4}, {2560, 9.86e-4}, {5120, 1.52e-3}};
  constexpr double kExact = 1.28e-4, kQuantising = 3.75e-2;
  for (const auto& [depth, expected] : rows)
    for (const ScaleOf scale : {ScaleOf::kTensor, ScaleOf::kRow}) {
      if (scale == ScaleOf::kRow && depth != 1280) continue;
      const Loss fast = loss(depth, true, scale), exact = loss(depth, false, scale);
      std::printf("depth %5ld: fast %.3g, exact %.3g, of quantising %.3g\n", long{depth}, fast.sums,
                  exact.sums, exact.all);
      EXPECT_NEAR(fast.sums / expected, 1, 0.08) << depth;
      EXPECT_NEAR(exact.sums / kExact, 1, 0.08) << depth;
      EXPECT_NEAR(exact.all / kQuantising, 1, 0.04) << depth;
      EXPECT_NEAR(fast.all / kQuantising, 1, 0.04) << depth;
    }
}

}  // namespace
}  // namespace sameseed
