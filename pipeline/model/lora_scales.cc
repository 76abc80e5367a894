#include "pipeline/model/lora_scales.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "io/error.h"
#include "io/json_schema.h"

namespace sameseed {
namespace {

using nlohmann::json;

// What PEFT's LoraConfig can ask for beside the plain product, where it is not null or false.
constexpr const char* kVariants[] = {"use_dora",         "lora_bias",   "use_bdlora",
                                     "use_qalora",       "mica",        "alora_invocation_tokens",
                                     "arrow_config",     "kasa_config", "velora_config",
                                     "monteclora_config"};

bool keeps_alpha(const LoraLayer& layer) {
  const std::string& module = layer.module;
  if (layer.component == "text_encoder") return false;
  if (layer.component == "text_encoder_2")
    return module.ends_with(".mlp.fc1") || module.ends_with(".mlp.fc2");
  for (const char* end : {".to_q", ".to_k", ".to_v", ".to_out.0"})
    if (module.ends_with(end)) return false;
  return true;
}

// PEFT takes a key as a regular expression for a name or its end behind a dot. Keys as PEFT and
// diffusers write them are names, with a ^ where the whole is meant.
bool matches(const std::string& key, const std::string& module, const std::string& where) {
  const bool whole = key.starts_with('^');
  const std::string name = key.substr(whole ? 1 : 0);
  const bool plain = std::ranges::all_of(
      name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.'; });
  if (!plain)
    throw UserError(
        fmt::format("{}: {} is no plain name of a layer; write layers out by their names there",
                    where, excerpt(key)));
  return module == name || (!whole && module.ends_with("." + name));
}

double number_of(const json& value, const std::string& where) {
  if (value.is_number() && std::isfinite(value.get<double>())) return value.get<double>();
  throw UserError(fmt::format("{}: must be a number, not {}", where, excerpt(value)));
}

// FIELD, or what PATTERN says of this module.
double by_pattern(const json& config, const char* field, const char* pattern,
                  const std::string& module, const std::string& where) {
  const json patterns = config.value(pattern, json());
  if (!patterns.is_null() && !patterns.is_object())
    throw UserError(
        fmt::format("{}: {}: must be an object, not {}", where, pattern, excerpt(patterns)));
  for (const auto& [key, value] : patterns.items())
    if (const std::string place = where + ": " + pattern; matches(key, module, place))
      return number_of(value, place + "." + printable(key));
  return number_of(config.value(field, json(8)), where + ": " + field);  // PEFT's default
}

}  // namespace

double LoraAlpha::scaling(double asked, std::int64_t rank) const {
  const auto divisor = static_cast<double>(rank);
  return asked * alpha / (by_root ? std::sqrt(divisor) : divisor);
}

std::vector<LoraAlpha> alphas_of_file(const std::vector<RankedLayer>& layers,
                                      const std::string& file, std::vector<std::string>& warnings) {
  std::map<double, std::size_t> counts;
  for (const RankedLayer& one : layers)
    if (one.alpha) ++counts[*one.alpha];
  std::vector<LoraAlpha> result;
  if (counts.empty()) {
    for (const RankedLayer& one : layers) result.push_back({static_cast<double>(one.rank)});
    return result;
  }
  const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [common, most] = *std::ranges::max_element(counts, by_count);
  const bool tie =
      std::ranges::count(counts, most, &std::pair<const double, std::size_t>::second) > 1;
  const RankedLayer* first = nullptr;
  std::size_t passed_over = 0;
  for (const RankedLayer& one : layers) {
    const bool own = one.alpha && keeps_alpha(*one.layer);
    if (!own && tie)
      throw UserError(
          fmt::format("{}: {}: diffusers gives this layer the commonest alpha of {}, and two are "
                      "equally common; "
                      "scale the layers so that all have one alpha",
                      file, one.key, one.layer->component));
    result.push_back({own ? *one.alpha : common});
    if (own || !one.alpha || *one.alpha == common) continue;
    ++passed_over;
    if (!first) first = &one;
  }
  if (first)
    warnings.push_back(
        fmt::format("{}: diffusers gives {} of the layers of {} the commonest alpha, {}, and not "
                    "their own; the "
                    "first is {} with {}",
                    file, passed_over, first->layer->component, common, first->key, *first->alpha));
  return result;
}

std::vector<LoraAlpha> alphas_of_config(const std::vector<RankedLayer>& layers, const json& config,
                                        const std::string& where) {
  if (!config.is_object()) throw UserError(where + ": must be an object");
  if (const json type = config.value("peft_type", json("LORA")); type != "LORA")
    throw UserError(
        fmt::format("{}: peft_type = {}: only LORA is fused here; merge it into the "
                    "model with PEFT and name that folder with --model",
                    where, excerpt(type)));
  for (const char* name : kVariants)
    if (const json value = config.value(name, json()); !value.is_null() && value != false)
      throw UserError(
          fmt::format("{}: {} = {}: only plain LoRA is fused here; merge it into the "
                      "model with PEFT and name that folder with --model",
                      where, name, excerpt(value)));
  std::vector<LoraAlpha> result;
  for (const RankedLayer& one : layers) {
    const std::string& module = one.layer->module;
    if (const double rank = by_pattern(config, "r", "rank_pattern", module, where);
        rank != static_cast<double>(one.rank))
      throw UserError(fmt::format(
          "{}: says rank {} of {}, and {} has {}; take the config that was saved with this file",
          where, rank, module, one.key, one.rank));
    result.push_back({by_pattern(config, "lora_alpha", "alpha_pattern", module, where),
                      config.value("use_rslora", json()) == true});
  }
  return result;
}

}  // namespace sameseed
