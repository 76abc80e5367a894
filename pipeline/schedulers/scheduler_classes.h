// The samplers, one file each: how each reads its scheduler_config.json. Each is diffusers' class
// of that name (huggingface/diffusers 0.42.1, src/diffusers/schedulers/), operand order included: a
// scalar on the left of a 16-bit tensor is rounded to 16 bits first on a CPU, one on its right is
// not.
#pragma once

#include "pipeline/model/config_fields.h"
#include "pipeline/schedulers/scheduler.h"

namespace sameseed {

// Each marks the fields that it reads and complains of values that it cannot take.
MakeScheduler read_euler(ConfigFields& fields);            // EulerDiscreteScheduler
MakeScheduler read_euler_ancestral(ConfigFields& fields);  // EulerAncestralDiscreteScheduler
MakeScheduler read_dpm_solver(ConfigFields& fields);       // DPMSolverMultistepScheduler
MakeScheduler read_edm_euler(ConfigFields& fields);        // EDMEulerScheduler
MakeScheduler read_edm_dpm_solver(ConfigFields& fields);   // EDMDPMSolverMultistepScheduler
MakeScheduler read_ddim(ConfigFields& fields);             // DDIMScheduler
MakeScheduler read_lcm(ConfigFields& fields);              // LCMScheduler
MakeScheduler read_tcd(ConfigFields& fields);              // TCDScheduler
MakeScheduler read_heun(ConfigFields& fields);             // HeunDiscreteScheduler
MakeScheduler read_unipc(ConfigFields& fields);            // UniPCMultistepScheduler

}  // namespace sameseed
