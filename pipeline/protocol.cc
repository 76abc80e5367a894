#include "pipeline/protocol.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <istream>
#include <new>
#include <optional>
#include <ostream>
#include <set>
#include <string_view>

#include "io/enhance.h"
#include "io/error.h"
#include "io/json.h"
#include "io/json_schema.h"
#include "pipeline/message.h"
#include "pipeline/text/prompt.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kMostSteps = 1000;                   // SDXL's schedule has no more
constexpr int kSizeStep = 8, kLongestSide = 8192;  // pixels; the VAE's factor

// LibTorch's messages carry a stack trace behind the sentence that says what is wrong.
json refusal(const char* kind, const std::exception& problem) {
  const std::string text = problem.what();
  return {{"ok", false},
          {"kind", kind},
          {"error", text.substr(0, text.find("\nException raised from"))}};
}

// A list that is there and says nothing, or more than any sampler makes.
void check_list(const json& fields, const char* name, std::size_t least, const char* why) {
  if (!fields.contains(name) || fields.at(name).is_null()) return;
  const std::size_t size = fields.at(name).size(), most = kMostSteps + least - 1;
  if (size < least || size > most)
    throw UserError(
        fmt::format("{}: must have {} to {} numbers{}, not {}", name, least, most, why, size));
}

// The steps of a picture, or of its noise: their number, or one of the lists, which then has it.
template <typename Steps>
void take_steps(Message& message, const json& fields, Steps& to) {
  message.take("steps", to.steps);
  message.take("timesteps", to.timesteps);
  message.take("sigmas", to.sigmas);
  if (to.steps < 1 || to.steps > kMostSteps)
    throw UserError(
        fmt::format("steps: must be a whole number from 1 to {}, not {}", kMostSteps, to.steps));
  check_list(fields, "timesteps", 1, "");
  check_list(fields, "sigmas", 2, ", the last of them behind the last step");
  for (std::size_t i = 0; i < to.sigmas.size(); ++i)
    if (const bool is_last = i + 1 == to.sigmas.size();
        to.sigmas[i] < 0 || (!is_last && to.sigmas[i] == 0))
      throw UserError(
          fmt::format("sigmas: {} is no noise level; they are above 0, and the last "
                      "may be 0",
                      to.sigmas[i]));
  if (!to.timesteps.empty() && !to.sigmas.empty())
    throw UserError("timesteps, sigmas: only one of them can be given, as in diffusers");
  if (!to.timesteps.empty()) to.steps = static_cast<int>(to.timesteps.size());
  if (!to.sigmas.empty()) to.steps = static_cast<int>(to.sigmas.size()) - 1;
}

constexpr int kMostTold = 65504;  // what fp16 holds

// The fields of SizeConditioning, with their names in a request.
struct ToldNames {
  const char *original, *crop, *target;
};
constexpr ToldNames kTold = {"original_size", "crops_coords_top_left", "target_size"},
                    kToldNegative = {"negative_original_size", "negative_crops_coords_top_left",
                                     "negative_target_size"};

void take_conditioning(Message& message, const ToldNames& names, SizeConditioning& to) {
  for (const auto& [name, size] :
       {std::pair{names.original, &to.original}, {names.target, &to.target}}) {
    std::optional<std::string> text;
    message.take(name, text);
    if (text) *size = parse_extent(*text, name);
  }
  std::optional<std::vector<int>> crop;
  message.take(names.crop, crop);
  if (!crop) return;
  if (crop->size() != 2 || std::ranges::min(*crop) < 0 || std::ranges::max(*crop) > kMostTold)
    throw UserError(fmt::format("{}: must be [TOP, LEFT] in pixels, each from 0 to {}, not {}",
                                names.crop, kMostTold, excerpt(*crop)));
  to.crop = {.top = crop->front(), .left = crop->back()};
}

void write_conditioning(const SizeConditioning& told, const ToldNames& names, json& to) {
  const auto size = [](const auto& one) {
    return one ? json(fmt::format("{}x{}", one->width, one->height)) : json();
  };
  to[names.original] = size(told.original);
  to[names.target] = size(told.target);
  to[names.crop] = told.crop ? json{told.crop->top, told.crop->left} : json();
}

// diffusers takes an empty text for none, and the other encoder's in its place.
void check_second_text(const std::optional<std::string>& text, const char* name) {
  if (!text) return;
  check_prompt(*text, name);
  if (text->empty())
    throw UserError(
        fmt::format("{}: an empty text is read as none, as in diffusers; write null "
                    "for that, or a blank for a text without words",
                    name));
}

json text_or_null(const std::optional<std::string>& text) { return text ? json(*text) : json(); }

json list_or_null(const std::vector<double>& list) { return list.empty() ? json() : json(list); }

void check_batch(int batch) {
  if (batch < 1 || batch > kMostBatch)
    throw UserError(
        fmt::format("batch: must be a whole number from 1 to {}, not {}", kMostBatch, batch));
}

}  // namespace

