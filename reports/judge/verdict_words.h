// A verdict in words: "PASS", "FAIL: picture quality", "ERROR: 3 samples missing".
#pragma once

#include <string>

#include "reports/judge/verdict.h"
#include "reports/summary/summary.h"

namespace sameseed {

// What a verdict's code and causes come to, for people.
std::string words_of(const Verdict& verdict, const Summary& summary);

}  // namespace sameseed
