// The noise floor: pairs that ought to be equal, each arm against itself made another way.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/plan/cases.h"

namespace sameseed {

struct FloorKind {
  const char* arm;
  const char* kind;                   // "second process", "cuDNN v8 and v7"
  std::function<void(Case&)> remake;  // turns a case into the one that ought to equal it
};

// The kinds that can be measured at a setting whose switches are off.
std::vector<FloorKind> floor_kinds(const Matrix& matrix, const Point& off);

}  // namespace sameseed
