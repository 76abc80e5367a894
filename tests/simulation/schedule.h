// One schedule: a plan, and starts of its run until all is made, told by a seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/simulation/scripted_machine.h"

namespace sameseed::simulation {

// Plans that schedules choose from, of a model in `folder`, which they make.
std::vector<nlohmann::json> make_plans(const std::filesystem::path& folder);

struct Tried {
  std::vector<std::string> wrong, trace;
};

// `folder` as above. With `traced` the trace says what happened when.
Tried try_schedule(std::uint64_t seed, const std::vector<nlohmann::json>& plans,
                   const std::filesystem::path& folder, Histogram& histogram, bool traced);

}  // namespace sameseed::simulation
