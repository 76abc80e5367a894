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
#include "pipeline/text/prompt.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr int kMostSteps = 1000;                   // SDXL's schedule has no more
constexpr int kSizeStep = 8, kLongestSide = 8192;  // pixels; the VAE's factor

// Takes the fields of a message one by one; what nobody took is refused.
class Message {
 public:
  explicit Message(const json& fields) : fields_(fields) {
    if (!fields.is_object()) throw UserError("a message must be a JSON object");
  }
  template <typename T>
  void take(const char* name, T& value) {
    taken_.insert(name);
    const auto found = fields_.find(name);
    if (found == fields_.end() || found->is_null()) return;
    if (!read(*found, value))
      throw UserError(
          fmt::format("{}: must be {}, not {}", name, words_for(value), excerpt(*found)));
  }
  void finish() const {
    for (const auto& [name, value] : fields_.items())
      if (!taken_.contains(name)) throw UserError(fmt::format("{}: there is no such field", name));
  }

 private:
  // The JSON library would take true for 1, -1 for 2^64-1 and 1.5 for 1.
  static bool read(const json& from, int& to) {
    if (!from.is_number_integer()) return false;
    const auto value = from.get<std::int64_t>();  // of 2^63 and more: negative
    to = static_cast<int>(value);
    return to == value && (!from.is_number_unsigned() || value >= 0);
  }
  static bool read(const json& from, bool& to) {
    if (!from.is_boolean()) return false;
    to = from.get<bool>();
    return true;
  }
  static bool read(const json& from, std::uint64_t& to) {
    if (!from.is_number_integer() || (!from.is_number_unsigned() && from.get<std::int64_t>() < 0))
      return false;
    to = from.get<std::uint64_t>();
    return true;
  }
  static bool read(const json& from, double& to) {
    if (!from.is_number()) return false;
    to = from.get<double>();
    return std::isfinite(to);
  }
  static bool read(const json& from, std::vector<double>& to) {
    if (!from.is_array()) return false;
    return std::ranges::all_of(from, [&](const json& one) { return read(one, to.emplace_back()); });
  }
  static bool read(const json& from, std::string& to) {
    if (!from.is_string()) return false;
    to = from.get<std::string>();
    return true;
  }
  template <typename T>
  static bool read(const json& from, std::optional<T>& to) {
    return read(from, to.emplace());
  }
  static const char* words_for(bool) { return "true or false"; }
  static const char* words_for(int) { return "a whole number"; }
  static const char* words_for(std::uint64_t) { return "a whole number from 0 to 2^64-1"; }
  static const char* words_for(double) { return "a finite number"; }
  static const char* words_for(const std::vector<double>&) { return "a list of finite numbers"; }
  static const char* words_for(const std::string&) { return "a text"; }
  static const char* words_for(const std::optional<std::string>&) { return "a text or null"; }
  static const char* words_for(const std::optional<int>&) { return "a whole number or null"; }

  const json& fields_;
  std::set<std::string> taken_ = {"op", "id"};
};

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

json to_json(const LoadOptions& o) {
  return {{"model", o.model},
          {"vae", o.vae},
          {"scheduler", o.scheduler},
          {"variant", o.variant},
          {"precision", o.precision},
          {"vae_precision", o.vae_precision},
          {"threads", o.threads},
          {"cold", o.cold},
          {"accumulation_block", o.accumulation_block}};
}

LoadOptions read_load_options(const json& fields) {
  LoadOptions o;
  Message message(fields);
  message.take("model", o.model);
  message.take("vae", o.vae);
  message.take("scheduler", o.scheduler);
  message.take("variant", o.variant);
  message.take("precision", o.precision);
  message.take("vae_precision", o.vae_precision);
  message.take("threads", o.threads);
  message.take("cold", o.cold);
  message.take("accumulation_block", o.accumulation_block);
  message.finish();
  return o;
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
  return {{"prompt", r.prompt},
          {"negative", r.negative_prompt ? json(*r.negative_prompt) : json()},
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
}

Request read_request(const json& fields) {
  Request r;
  std::string size = "128x128", deepcache;
  Message message(fields);
  message.take("prompt", r.prompt);
  message.take("negative", r.negative_prompt);
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
