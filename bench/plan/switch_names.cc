#include "bench/plan/switch_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

#include "io/json_schema.h"
#include "io/nearest.h"
#include "pipeline/env_flags.h"

namespace sameseed {
namespace {

constexpr std::size_t kFewEdits = 3;

// What the engines read and prove, here and in bench/engines/, and what the libraries below them
// read.
const std::vector<std::string> kKnown = {kConvHalf,
                                         kMatmulHalf,
                                         kAttentionHalf,
                                         kCudnnV8Disabled,
                                         "CUBLAS_WORKSPACE_CONFIG",
                                         "CUDA_LAUNCH_BLOCKING",
                                         "CUDA_MODULE_LOADING",
                                         "CUDA_VISIBLE_DEVICES",
                                         "LD_LIBRARY_PATH",
                                         "MKL_NUM_THREADS",
                                         "NVIDIA_TF32_OVERRIDE",
                                         "OMP_NUM_THREADS",
                                         "PYTORCH_CUDA_ALLOC_CONF"};

// How a switch reads its value.
enum class Reads {
  kWords,    // Oneflow-Inc/oneflow:oneflow/core/common/util.cpp; what is no "on" is off
  kZeroOne,  // pytorch/pytorch:c10/util/env.h; what is neither is passed over
  kCount,    // of threads; what is none is passed over
  kText
};

Reads reads(const std::string& variable) {
  if (variable == kConvHalf || variable == kMatmulHalf || variable == kAttentionHalf)
    return Reads::kWords;
  if (variable == kCudnnV8Disabled || variable == "CUDA_LAUNCH_BLOCKING" ||
      variable == "NVIDIA_TF32_OVERRIDE")
    return Reads::kZeroOne;
  if (variable == "MKL_NUM_THREADS" || variable == "OMP_NUM_THREADS") return Reads::kCount;
  return Reads::kText;
}

std::string in_small_letters(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool is_word_for_off(const std::string& value) {
  const std::string word = in_small_letters(value);
  return word == "0" || word == "false" || word == "no" || word == "off" || word == "n";
}

bool is_count(const std::string& value) {
  return !value.empty() && value.size() <= 6 && value.front() != '0' &&
         std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string in_capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

}  // namespace

std::string refusal_of_switch(const std::string& variable) {
  if (std::ranges::find(kKnown, variable) != kKnown.end()) return "";
  const std::string name = in_capitals(variable), near = nearest(name, kKnown);
  if (edit_distance(name, near) <= kFewEdits)
    return fmt::format("there is no such switch; did you mean \"{}\"?", near);
  if (name.starts_with("ONEFLOW_") || name.starts_with("TORCH_"))
    return fmt::format("no engine is known to read it; the nearest that one reads is \"{}\"", near);
  return "";
}

std::string refusal_of_switch_value(const std::string& variable, const std::string& value) {
  const std::string quoted = excerpt(nlohmann::json(value));
  switch (reads(variable)) {
    case Reads::kWords:
      if (is_true(value.c_str()) || is_word_for_off(value)) return "";
      return fmt::format(
          "{} is neither on nor off, and would be read as off in silence; write \"1\" or \"0\"",
          quoted);
    case Reads::kZeroOne:
      if (value == "0" || value == "1") return "";
      return fmt::format(
          "{} is neither \"0\" nor \"1\", and nothing else is read; write one of them", quoted);
    case Reads::kCount:
      if (is_count(value)) return "";
      return fmt::format("{} is no number of threads; write \"1\" or more", quoted);
    case Reads::kText:
      return "";
  }
  return "";
}

std::string meaning_of_switch_value(const std::string& variable, const std::string& value) {
  if (reads(variable) != Reads::kWords) return value;
  return is_true(value.c_str()) ? "on" : is_word_for_off(value) ? "off" : value;
}

std::vector<std::string> unnamed_accumulations(const std::set<std::string>& named) {
  std::vector<std::string> unnamed;
  for (const char* variable : {kConvHalf, kMatmulHalf, kAttentionHalf})
    if (!named.contains(variable)) unnamed.emplace_back(variable);
  return unnamed.size() == 3 ? std::vector<std::string>() : unnamed;
}

}  // namespace sameseed
