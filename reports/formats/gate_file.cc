#include "reports/formats/gate_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

namespace sameseed {

std::string gate_file_text(const std::vector<Gate>& gates) {
  std::vector<std::string> lines;
  for (const Gate& gate : gates) {
    nlohmann::ordered_json entry = {{"metric", gate.name}, {"statistic", gate.statistic}};
    if (gate.at_most) entry["at_most"] = *gate.at_most;
    if (gate.at_least) entry["at_least"] = *gate.at_least;
    if (gate.by_interval) entry["by"] = "interval";
    if (!gate.where.empty()) entry["where"] = gate.where;
    entry["because"] = gate.because;
    lines.push_back("    " + entry.dump());
  }
  const std::string prompts = !gates.empty() && gates.front().prompts
                                  ? fmt::format("  \"prompts\": {},\n", *gates.front().prompts)
                                  : "";
  return fmt::format("{{\n  \"schema\": \"sameseed/gate/1\",\n{}  \"gates\": [\n{}\n  ]\n}}\n",
                     prompts, fmt::join(lines, ",\n"));
}

}  // namespace sameseed
