// Tensors to and from safetensors files, and their hashes.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "io/safetensors.h"

namespace sameseed {

// Nothing for a type that no tensor here has.
std::optional<at::ScalarType> scalar_type_of(DType type);

using NamedTensors = std::map<std::string, at::Tensor>;

void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata = {});

// One tensor of a file, copied. Throws UserError where the file or the tensor is not there.
at::Tensor load_tensor(const std::filesystem::path& path, const std::string& name);

std::string sha256_of(const at::Tensor& tensor);  // over its row-major bytes

// A precision as the axes load.precision and load.vae_precision have it: "fp64", "fp32", "fp16" or
// "bf16". The first throws UserError for anything else, naming `field`; the second
// std::logic_error for another type.
at::ScalarType scalar_type_of(const std::string& precision, const std::string& field);
std::string precision_of(at::ScalarType type);

}  // namespace sameseed
