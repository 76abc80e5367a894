// What `sameseed gate` and `sameseed run` judge a run by.
#pragma once

#include "bench/ledger/kept_gates.h"

namespace CLI {
class App;
}

namespace sameseed {

// `gates` is the help of --gates.
void add_gate_options(CLI::App& command, GateOptions& options, const char* gates);

// --require-coverage
void add_require_coverage(CLI::App& command, bool& required);

}  // namespace sameseed
