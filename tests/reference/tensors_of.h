// All tensors of a file, for tests that write it anew.
#pragma once

#include <filesystem>

#include "io/safetensors.h"
#include "pipeline/model/tensor_files.h"

namespace sameseed {

inline NamedTensors tensors_of(const std::filesystem::path& file) {
  const SafetensorsFile opened = SafetensorsFile::open(file);
  NamedTensors all;
  for (const auto& [name, view] : opened.tensors()) all[name] = load_tensor(file, name);
  return all;
}

}  // namespace sameseed
