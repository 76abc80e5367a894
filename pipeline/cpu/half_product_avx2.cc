#include <immintrin.h>

#include "pipeline/cpu/half_tile.h"

namespace sameseed {
namespace {

struct Avx2 {
  using Register = __m256;
  static constexpr int kLanes = 8;
  static Register zero() { return _mm256_setzero_ps(); }
  static Register load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Register r) { _mm256_storeu_ps(p, r); }
  static Register broadcast(float x) { return _mm256_set1_ps(x); }
  static Register fma(Register a, Register b, Register c) { return _mm256_fmadd_ps(a, b, c); }
  static Register round_to_half(Register r) {
    return _mm256_cvtph_ps(_mm256_cvtps_ph(r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
};

}  // namespace

void half_tile_avx2(const Tile& tile, std::int64_t width) { run_tile<Avx2, 4, 3>(tile, width); }

}  // namespace sameseed
