// A random SDXL for what needs real sizes and no trained weights: loading, memory, speed. Scaled so
// that activations stay finite in half precision and pictures are not of one colour.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace sameseed {

struct SeededModel {
  std::filesystem::path description;  // the model's config.json files, in diffusers' layout
  std::filesystem::path tokenizers;   // the model whose tokenizers it gets
  std::uint64_t seed = 0;
  std::string variant;  // "fp16": the weights' names become *.fp16.safetensors; empty: plain
};

// Told now and then, by the thread that called, how many bytes are written; an exception from it
// ends the work.
using WrittenBytes = std::function<void(std::uint64_t done, std::uint64_t all)>;

// Writes `out`, whole or not at all, with 1 MB of memory a thread. Equal seeds give equal bytes,
// whatever the number of threads. Throws UserError where `out` exists, where the disk is too small,
// and where it cannot be written.
void write_seeded_model(const SeededModel& model, const std::filesystem::path& out,
                        unsigned threads, const WrittenBytes& written);

}  // namespace sameseed
