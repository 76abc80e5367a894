#include "metrics/memory.h"

#include <cstdlib>  // which defines __GLIBC__

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace sameseed {

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr int kPlanes = 32 << 20;  // the largest threshold that glibc takes
  mallopt(M_MMAP_THRESHOLD, kPlanes);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_TOP_PAD, kPlanes);
#endif
}

}  // namespace sameseed
