// Which LibTorch a process has loaded; no LibTorch here.
#pragma once

#include <string>
#include <string_view>

namespace sameseed {

// The version in what LibTorch says of itself, at::show_config() ("... TORCH_VERSION=2.11.0, ..."):
// the loaded library's own, where the macro TORCH_VERSION is that of the headers. Empty where there
// is none.
inline std::string libtorch_version_in(std::string_view description) {
  constexpr std::string_view kName = " TORCH_VERSION=";
  const std::size_t at = description.find(kName);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = description.substr(at + kName.size());
  return std::string(rest.substr(0, rest.find_first_of(", \n")));
}

}  // namespace sameseed
