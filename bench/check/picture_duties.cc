#include "bench/check/picture_duties.h"

#include <fmt/format.h>

#include <filesystem>

#include "bench/worker/answer.h"
#include "bench/worker/worker.h"
#include "io/error.h"
#include "io/png_check.h"
#include "io/safetensors.h"
#include "io/sha256.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

std::filesystem::path file_of(const PictureEvidence& evidence, const char* field) {
  return evidence.request.at(field).get<std::string>();
}

// Each says what is wrong, or nothing.

std::string wrong_for_records(const PictureEvidence& evidence) {
  try {
    record_fields(evidence.answer);
    return "";
  } catch (const WorkerFailure& failure) {
    return fmt::format("{}: {}", label_of(evidence.request), failure.what());
  }
}

std::string wrong_step_times(const PictureEvidence& evidence) {
  const json steps =
      evidence.answer.value("timings_ms", json::object()).value("steps", json::array());
  const json& wanted = evidence.request.at("steps");
  // A sampler of second order evaluates the network twice in each step but the last.
  const auto once = wanted.get<std::size_t>(), twice = 2 * once - 1;
  return steps.size() == once || steps.size() == twice
             ? ""
             : fmt::format("{} times for {} steps", steps.size(), wanted.dump());
}

std::string wrong_noise_hash(const PictureEvidence& evidence) {
  const std::string right =
      sha256(SafetensorsFile::open(file_of(evidence, "noise")).tensors().at("noise").data);
  const json given = hashes_of(evidence.answer).value("noise", json());
  return given == right ? ""
                        : fmt::format("{}: must be {}, not {}", label_of(evidence.request), right,
                                      given.dump());
}

std::string wrong_token_hash(const PictureEvidence& evidence) {
  return hashes_of(evidence.answer).value("token_ids", json()) == evidence.token_ids
             ? ""
             : "it is not, so scores count only against engines that state the same ones";
}

std::string wrong_latents_hash(const PictureEvidence& evidence) {
  return hashes_of(evidence.answer).value("latents", json()).is_string() ? "" : "it is not";
}

std::string wrong_picture(const PictureEvidence& evidence) {
  try {
    const auto [width, height] = parse_size(evidence.request.at("size"));
    check_png(file_of(evidence, "image"), width, height);
    return "";
  } catch (const UserError& problem) {
    return problem.what();
  }
}

std::string wrong_latents(const PictureEvidence& evidence) {
  const std::filesystem::path file = file_of(evidence, "latents");
  if (!hashes_of(evidence.answer).contains("latents") && !std::filesystem::exists(file)) return "";
  try {
    return SafetensorsFile::open(file).tensors().contains("latents")
               ? ""
               : file.filename().string() + " holds no tensor `latents`";
  } catch (const UserError& problem) {
    return problem.what();
  }
}

std::string written_in_place(const PictureEvidence& evidence) {
  for (const char* field : {"image", "latents"}) {
    const std::string name = file_of(evidence, field).filename();
    if (evidence.written.contains(name)) return fmt::format("{} was written in its place", name);
  }
  return "";
}

std::string left_over(const PictureEvidence& evidence) {
  const auto picture = file_of(evidence, "image"), latents = file_of(evidence, "latents");
  for (const auto& entry : std::filesystem::directory_iterator(picture.parent_path()))
    if (entry.path() != picture && entry.path() != latents)
      return fmt::format("left {}", entry.path().filename().string());
  return "";
}

struct PictureDuty {
  Duty duty;
  std::string (*wrong)(const PictureEvidence&);
};

constexpr PictureDuty kPictureDuties[] = {
    {kFillsRecords, wrong_for_records},   {kTimesSteps, wrong_step_times},
    {kHashesNoise, wrong_noise_hash},     {kHashesTokens, wrong_token_hash},
    {kHashesLatents, wrong_latents_hash}, {kWritesPicture, wrong_picture},
    {kWritesLatents, wrong_latents},      {kRenames, written_in_place},
    {kLeavesNothing, left_over},
};

}  // namespace

void look_at_picture(const PictureEvidence& evidence, EngineFindings& findings) {
  for (const auto& [duty, wrong] : kPictureDuties) {
    const std::string why = wrong(evidence);
    findings.see(duty, why.empty(), why);
  }
}

std::string label_of(const json& request) {
  return fmt::format("seed {}, {}", request.at("seed").dump(),
                     request.at("size").get<std::string>());
}

json hashes_of(const json& answer) {
  const json hashes = answer.value("hashes", json::object());
  return hashes.is_object() ? hashes : json::object();
}

}  // namespace sameseed
