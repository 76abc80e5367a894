#include "reports/run/labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "reports/run/lora_names.h"

namespace sameseed {
namespace {

// "candidate.env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION" -> "conv half"
std::string short_name(const std::string& axis) {
  std::string name = kind_and_name(without_arm(axis)).second;
  if (name == "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION") name = "conv half";
  if (name == "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION") name = "matmul half";
  if (name == "ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION") name = "attention half";
  return axis.starts_with("reference.") ? "reference " + name : name;
}

}  // namespace

std::string value_label(const std::string& axis, const AxisValue& value) {
  if (value.is_null()) return axis.find(".env.") != std::string::npos ? "unset" : "off";
  if (axis.ends_with("load.lora")) return lora_label(value);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string setting_label(const Setting& setting) {
  std::string text;
  for (const auto& [axis, value] : setting)
    text += (text.empty() ? "" : ", ") + short_name(axis) + " " + value_label(axis, value);
  return text.empty() ? "plain" : text;
}

const std::vector<Column>& table_columns() {
  static const std::vector<Column> columns = {{"psnr.rgb", "PSNR dB", "{:.2f}"},
                                              {"ssim.gaussian", "SSIM", "{:.4f}"},
                                              {"lpips.alex", "LPIPS", "{:.4f}"},
                                              {"latents.relative_l2", "latents", "{:.1e}"}};
  return columns;
}

std::string number_text(const std::optional<double>& value, const char* format) {
  if (!value) return "-";
  if (std::isnan(*value)) return "nan";
  if (std::isinf(*value)) return *value > 0 ? "+inf" : "-inf";
  return fmt::format(fmt::runtime(format), *value);
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  // The second half of the control codes, U+0080 to U+009F, of which one begins escapes as well.
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0)
      text[i] = text[i + 1] = ' ';
  return text;
}

std::string listed(const std::vector<std::string>& names, std::size_t most, const char* separator) {
  const std::size_t shown = std::min(most, names.size());
  std::string text = fmt::format(
      "{}",
      fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), separator));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

std::string quoted(const std::string& word) {
  const bool plain = word.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                         "/._-+=:,@%") == std::string::npos;
  if (plain && !word.empty()) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

}  // namespace sameseed
