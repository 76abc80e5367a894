#include "bench/plan/floor.h"

#include "bench/plan/engine_name.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kCudnnVariable = "TORCH_CUDNN_V8_API_DISABLED";
constexpr const char* kCudnnV7 = "1";
constexpr int kFloorThreads = 1, kOtherFloorThreads = 2;  // the second where the first is the arm's

// An outside engine need not know what a number of threads is.
bool takes_threads(const std::string& engine) {
  return engine == "reference" || engine == "accelerated";
}

void in_second_process(Case& made) { made.environment["process"] = 2; }

// The accelerated engine keeps its choice of algorithms; another machine would search its own.
void in_second_process_searching_anew(Case& made) {
  made.environment["process"] = 2;
  if (made.environment.at("engine") == "accelerated") made.environment["load"]["cold"] = true;
}

void with_other_threads(Case& made) {
  json& load = made.environment["load"];
  load["threads"] = load.value("threads", 0) == kFloorThreads ? kOtherFloorThreads : kFloorThreads;
}

void with_cudnn_v7(Case& made) { made.environment["variables"][kCudnnVariable] = kCudnnV7; }

}  // namespace

std::vector<FloorKind> floor_kinds(const Matrix& matrix, const Point& off) {
  const std::string &reference = matrix.engines.at("reference"),
                    &candidate = matrix.engines.at("candidate");
  std::vector<FloorKind> kinds;
  // A folder only hands out pictures, so it has no noise.
  if (!is_folder(reference)) kinds.push_back({"reference", "second process", in_second_process});
  if (takes_threads(reference))
    kinds.push_back({"reference", "other thread count", with_other_threads});
  if (!is_folder(candidate))
    kinds.push_back({"candidate", "second process", in_second_process_searching_anew});
  const auto api = off.find(std::string("reference.env.") + kCudnnVariable);
  if (api != off.end() && api->second != kCudnnV7)
    kinds.push_back({"reference", "cuDNN v8 and v7", with_cudnn_v7});
  return kinds;
}

}  // namespace sameseed
