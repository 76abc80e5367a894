// The files that scripted workers write.
#pragma once

#include <cstddef>
#include <string>

namespace sameseed::simulation {

// A picture of one colour, of few that `number` chooses from.
std::string png(int width, int height, std::size_t number);

// The file of one tensor of this name, and of another where `second` names one.
std::string tensors(const std::string& first, const std::string& second = "");

void write(const std::string& file, const std::string& bytes);

}  // namespace sameseed::simulation
