#include "bench/check/doctor_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

#include "bench/system/device_record.h"
#include "bench/system/obstacles.h"

namespace sameseed {
namespace {

using nlohmann::json;

const ProgramCheck* program_of(const Findings& findings, const std::string& name) {
  for (const ProgramCheck& check : findings.programs)
    if (check.name == name) return &check;
  return nullptr;
}

std::string problem_of(const ProgramCheck& program) {
  if (!program.found) return "is not beside this program";
  if (!program.missing.empty())
    return fmt::format("needs libraries that are not found: {}", fmt::join(program.missing, ", "));
  return program.problem.empty() ? "" : "does not start: " + program.problem;
}

bool takes(const Findings& findings, const DeviceFacts& device) {
  return std::any_of(findings.slots.begin(), findings.slots.end(),
                     [&](const Slot& slot) { return slot.gpu && slot.gpu->uuid == device.uuid; });
}

json gpu_entries(const Findings& findings) {
  json list = json::array();
  for (std::size_t i = 0; i < findings.gpus.devices.size(); ++i) {
    const DeviceFacts& facts = findings.gpus.devices[i];
    json entry = facts_json(facts);
    entry["state"] = reading_json(findings.readings.at(i));
    entry["taken"] = takes(findings, facts);
    entry["in_the_way"] = obstacles(facts, findings.readings.at(i));
    entry["advice"] = advice(facts, findings.readings.at(i));
    list.push_back(std::move(entry));
  }
  return list;
}

json program_entries(const Findings& findings) {
  json list = json::array();
  for (const ProgramCheck& check : findings.programs)
    list.push_back({{"name", check.name},
                    {"path", check.path},
                    {"works", check.works()},
                    {"missing", check.missing},
                    {"problem", problem_of(check)}});
  return list;
}

json switch_entries(const Findings& findings) {
  const bool gpu = !findings.slots.empty() && findings.slots.front().gpu;
  const std::string where = gpu ? findings.slots.front().name : "the CPU";
  const auto entry = [](const char* name, bool acts, const std::string& why) {
    return json{{"switch", name}, {"acts", acts}, {"why", why}};
  };
  const char* by = gpu ? "for real" : "as its model of half accumulation";
  return {entry("env.ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION", true,
                fmt::format("on the accelerated UNet's convolutions, on {} {}", where, by)),
          entry("env.ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION", true,
                fmt::format("on the accelerated UNet's linear layers, on {} {}", where, by)),
          entry("env.ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION", !gpu,
                gpu ? "no attention kernel here adds up in half precision on a GPU"
                    : fmt::format("on the accelerated UNet's attention, on {} {}", where, by)),
          entry("env.TORCH_CUDNN_V8_API_DISABLED", gpu,
                gpu ? fmt::format("on the reference's convolutions, on {}", where)
                    : "the reference's convolutions go through cuDNN on a GPU only"),
          entry("request.deepcache", true,
                fmt::format("on the UNet of any of our engines, on {}", where))};
}

// What counts is what `run` would use: its devices, their worker, and the worker that draws noise.
json in_the_way(const Findings& findings, const json& gpus) {
  json list = json::array();
  if (!findings.slot_problem.empty()) list.push_back(findings.slot_problem);
  std::vector<std::string> needed = {"sameseed-worker"};
  for (const Slot& slot : findings.slots)
    if (std::find(needed.begin(), needed.end(), slot.worker) == needed.end())
      needed.push_back(slot.worker);
  for (const std::string& name : needed)
    if (const ProgramCheck* program = program_of(findings, name); program && !program->works())
      list.push_back(fmt::format("{} {}", name, problem_of(*program)));
  for (const json& gpu : gpus)
    if (gpu.at("taken").get<bool>())
      for (const json& text : gpu.at("in_the_way"))
        list.push_back(
            fmt::format("gpu {}: {}", gpu.at("index").get<int>(), text.get<std::string>()));
  for (const std::string& text : obstacles(findings.host)) list.push_back(text);
  return list;
}

json advice_of(const Findings& findings, const json& gpus) {
  json list = json::array();
  if (!gpus.empty() && !findings.gpus.worker)
    list.push_back("the GPU is left alone: this build has no sameseed-worker-cuda");
  for (const json& gpu : gpus)
    if (gpu.at("taken").get<bool>())
      for (const json& text : gpu.at("advice"))
        list.push_back(
            fmt::format("gpu {}: {}", gpu.at("index").get<int>(), text.get<std::string>()));
  for (const std::string& text : advice(findings.host)) list.push_back(text);
  return list;
}

// "580.159.04", "1980", "?" where it is unknown.
std::string text_of(const json& value) {
  if (value.is_null()) return "?";
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  return value.is_string()         ? value.get<std::string>()
         : value.is_number_float() ? fmt::format("{:.4g}", value.get<double>())
                                   : value.dump();
}

void print_gpu(const json& gpu, std::ostream& out) {
  const json& state = gpu.at("state");
  out << fmt::format("gpu {}      {}{}\n", text_of(gpu.at("index")), text_of(gpu.at("name")),
                     gpu.at("taken").get<bool>() ? ", which `run` takes" : "");
  out << fmt::format("           {}, driver {}, CUDA {}\n", text_of(gpu.at("uuid")),
                     text_of(gpu.at("driver")), text_of(gpu.at("cuda")));
  out << fmt::format(
      "           SM {} of {} MHz, memory {} of {} MHz, {} of {} W, {} C, {} of {} MiB in use\n",
      text_of(state.at("sm_mhz")), text_of(gpu.at("max_sm_mhz")), text_of(state.at("memory_mhz")),
      text_of(gpu.at("max_memory_mhz")), text_of(state.at("power_w")),
      text_of(gpu.at("power_limit_w")), text_of(state.at("temperature_c")),
      text_of(state.at("used_memory_mib")), text_of(gpu.at("memory_mib")));
  out << fmt::format("           ECC {}, uncorrected errors {}, MIG {}, persistence {}\n",
                     text_of(gpu.at("ecc")), text_of(state.at("uncorrected_errors")),
                     text_of(gpu.at("mig")), text_of(gpu.at("persistence")));
  const json& reasons = state.at("reasons");
  out << fmt::format(
      "           clocks held by: {}\n",
      reasons.is_null() ? "?"
      : reasons.empty()
          ? "nothing"
          : fmt::format("{}", fmt::join(reasons.get<std::vector<std::string>>(), ", ")));
  for (const json& text : gpu.at("in_the_way"))
    out << "           ! " << text.get<std::string>() << "\n";
}

void print_list(const char* title, const json& list, std::ostream& out) {
  if (list.empty()) return;
  out << title << "\n";
  for (const json& text : list) out << "  " << text.get<std::string>() << "\n";
}

}  // namespace

json doctor_report(const Findings& findings) {
  const Host& host = findings.host;
  json slots = json::array();
  for (const Slot& slot : findings.slots) slots.push_back(slot.name);
  json report = {{"schema", "sameseed/doctor/1"},
                 {"version", SAMESEED_VERSION},
                 {"host",
                  {{"cpu", host.cpu},
                   {"cores", host.cores},
                   {"kernel", host.kernel},
                   {"memory_mib", host.memory_bytes >> 20},
                   {"free_memory_mib", host.free_memory_bytes >> 20},
                   {"cpu_quota", host.cpu_quota ? json(*host.cpu_quota) : json()},
                   {"load", host.load}}},
                 {"gpus", gpu_entries(findings)},
                 {"no_gpus", findings.gpus.absent},
                 {"programs", program_entries(findings)},
                 {"slots", slots},
                 {"switches", switch_entries(findings)}};
  report["in_the_way"] = in_the_way(findings, report.at("gpus"));
  report["advice"] = advice_of(findings, report.at("gpus"));
  return report;
}

void print_doctor(const json& report, std::ostream& out) {
  const json& host = report.at("host");
  out << fmt::format("cpu        {}, {} cores, {} of {} MiB free, load {}, Linux {}\n",
                     text_of(host.at("cpu")), text_of(host.at("cores")),
                     text_of(host.at("free_memory_mib")), text_of(host.at("memory_mib")),
                     text_of(host.at("load")), text_of(host.at("kernel")));
  for (const json& gpu : report.at("gpus")) print_gpu(gpu, out);
  if (report.at("gpus").empty()) out << "gpu        " << text_of(report.at("no_gpus")) << "\n";
  for (const json& program : report.at("programs"))
    out << fmt::format(
        "program    {} {}\n", text_of(program.at("name")),
        program.at("works").get<bool>() ? "is here" : text_of(program.at("problem")));
  out << fmt::format("run takes  {}\n\n",
                     fmt::join(report.at("slots").get<std::vector<std::string>>(), ", "));
  for (const json& entry : report.at("switches"))
    out << fmt::format("{:<55} {:<9} {}\n", text_of(entry.at("switch")),
                       entry.at("acts").get<bool>() ? "acts" : "acts not",
                       text_of(entry.at("why")));
  out << "\n";
  print_list("worth knowing:", report.at("advice"), out);
  print_list("in the way of valid timings:", report.at("in_the_way"), out);
  if (report.at("in_the_way").empty()) out << "nothing stands in the way of valid timings\n";
}

}  // namespace sameseed
