// Reads {"config", "steps"} from each line, and writes the sampler's answers with all their bits:
// make_scheduler_goldens.py --bits holds them against diffusers.
#include <ATen/Parallel.h>

#include <exception>
#include <iostream>

#include "tests/reference/scheduler_answer.h"

namespace {

std::vector<double> numbers(const at::Tensor& tensor) {
  std::vector<double> list;
  const at::Tensor flat = tensor.flatten().to(at::kDouble);
  for (std::int64_t i = 0; i < flat.numel(); ++i) list.push_back(flat[i].item<double>());
  return list;
}

nlohmann::json answers(const nlohmann::json& asked) {
  nlohmann::json line = {{"latents", nlohmann::json::object()}, {"sigmas", nullptr}};
  for (const char* precision : {"fp32", "fp16", "bf16"}) {
    const auto answer = sameseed::scheduler_answer(
        asked.at("config"), sameseed::steps_asked(asked.at("steps")), precision);
    line["latents"][precision] = numbers(answer.latents);
    line["timesteps"] = numbers(answer.timesteps);
    if (answer.sigmas.defined()) line["sigmas"] = numbers(answer.sigmas);
  }
  return line;
}

}  // namespace

int main() try {
  at::set_num_threads(1);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answers(nlohmann::json::parse(line)).dump() << "\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
