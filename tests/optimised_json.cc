// JSON's code, optimised, for tests that are not: it is linked first, and of equal functions the
// linker keeps the first. Else the code under test would run with the tests' own slow copies.
#include <nlohmann/json.hpp>

template class nlohmann::basic_json<>;
