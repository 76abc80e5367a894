// The engine without a network: it measures the harness itself, and tests it.
#pragma once

#include <memory>

#include "pipeline/engine.h"

namespace sameseed {

// Pictures are a pattern of prompt and seed; no model is read and no network runs.
std::unique_ptr<Engine> make_null_engine();

}  // namespace sameseed
