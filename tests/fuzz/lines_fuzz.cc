// Lines of records.jsonl and scores.jsonl: what the table of types lets through, the reader takes.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "reports/run/line_types.h"
#include "reports/run/run_files.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nlohmann::json;
  static const json plan = json::parse(
      R"({"schema":"sameseed/plan/2","name":"m","model":"m","axes":[],"environments":[],"cases":[],
          "samples":[],"comparisons":[],"excluded":[]})");
  sameseed::RunFilesReader reader("/nowhere", sameseed::parse_run_plan(plan, "plan.json"));
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  for (std::string text; std::getline(in, text);) {
    const json line = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    if (sameseed::problem_of_record(line).empty()) reader.take_record(line);
    if (sameseed::problem_of_score(line).empty()) reader.take_score(line);
  }
  reader.finish();
  return 0;
}