std::pair<int, int> parse_size(const std::string& text) {
  int width = 0, height = 0;
  char rest = 0;
  const bool pair = std::sscanf(text.c_str(), "%9dx%9d%c", &width, &height, &rest) == 2;
  for (const int side : {width, height})
    if (!pair || side < kSizeStep || side > kLongestSide || side % kSizeStep != 0)
      throw UserError(fmt::format(
          "size: must be WIDTHxHEIGHT in pixels, each a multiple of {} from {} to {}, such as "
          "1024x1024, not {}",
          kSizeStep, kSizeStep, kLongestSide, excerpt(text)));
  return {width, height};
}

SizeConditioning::Extent parse_extent(const std::string& text, const char* name) {
  int width = 0, height = 0;
  char rest = 0;
  const bool pair = std::sscanf(text.c_str(), "%9dx%9d%c", &width, &height, &rest) == 2;
  if (!pair || std::min(width, height) < 0 || std::max(width, height) > kMostTold)
    throw UserError(
        fmt::format("{}: must be WIDTHxHEIGHT in pixels, each from 0 to {}, such as 1024x768 "
                    "(diffusers' (768, 1024)), not {}",
                    name, kMostTold, excerpt(text)));
  return {.width = width, .height = height};
}

json to_json(const NoiseRequest& r) {
  return {{"model", r.model},
          {"vae", r.vae},
          {"scheduler", r.scheduler},
          {"steps", r.steps},
          {"timesteps", list_or_null(r.timesteps)},
          {"sigmas", list_or_null(r.sigmas)},
          {"seed", r.seed},
          {"size", fmt::format("{}x{}", r.width, r.height)},
          {"batch", r.batch},
          {"precision", r.precision},
          {"out", r.out}};
}

NoiseRequest read_noise_request(const json& fields) {
  NoiseRequest r;
  std::string size = "128x128";
  Message message(fields);
  message.take("model", r.model);
  message.take("vae", r.vae);
  message.take("scheduler", r.scheduler);
  take_steps(message, fields, r);
  message.take("seed", r.seed);
  message.take("size", size);
  message.take("batch", r.batch);
  message.take("precision", r.precision);
  message.take("out", r.out);
  message.finish();
  check_batch(r.batch);
  std::tie(r.width, r.height) = parse_size(size);
  return r;
}

json to_json(const Request& r) {
  json fields = {{"prompt", r.prompt},
                 {"negative", text_or_null(r.negative_prompt)},
                 {"prompt_2", text_or_null(r.prompt_2)},
                 {"negative_2", text_or_null(r.negative_2)},
                 {"seed", r.seed},
                 {"steps", r.steps},
                 {"timesteps", list_or_null(r.timesteps)},
                 {"sigmas", list_or_null(r.sigmas)},
                 {"guidance", r.guidance},
                 {"guidance_rescale", r.guidance_rescale},
                 {"clip_skip", r.clip_skip ? json(*r.clip_skip) : json()},
                 {"size", fmt::format("{}x{}", r.width, r.height)},
                 {"batch", r.batch},
                 {"deepcache", r.deepcache ? json(to_string(*r.deepcache)) : json()},
                 {"enhance", r.enhance.empty() ? json() : json(r.enhance)},
                 {"noise", r.noise},
                 {"image", r.image},
                 {"latents", r.latents},
                 {"tensors", r.tensors},
                 {"trace", r.trace}};
  write_conditioning(r.conditioning, kTold, fields);
  write_conditioning(r.negative_conditioning, kToldNegative, fields);
  return fields;
}

Request read_request(const json& fields) {
  Request r;
  std::string size = "128x128", deepcache;
  Message message(fields);
  message.take("prompt", r.prompt);
  message.take("negative", r.negative_prompt);
  message.take("prompt_2", r.prompt_2);
  message.take("negative_2", r.negative_2);
  take_conditioning(message, kTold, r.conditioning);
  take_conditioning(message, kToldNegative, r.negative_conditioning);
  message.take("seed", r.seed);
  take_steps(message, fields, r);
  message.take("guidance", r.guidance);
  message.take("guidance_rescale", r.guidance_rescale);
  message.take("clip_skip", r.clip_skip);
  message.take("size", size);
  message.take("batch", r.batch);
  message.take("deepcache", deepcache);
  message.take("enhance", r.enhance);
  message.take("noise", r.noise);
  message.take("image", r.image);
  message.take("latents", r.latents);
  message.take("tensors", r.tensors);
  message.take("trace", r.trace);
  message.finish();
  check_prompt(r.prompt, "prompt");
  if (r.negative_prompt) check_prompt(*r.negative_prompt, "negative");
  check_second_text(r.prompt_2, "prompt_2");
  check_second_text(r.negative_2, "negative_2");
  if (r.guidance_rescale < 0)
    throw UserError(fmt::format("guidance_rescale: must be 0 or more, not {}", r.guidance_rescale));
  if (r.clip_skip.value_or(0) < 0)
    throw UserError(fmt::format("clip_skip: must be 0 or more, not {}", *r.clip_skip));
  std::tie(r.width, r.height) = parse_size(size);
  check_batch(r.batch);
  if (!deepcache.empty()) r.deepcache = parse_deepcache(deepcache);
  if (!r.enhance.empty() && std::ranges::find(kEnhancements, r.enhance) == std::end(kEnhancements))
    throw UserError(fmt::format("enhance: must be {} or null, not {}",
                                fmt::join(kEnhancements, ", "), excerpt(r.enhance)));
  return r;
}

