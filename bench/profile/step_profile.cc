// Where a UNet step's time goes: every kernel of the accelerated path by CUPTI, grouped. A step is
// the difference between images of many and of few steps, so that text, decode and everything else
// that an image has once falls out.
//
//     step_profile MODEL [SIZE [INTERVAL/LAYER/BLOCK]]
#include <cupti.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "bench/engines/all_engines.h"
#include "io/error.h"
#include "pipeline/noise.h"
#include "pipeline/protocol.h"

namespace {

using sameseed::Generation;

struct Times {
  double ms = 0, launches = 0;
};
std::map<std::string, Times> g_kernels;

void check(CUptiResult status, const char* what) {
  if (status != CUPTI_SUCCESS)
    throw std::runtime_error(fmt::format("CUPTI: {}: error {}", what, static_cast<int>(status)));
}

constexpr std::size_t kBufferBytes = std::size_t{8} << 20;

void give_buffer(std::uint8_t** buffer, std::size_t* bytes, std::size_t* most_records) {
  *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(ACTIVITY_RECORD_ALIGNMENT, kBufferBytes));
  *bytes = *buffer ? kBufferBytes : 0;
  *most_records = 0;
}

void take_buffer(CUcontext, std::uint32_t, std::uint8_t* buffer, std::size_t, std::size_t valid) {
  CUpti_Activity* record = nullptr;
  while (cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS) {
    std::string name;
    double ns = 0;
    if (record->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) {
      const auto* kernel = reinterpret_cast<const CUpti_ActivityKernel9*>(record);
      name = kernel->name;
      ns = static_cast<double>(kernel->end - kernel->start);
    } else if (record->kind == CUPTI_ACTIVITY_KIND_MEMCPY) {
      const auto* copy = reinterpret_cast<const CUpti_ActivityMemcpy5*>(record);
      name = "memcpy";
      ns = static_cast<double>(copy->end - copy->start);
    } else if (record->kind == CUPTI_ACTIVITY_KIND_MEMSET) {
      const auto* set = reinterpret_cast<const CUpti_ActivityMemset4*>(record);
      name = "memset";
      ns = static_cast<double>(set->end - set->start);
    }
    g_kernels[name].ms += ns * 1e-6;
    g_kernels[name].launches += 1;
  }
  std::free(buffer);
}

constexpr CUpti_ActivityKind kKinds[] = {CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
                                         CUPTI_ACTIVITY_KIND_MEMCPY, CUPTI_ACTIVITY_KIND_MEMSET};

template <typename Work>
std::map<std::string, Times> kernels_of(Work work) {
  g_kernels.clear();
  for (const CUpti_ActivityKind kind : kKinds) check(cuptiActivityEnable(kind), "enabling");
  work();
  check(cuptiActivityFlushAll(0), "flushing");
  for (const CUpti_ActivityKind kind : kKinds) check(cuptiActivityDisable(kind), "disabling");
  return g_kernels;
}

// The first group whose pattern the name has.
std::string group_of(const std::string& name) {
  static const std::vector<std::pair<const char*, std::regex>> kGroups = {
      {"GroupNorm", std::regex("group_moments|group_apply")},
      {"LayerNorm", std::regex("layer_norm_rows")},
      {"GEGLU gate", std::regex("gelu_gate|quantise_each_gated_row")},
      {"quantising for FP8", std::regex("quantise|find_largest")},
      {"bias and residual of convolutions", std::regex("add_bias_rows")},
      {"attention", std::regex("sdpa|attention|flash|fmha|mha", std::regex::icase)},
      {"convolution", std::regex("conv|fprop|implicit", std::regex::icase)},
      {"GEMM", std::regex("nvjet|gemm|cublas|splitK", std::regex::icase)},
      {"concatenation", std::regex("CatArray")},
      {"copies", std::regex("memcpy|memset|copy", std::regex::icase)},
      {"upsampling", std::regex("upsample")}};
  for (const auto& [group, pattern] : kGroups)
    if (std::regex_search(name, pattern)) return group;
  return "other elementwise";
}

