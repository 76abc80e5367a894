// The timesteps of samplers for distilled models, LCM's and TCD's: every so many of those that the
// model was distilled with.
#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/model/config_fields.h"
#include "pipeline/schedulers/scheduler.h"

namespace sameseed {

// original_inference_steps: how many timesteps the model was distilled with, of `training`.
std::int64_t read_original_steps(ConfigFields& fields, std::int64_t training);

// Descending, below `training`. Throws UserError for more steps than `original`, and for lists of
// timesteps that do not descend or do not lie between 0 and training - 1.
std::vector<std::int64_t> distilled_timesteps(const StepsAsked& asked, std::int64_t original,
                                              std::int64_t training);

}  // namespace sameseed
