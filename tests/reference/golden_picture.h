// A picture that diffusers has made, made again by this program, and how far apart the two are.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/error.h"
#include "io/files.h"
#include "io/picture.h"
#include "io/safetensors.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "pipeline/protocol.h"
#include "pipeline/sdxl_engine.h"
#include "reference/aten_backend.h"
#include "reference/reference_engine.h"
#include "tests/reference/goldens.h"

namespace sameseed {

inline std::vector<nlohmann::json> golden_cases() {
  return read_json(kGoldens / "cases.json").at("cases").get<std::vector<nlohmann::json>>();
}

inline nlohmann::json golden_case(const std::string& name) {
  for (const nlohmann::json& c : golden_cases())
    if (c.at("name") == name) return c;
  throw UserError("cases.json: no case " + name);
}

inline std::string golden_model(const nlohmann::json& c) {
  return (kGoldens / ("model_" + c.at("model").get<std::string>())).string();
}

// How far a correct fp32 program may be from diffusers: relative L2, of the picture (0..1) the
// largest difference. The models do not let rounding grow (tests/goldens/parity_models.py), so no
// limit asks which CPU this is. tests/goldens/README.md tells how much of each other kernels take,
// and what mistakes make.
inline const std::map<std::string, double>& golden_limits() {
  static const std::map<std::string, double> all = {{"noise", 1e-6},
                                                    {"prompt_embeds", 2e-6},
                                                    {"negative_prompt_embeds", 2e-6},
                                                    {"add_time_ids", 0},
                                                    {"pooled_prompt_embeds", 3e-6},
                                                    {"negative_pooled_prompt_embeds", 3e-6},
                                                    {"timesteps", 5e-6},
                                                    {"sigmas", 5e-6},
                                                    {"noise_pred_first", 1.5e-5},
                                                    {"noise_pred_last", 2.5e-5},
                                                    {"latents", 1.2e-5},
                                                    {"image", 3e-5}};
  return all;
}

// How a golden picture is made where not in the plain way.
struct Making {
  std::string model;  // another folder than the case's own
  int threads = 1;
  std::function<std::unique_ptr<Backend>(std::unique_ptr<Backend>)> text, unet;  // other layers
  std::function<at::Tensor(const at::Tensor&)> noise;                            // another start
};

class GoldenPicture {
 public:
  explicit GoldenPicture(const nlohmann::json& c, const Making& how = {}) : case_(c) {
    const std::string model = how.model.empty() ? golden_model(c) : how.model;
    Request request = read_request(message());
    draw_noise({.model = model,
                .seed = request.seed,
                .width = request.width,
                .height = request.height,
                .out = request.noise});
    if (how.noise)
      save_tensors(request.noise, {{"noise", how.noise(load_tensor(request.noise, "noise"))}});
    const auto engine = engine_for(how);
    engine->load({.model = model, .threads = how.threads});
    engine->generate(request);
  }
  ~GoldenPicture() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  GoldenPicture(const GoldenPicture&) = delete;
  GoldenPicture& operator=(const GoldenPicture&) = delete;

  SafetensorsFile wanted() const { return SafetensorsFile::open(wanted_); }
  SafetensorsFile got() const { return SafetensorsFile::open(got_); }
  at::Tensor wanted(const std::string& name) const { return load_tensor(wanted_, name); }
  at::Tensor got(const std::string& name) const { return load_tensor(got_, name); }
  Image written() const { return read_picture(folder_ / "image.png").image; }

  // Of every tensor of the golden file that has a limit.
  std::map<std::string, double> deviations() const {
    std::map<std::string, double> all;
    const SafetensorsFile file = wanted();
    for (const auto& [name, view] : file.tensors())
      if (golden_limits().contains(name))
        all[name] = name == "image" ? (got(name) - wanted(name)).abs().max().item<double>()
                                    : relative_l2(got(name), wanted(name));
    return all;
  }

 private:
  nlohmann::json message() const {
    nlohmann::json message = {{"noise", (folder_ / "noise.safetensors").string()},
                              {"image", (folder_ / "image.png").string()},
                              {"tensors", got_.string()}};
    for (const char* name : {"prompt", "negative", "seed", "steps", "guidance", "deepcache"})
      message[name] = case_.at(name);
    message["size"] = case_.at("width").dump() + "x" + case_.at("height").dump();
    return message;
  }

  // The reference engine, but where layers are to be others.
  static std::unique_ptr<Engine> engine_for(const Making& how) {
    if (!how.text && !how.unet) return make_reference_engine(at::kCPU);
    return std::make_unique<SdxlEngine>("test", "fp32", at::kCPU,
                                        [how](const LoadOptions&, at::ScalarType vae_type) {
                                          Arithmetic arithmetic;
                                          Backends& backends = arithmetic.backends;
                                          backends.text = make_aten_backend(at::kFloat);
                                          backends.unet = make_aten_backend(at::kFloat);
                                          backends.vae = make_aten_backend(vae_type);
                                          if (how.text)
                                            backends.text = how.text(std::move(backends.text));
                                          if (how.unet)
                                            backends.unet = how.unet(std::move(backends.unet));
                                          return arithmetic;
                                        });
  }

  static inline int made_ = 0;

  const nlohmann::json case_;
  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("golden-" + std::to_string(made_++));
  const std::filesystem::path wanted_ = kGoldens / case_.at("file").get<std::string>();
  const std::filesystem::path got_ = folder_ / "all.safetensors";
};

}  // namespace sameseed
