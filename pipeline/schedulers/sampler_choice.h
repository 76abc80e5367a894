// Which sampler a load asks for, by its file and its class, and which lists of steps that class
// takes. No LibTorch here, so that a plan can ask.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sameseed {

// The class names that read_scheduler() knows.
std::vector<std::string> scheduler_classes();

// Why diffusers' class of this name cannot have such a list in the place of a number of steps, or
// nothing. Of a class that is not known nothing is said.
std::string refusal_of_own_steps(const std::string& scheduler, bool timesteps, bool sigmas);

// The class that a model's sampler is of, `other` as in LoadOptions::scheduler; empty where no file
// says it.
std::string scheduler_class_of(const std::filesystem::path& model, const std::string& other);

// Throws UserError, as read_model_scheduler() would, where a model's sampler has no file or is of a
// class that is not known. The fields of the file are not read.
void check_sampler(const std::filesystem::path& model, const std::string& other);

}  // namespace sameseed
