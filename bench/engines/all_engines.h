// The one list of engines that `sameseed-worker` can be.
#pragma once

#include <memory>
#include <string>

#include "pipeline/engine.h"

namespace sameseed {

// Throws UserError that lists the names.
std::unique_ptr<Engine> make_engine(const std::string& name);

}  // namespace sameseed
