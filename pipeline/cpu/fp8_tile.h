// One tile of the FP8 product over vectors of 8 columns. Compiled once for each instruction set:
// the compiler's vector types give the same bits with all of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace sameseed {

constexpr int kFp8Block = 32;            // products that are added to a sum at once
constexpr int kFp8Promotion = 128;       // products between two additions to the float32 sum
constexpr int kFp8Fraction = 13;         // bits behind the point that the hardware keeps
constexpr int kFp8LeastExponent = -12;   // of a product that is not zero
constexpr int kFp8ExponentOfZero = -64;  // below that of any product

// Rows of c against one panel of b; a zero's exponent is kFp8ExponentOfZero.
struct Fp8Tile {
  const float* a;                   // [rows, k]
  const std::int32_t* a_exponents;  // [rows, k]
  const float* b;                   // [k, 8]
  const std::int32_t* b_exponents;  // [k, 8]
  float* sums;                      // [rows, 8]
  std::int64_t k, rows;
  bool fast;
};

void fp8_tile_avx2(const Fp8Tile& tile);
void fp8_tile_any(const Fp8Tile& tile);

// `Tag`: a type of the including file's own, so that each has a function of its own.
template <typename Tag, int kRows>
void run_fp8_rows(const Fp8Tile& t, std::int64_t first) {
  using Floats = float __attribute__((vector_size(32)));
  using Ints = std::int32_t __attribute__((vector_size(32)));
  Floats sum[kRows] = {}, chain[kRows] = {};
  for (std::int64_t k = 0; k < t.k; k += kFp8Block) {
    const std::int64_t end = std::min(t.k, k + kFp8Block);
    Ints top[kRows], total[kRows];
    Floats to_integers[kRows];
    for (int r = 0; r < kRows; ++r) {
      Ints bits;
      std::memcpy(&bits, &chain[r], sizeof bits);
      const Ints exponent = ((bits >> 23) & 0xff) - 127, least = Ints{} + kFp8LeastExponent;
      top[r] = exponent > least ? exponent : least;
    }
    for (std::int64_t at = k; at < end; ++at) {
      Ints b;
      std::memcpy(&b, t.b_exponents + at * 8, sizeof b);
      for (int r = 0; r < kRows; ++r) {
        const Ints exponent = b + t.a_exponents[(first + r) * t.k + at];
        top[r] = exponent > top[r] ? exponent : top[r];
      }
    }
    for (int r = 0; r < kRows; ++r) {
      const Ints bits = (127 + kFp8Fraction - top[r]) << 23;
      std::memcpy(&to_integers[r], &bits, sizeof bits);
      total[r] = __builtin_convertvector(chain[r] * to_integers[r], Ints);
    }
    for (std::int64_t at = k; at < end; ++at) {
      Floats b;
      std::memcpy(&b, t.b + at * 8, sizeof b);
      for (int r = 0; r < kRows; ++r)
        total[r] += __builtin_convertvector(b * t.a[(first + r) * t.k + at] * to_integers[r], Ints);
    }
    const bool promote = !t.fast && end % kFp8Promotion == 0;
    for (int r = 0; r < kRows; ++r) {
      Ints bits = (127 - kFp8Fraction + top[r]) << 23;
      Floats back;
      std::memcpy(&back, &bits, sizeof bits);
      const Floats whole = __builtin_convertvector(total[r], Floats) * back;
      std::memcpy(&bits, &whole, sizeof bits);
      bits &= ~((1 << (23 - kFp8Fraction)) - 1);
      std::memcpy(&chain[r], &bits, sizeof bits);
      if (!promote) continue;
      sum[r] += chain[r];
      chain[r] = Floats{};
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const Floats all = sum[r] + chain[r];
    std::memcpy(t.sums + (first + r) * 8, &all, sizeof all);
  }
}

template <typename Tag>
void run_fp8_tile(const Fp8Tile& t) {
  std::int64_t row = 0;
  for (; row + 4 <= t.rows; row += 4) run_fp8_rows<Tag, 4>(t, row);
  for (; row < t.rows; ++row) run_fp8_rows<Tag, 1>(t, row);
}

}  // namespace sameseed
