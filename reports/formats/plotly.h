// plotly.js, which draws the page's chart: built into the program.
#pragma once

#include <string_view>

namespace sameseed {

std::string_view chart_library();  // plotly.min.js, some 5 MB

}  // namespace sameseed
