#include "pipeline/cpu/fp8_tile.h"

namespace sameseed {
namespace {
struct Avx2;
}

void fp8_tile_avx2(const Fp8Tile& tile) { run_fp8_tile<Avx2>(tile); }

}  // namespace sameseed
