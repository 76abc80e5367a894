// A copy of the smallest golden model that a test changes, loads and makes a picture with.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "io/error.h"
#include "io/files.h"
#include "pipeline/model/pipeline_config.h"
#include "pipeline/model/tensor_files.h"
#include "pipeline/noise.h"
#include "reference/reference_engine.h"
#include "tests/reference/copied_model.h"

namespace sameseed {

namespace fs = std::filesystem;

inline const char* const kStem = "diffusion_pytorch_model";

class LoadedModel : public CopiedModel {
 protected:
  struct Made {
    LoadReport report;
    nlohmann::json hashes, effective;
    at::Tensor latents;
  };

  // Loads and makes one small picture.
  Made make(LoadOptions options, MakeUpload upload = {},
            const std::string& prompt = "a cat") const {
    const auto engine = make_reference_engine(at::kCPU, std::move(upload));
    options.threads = 1;
    Request request{.prompt = prompt, .steps = 1, .width = 64, .height = 64};
    request.noise = folder_ / "noise.safetensors";
    draw_noise({.model = options.model,
                .vae = options.vae,
                .seed = 1,
                .width = 64,
                .height = 64,
                .out = request.noise});
    request.latents = folder_ / "latents.safetensors";
    Made made{engine->load(options), {}, {}, {}};
    const Generation generation = engine->generate(request);
    made.hashes = generation.hashes;
    made.effective = generation.effective;
    made.latents = load_tensor(request.latents, "latents");
    return made;
  }
  Made make_original(const std::string& prompt = "a cat") const {
    return make({.model = kGoldens / "model_a"}, {}, prompt);
  }

  std::string refusal(const LoadOptions& options) const {
    try {
      make_reference_engine(at::kCPU)->load(options);
    } catch (const UserError& error) {
      return error.what();
    }
    return "nothing was refused";
  }

  void edit(const fs::path& config, const nlohmann::json& fields) const {
    nlohmann::json values = read_json(config);
    values.update(fields);
    write_file(config, values.dump());
  }

  static std::vector<std::string> names(const nlohmann::json& component) {
    std::vector<std::string> result;
    for (const std::string path : component.at("files"))
      result.push_back(fs::path(path).filename());
    return result;
  }
};

}  // namespace sameseed
