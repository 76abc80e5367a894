// The memory of programs that score many pictures of one size.
#pragma once

namespace sameseed {

// Lets malloc keep what is freed, up to the planes of a 1024 x 1024 picture, instead of giving it
// back to the system: metrics ask for the same planes pair after pair, and a fresh page costs more
// than the arithmetic on it. Call once, at the start of a program.
void keep_freed_memory();

}  // namespace sameseed
