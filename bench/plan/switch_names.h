// Variables that change pictures or times, by name: a matrix that misspells one sweeps nothing.
#pragma once

#include <string>

namespace sameseed {

// Pure. Why an axis of this variable is hardly meant: the name is three edits or fewer from a known
// switch and is none, or begins as OneFlow's or Torch's switches do and is none that an engine of
// ours reads. Empty where it is fine.
std::string refusal_of_switch(const std::string& variable);

}  // namespace sameseed
