// The one list of engines that `sameseed-worker` can be.
#pragma once

#include <memory>
#include <string>

#include "pipeline/engine.h"

namespace sameseed {

// Throws UserError that lists the names.
std::unique_ptr<Engine> make_engine(const std::string& name);

// Whether these engines' device still takes work: after some errors of a GPU (an illegal access, an
// assertion) every later call of the process fails. Always on a CPU.
bool device_works();

}  // namespace sameseed
