#include "bench/seeded_model/seeded_values.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace sameseed {
namespace {

double value_of(std::uint16_t half) {
  const int exponent = (half >> 10) & 31, fraction = half & 1023;
  const double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                           : exponent == 31 ? (fraction ? NAN : INFINITY)
                                            : std::ldexp(1024 + fraction, exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

TEST(HalfBits, GiveEveryHalfBackAndRoundTiesToEven) {
  for (unsigned half = 0; half < 0x10000; ++half) {
    const double value = value_of(static_cast<std::uint16_t>(half));
    if (std::isnan(value)) continue;
    ASSERT_EQ(half_bits(static_cast<float>(value)), half);
  }
  EXPECT_EQ(half_bits(2049), 0x6800);                     // between 2048 and 2050
  EXPECT_EQ(half_bits(2051), 0x6802);                     // between 2050 and 2052
  EXPECT_EQ(half_bits(std::ldexp(1.f, -25)), 0x0000);     // half the smallest
  EXPECT_EQ(half_bits(std::ldexp(1.001f, -25)), 0x0001);  // a little more
  EXPECT_EQ(half_bits(-std::ldexp(3.f, -25)), 0x8002);    // between 1 and 2 of the smallest
  EXPECT_EQ(half_bits(65519), 0x7bff);
  EXPECT_EQ(half_bits(65520), 0x7c00);
  EXPECT_TRUE(std::isnan(value_of(half_bits(std::numeric_limits<float>::quiet_NaN()))));
}

TEST(SeededValues, AreNormal) {
  constexpr std::size_t kCount = 1 << 20;
  std::vector<std::uint16_t> bits(kCount);
  fill(normal_quantiles(0.5, 2), stream_key(1, "a"), 0, bits);
  std::array<double, 5> moments = {};  // of the standardised values
  double neighbours = 0, before = 0;
  for (const std::uint16_t half : bits) {
    const double z = (value_of(half) - 0.5) / 2;
    for (std::size_t i = 0; i < moments.size(); ++i)
      moments[i] += std::pow(z, i) / static_cast<double>(kCount);
    neighbours += before * z / static_cast<double>(kCount);
    before = z;
  }
  // Five standard errors of a million values: 0.001 for the mean, sqrt(15) and sqrt(96) times that
  // for the third and fourth moments.
  EXPECT_NEAR(moments[1], 0, 0.005);
  EXPECT_NEAR(moments[2], 1, 0.007);
  EXPECT_NEAR(moments[3], 0, 0.02);
  EXPECT_NEAR(moments[4], 3, 0.05);
  EXPECT_NEAR(neighbours, 0, 0.005);
}

TEST(SeededValues, DependOnTheirPlaceAlone) {
  const HalfQuantiles quantiles = normal_quantiles(0, 1);
  const std::uint64_t key = stream_key(7, "unet/conv_in.weight");
  std::vector<std::uint16_t> whole(23), parts(23);
  fill(quantiles, key, 0, whole);
  const std::span<std::uint16_t> all = parts;
  fill(quantiles, key, 16, all.subspan(16));
  fill(quantiles, key, 4, all.subspan(4, 12));
  fill(quantiles, key, 0, all.first(4));
  EXPECT_EQ(parts, whole);
}

TEST(SeededValues, DifferWithSeedAndName) {
  EXPECT_EQ(stream_key(1, "a"), stream_key(1, "a"));
  EXPECT_NE(stream_key(1, "a"), stream_key(2, "a"));
  EXPECT_NE(stream_key(1, "a"), stream_key(1, "b"));
}

}  // namespace
}  // namespace sameseed
