#include "bench/check/doctor.h"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>
#include <sstream>

#include "bench/check/doctor_report.h"
#include "bench/system/programs.h"
#include "bench/worker/worker_command.h"
#include "io/error.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

constexpr int kEnvironmentInvalidCode = 6;
constexpr auto kTimeToStart = 60s;  // a worker for GPUs maps gigabytes of libraries

ProgramCheck check_program(const std::string& name, bool start) {
  ProgramCheck check{.name = name, .path = program(name).string()};
  check.found = std::filesystem::exists(check.path);
  if (!check.found) return check;
  const auto environment = [](const Variables& variables) {
    return environment_for(variables, {});
  };
  check.missing = missing_libraries(
      capture_output({check.path}, environment({{"LD_TRACE_LOADED_OBJECTS", "1"}}), kTimeToStart)
          .output);
  if (!start || !check.missing.empty()) return check;
  // A worker that has nothing to read ends at once.
  const CapturedOutput captured =
      capture_output({check.path, "null"}, environment({}), kTimeToStart);
  if (captured.code != 0)
    check.problem =
        captured.output.empty() ? fmt::format("exit code {}", captured.code) : captured.output;
  while (check.problem.ends_with('\n')) check.problem.pop_back();
  return check;
}

Findings examine() {
  Findings findings{.host = read_host(), .gpus = find_gpus()};
  for (const DeviceFacts& device : findings.gpus.devices)
    findings.readings.push_back(DeviceWatch(*findings.gpus.nvml, device).before_work());
  try {
    findings.slots = make_slots("", std::nullopt, findings.host.cores, findings.gpus);
  } catch (const UserError& problem) {
    findings.slot_problem = problem.what();
  }
  for (const char* worker : {"sameseed-worker", "sameseed-worker-cuda"})
    findings.programs.push_back(check_program(worker, true));
  findings.programs.push_back(check_program("sameseed-scorer", false));
  return findings;
}

}  // namespace

std::vector<std::string> missing_libraries(std::string_view list) {
  std::vector<std::string> missing;
  std::istringstream lines{std::string(list)};
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t arrow = line.find(" => not found"); arrow != std::string::npos) {
      const std::size_t start = line.find_first_not_of(" \t");
      missing.push_back(line.substr(start, arrow - start));
    }
  return missing;
}

int doctor(bool as_json, std::ostream& out) {
  const nlohmann::json report = doctor_report(examine());
  if (as_json)
    out << report.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  else
    print_doctor(report, out);
  return report.at("in_the_way").empty() ? 0 : kEnvironmentInvalidCode;
}

}  // namespace sameseed
