// LoRAs among load options, in words and without the folders in which they lie.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sameseed {

// Leaves of each path in load.lora its last name: where the files lie means nothing, and what they
// hold stands in the cohort.
void name_loras(nlohmann::json& load);

// "styles/ink.safetensors at 0.8 + lcm": a value of the axis load.lora, as it was written.
std::string lora_label(const nlohmann::json& value);

}  // namespace sameseed
