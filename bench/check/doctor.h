// `sameseed doctor`: what this machine has, which switches can act on it, and what stands in the
// way.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace sameseed {

// Prints what this machine has and what stands in the way of valid timings: 0 where nothing does,
// else 6.
int doctor(bool as_json, std::ostream& out);

// Of the dynamic linker's list of what a program needs (LD_TRACE_LOADED_OBJECTS), the names of what
// it does not find.
std::vector<std::string> missing_libraries(std::string_view list);

}  // namespace sameseed
