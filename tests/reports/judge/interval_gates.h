// Gates by interval on lpips.alex and ratios, and reports for them.
#pragma once

#include <string>
#include <vector>

#include "io/error.h"
#include "reports/judge/gate.h"
#include "tests/reports/judged.h"
#include "tests/reports/synthetic_report.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kFloor = "reference, second process";

inline std::vector<Gate> gates_of(const std::string& gates, const std::string& alpha = "0.05") {
  return parse_gates(
      R"({"schema":"sameseed/gate/1","alpha":)" + alpha + R"(,"gates":[)" + gates + "]}", "g.json");
}

inline std::string message_of(const std::string& gate) try {
  gates_of(gate);
  return "";
} catch (const UserError& error) {
  return error.what();
}

inline std::string lpips_gate(const std::string& bound) {
  return R"({"metric":"lpips.alex","statistic":"mean","by":"interval",)" + bound + "}";
}

inline std::string ratio_gate(const std::string& bound) {
  return R"({"timing":"total_ms","statistic":"ratio","by":"interval",)" + bound + "}";
}

// `n` values that alternate about `mean` by `swing`.
inline std::vector<double> about(double mean, double swing, std::size_t n) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(mean + (i % 2 ? swing : -swing));
  return values;
}

const std::vector<double> kBlocks = about(0.8, 0.01, 8);

inline json report_of(const std::vector<double>& lpips,
                      const std::vector<double>& ratios = kBlocks) {
  return synthetic_report({{"3/0/0", lpips, ratios}});
}

inline int code_of(const json& report, const std::string& gate, const json* accepted = nullptr) {
  return judged(report, gates_of(gate), accepted).at("code");
}

inline std::string text_of(const json& report, const std::string& gate,
                           const json* accepted = nullptr) {
  const json found = judged(report, gates_of(gate), accepted);
  return found.at("causes").empty() ? "" : found.at("causes")[0].at("text").get<std::string>();
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace
}  // namespace sameseed
