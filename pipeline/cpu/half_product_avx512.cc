#include <immintrin.h>

#include "pipeline/cpu/half_tile.h"

namespace sameseed {
namespace {

struct Avx512 {
  using Register = __m512;
  static constexpr int kLanes = 16;
  static Register zero() { return _mm512_setzero_ps(); }
  static Register load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Register r) { _mm512_storeu_ps(p, r); }
  static Register broadcast(float x) { return _mm512_set1_ps(x); }
  static Register fma(Register a, Register b, Register c) { return _mm512_fmadd_ps(a, b, c); }
  static Register round_to_half(Register r) {
    return _mm512_cvtph_ps(_mm512_cvtps_ph(r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
};

}  // namespace

void half_tile_avx512(const Tile& tile, std::int64_t width) { run_tile<Avx512, 8, 3>(tile, width); }

}  // namespace sameseed