json answer_of(Engine& engine, const json& message) {
  const std::string op = message.value("op", "");
  if (op == "load") {
    const LoadReport r = engine.load(read_load_options(message));
    json answer = {{"engine", r.engine},       {"timings_ms", {{"load", r.load_ms}}},
                   {"effective", r.effective}, {"engagement", r.engagement},
                   {"files", r.files},         {"versions", r.versions},
                   {"warnings", r.warnings},   {"peak_memory", r.peak_memory}};
    if (r.uploaded_bytes > 0) {
      answer["timings_ms"]["upload"] = r.upload_ms;
      answer["uploaded_bytes"] = r.uploaded_bytes;
    }
    return answer;
  }
  if (op == "generate") {
    const Generation g = engine.generate(read_request(message));
    json answer = {{"id", message.value("id", json())},
                   {"timings_ms",
                    {{"text", g.text_ms},
                     {"steps", g.step_ms},
                     {"full", g.step_full},
                     {"decode", g.decode_ms},
                     {"copy", g.copy_ms},
                     {"png", g.png_ms},
                     {"total", g.total_ms}}},
                   {"hashes", g.hashes},
                   {"effective", g.effective},
                   {"engagement", g.engagement},
                   {"warnings", g.warnings},
                   {"peak_memory", g.peak_memory}};
    if (g.enhance_ms > 0) answer["timings_ms"]["enhance"] = g.enhance_ms;
    if (!g.nonfinite.is_null()) answer["nonfinite"] = g.nonfinite;
    return answer;
  }
  throw UserError(fmt::format("op \"{}\": must be load or generate", op));
}

json read_answer(std::string_view line) {
  const std::string where = "the answer";
  json answer = parse_json(line, where);
  if (!answer.is_object() || !answer.contains("ok") || !answer.at("ok").is_boolean())
    throw UserError(fmt::format("{}: must be an object with ok, true or false, not {}", where,
                                excerpt(answer)));
  const auto check = [&](const char* name, const char* what, auto fits) {
    if (answer.contains(name) && !answer.at(name).is_null() && !fits(answer.at(name)))
      throw UserError(
          fmt::format("{}: {}: must be {}, not {}", where, name, what, excerpt(answer.at(name))));
  };
  const auto is_number = [](const json& value) { return value.is_number(); };
  const auto is_timing = [](const json& value) {
    return value.is_number() ||
           (value.is_array() && std::all_of(value.begin(), value.end(), [](const json& one) {
              return one.is_number() || one.is_boolean();
            }));
  };
  const auto is_text = [](const json& value) { return value.is_string(); };
  for (const char* name : {"kind", "error", "engine"}) check(name, "a text", is_text);
  for (const char* name : {"hashes", "effective", "engagement", "files", "versions", "nonfinite"})
    check(name, "an object", [](const json& value) { return value.is_object(); });
  check("timings_ms", "an object of numbers and lists of them", [&](const json& value) {
    return value.is_object() && std::all_of(value.begin(), value.end(), is_timing);
  });
  for (const char* name : {"warnings", "invalid"})
    check(name, "a list of texts", [&](const json& value) {
      return value.is_array() && std::all_of(value.begin(), value.end(), is_text);
    });
  check("peak_memory", "a number", is_number);
  return answer;
}

void serve(const Answer& answer_to, std::istream& in, std::ostream& out) {
  for (std::string line; std::getline(in, line);) {
    json answer;
    try {
      answer = answer_to(parse_json(line, "the message"));
      answer["ok"] = true;
    } catch (const Unsupported& problem) {
      answer = refusal("unsupported", problem);
    } catch (const UserError& problem) {
      answer = refusal("invalid", problem);
    } catch (const json::exception& problem) {
      answer = refusal("invalid", problem);
    } catch (const std::bad_alloc& problem) {
      answer = refusal("out_of_memory", problem);
    } catch (const std::exception& problem) {
      // LibTorch has errors of its own for it, which this file does not see.
      const std::string_view text = problem.what();
      const bool memory = text.find("can't allocate memory") != std::string_view::npos ||
                          text.find("CUDA out of memory") != std::string_view::npos;
      answer = refusal(memory ? "out_of_memory" : "error", problem);
    }
    out << answer.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
  }
}

}  // namespace sameseed
