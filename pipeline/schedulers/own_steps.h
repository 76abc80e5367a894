// Which samplers there are, and which take timesteps or sigmas of a request's own. No LibTorch
// here, so that a plan can ask.
#pragma once

#include <filesystem>
#include <string>

namespace sameseed {

// Why diffusers' class of this name cannot have such a list in the place of a number of steps, or
// nothing. Of a class that is not known nothing is said.
std::string refusal_of_own_steps(const std::string& scheduler, bool timesteps, bool sigmas);

// The class that a model's sampler is of, `other` as in LoadOptions::scheduler; empty where no file
// says it.
std::string scheduler_class_of(const std::filesystem::path& model, const std::string& other);

// Throws UserError where that names no sampler that is supported, or no file, as the load would.
// Nothing is said of the file's other fields.
void check_scheduler_class(const std::filesystem::path& model, const std::string& other);

}  // namespace sameseed
