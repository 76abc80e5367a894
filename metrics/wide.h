// For inner loops over rows: the processor's wider unit where it has one; without fused
// multiply-adds, so that bits stay equal from machine to machine.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define SAMESEED_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define SAMESEED_WIDE
#endif