void print(const std::map<std::string, Times>& rows, double steps, std::size_t most) {
  std::vector<std::pair<std::string, Times>> sorted(rows.begin(), rows.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) { return a.second.ms > b.second.ms; });
  sorted.resize(std::min(sorted.size(), most));
  for (const auto& [name, times] : sorted)
    if (times.launches > 0)
      std::cout << fmt::format("| {} | {:.1f} | {:.3f} |\n", name, times.launches / steps,
                               times.ms / steps);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2 || argc > 5) {
    std::cerr << "usage: step_profile MODEL [SIZE [INTERVAL/LAYER/BLOCK|off [fp8|fp8-tensor]]]\n"
                 "FP8 with fast sums.\n";
    return 1;
  }
  for (const char* name : {"ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION",
                           "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION",
                           "ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION"})
    ::setenv(name, "0", /*overwrite=*/0);
  sameseed::Request request;
  request.prompt = "a red apple on a table";
  request.noise = "/tmp/step_profile_noise.safetensors";
  std::tie(request.width, request.height) = sameseed::parse_size(argc > 2 ? argv[2] : "1024x1024");
  if (argc > 3 && argv[3] != std::string("off"))
    request.deepcache = sameseed::parse_deepcache(argv[3]);
  sameseed::draw_noise({.model = argv[1],
                        .vae = {},
                        .seed = 1,
                        .width = request.width,
                        .height = request.height,
                        .precision = "fp16",
                        .out = request.noise});
  const auto engine = sameseed::make_engine("accelerated");
  engine->load({.model = argv[1],
                .vae = {},
                .variant = {},
                .precision = "fp16",
                .vae_precision = "fp16",
                .linear = argc > 4 ? argv[4] : "fp16",
                .fp8_fast_accumulation = argc > 4 ? 1 : 0});
  check(cuptiActivityRegisterCallbacks(give_buffer, take_buffer), "callbacks");

  constexpr int kFew = 3, kMany = 21;
  const auto make = [&](int steps) {
    request.steps = steps;
    return engine->generate(request);
  };
  make(kMany);
  const Generation timed = make(kMany);
  const auto few = kernels_of([&] { make(kFew); });
  auto many = kernels_of([&] { make(kMany); });

  std::map<std::string, Times> groups, once;
  Times all;
  for (auto& [name, times] : many) {
    if (const auto found = few.find(name); found != few.end()) {
      times.ms -= found->second.ms;
      times.launches -= found->second.launches;
      once[name] = {found->second.ms - times.ms * kFew / (kMany - kFew),
                    found->second.launches - times.launches * kFew / (kMany - kFew)};
    }
    Times& group = groups[group_of(name)];
    group.ms += times.ms;
    group.launches += times.launches;
    all.ms += times.ms;
    all.launches += times.launches;
  }
  const double steps = kMany - kFew;
  double measured = 0;
  for (std::size_t i = kFew; i < timed.step_ms.size(); ++i) measured += timed.step_ms[i];
  std::cout << "| group | launches a step | ms a step |\n|---|---|---|\n";
  print(groups, steps, groups.size());
  std::cout << fmt::format("| all kernels | {:.1f} | {:.3f} |\n", all.launches / steps,
                           all.ms / steps)
            << fmt::format("| measured without the profiler | | {:.3f} |\n\n", measured / steps)
            << "| kernel | launches a step | ms a step |\n|---|---|---|\n";
  print(many, steps, 30);
  std::cout << fmt::format(
                   "\nText, decode ({:.3f} ms measured) and what else an image has once:\n\n",
                   timed.decode_ms)
            << "| kernel | launches | ms |\n|---|---|---|\n";
  print(once, 1, 30);
  return 0;
} catch (const std::exception& problem) {
  std::cerr << "step_profile: " << problem.what() << "\n";
  return 1;
}
