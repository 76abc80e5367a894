#include "bench/plan/plan_file.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include "bench/plan/plan.h"
#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/json_schema.h"
#include "io/text.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

// Plain code instead of a JSON schema: a validator takes seconds for the largest plans, and cannot
// follow an id.
class PlanReader {
 public:
  enum class Samples { kKept, kChecked };
  PlanReader(std::filesystem::path path, Samples samples) : path_(std::move(path)) {
    json kept = json::array();
    plan_ = parse_json(read_file(path_), path_.string(), "samples", [&](json entry) {
      check_sample(entry);
      if (samples == Samples::kKept) kept.push_back(std::move(entry));
    });
    if (plan_.is_object() && plan_.contains("samples") && plan_.at("samples").is_array())
      plan_["samples"] = std::move(kept);
  }

  json plan() {
    if (!plan_.is_object() || (plan_.value("schema", json()) != kPlanSchema &&
                               plan_.value("schema", json()) != kOlderPlanSchema))
      refuse("schema", fmt::format("must be \"{}\"", kPlanSchema));
    need(plan_, "", "name", is_text, "a text");
    need(plan_, "", "matrix_sha256", is_text, "a text");
    for (const char* name : {"warmup", "blocks", "prompts"})
      need(need(plan_, "", "timing", is_object, "an object"), "timing", name, is_count, kCount);
    for (const char* name : {"axes", "excluded"}) need(plan_, "", name, is_list, "a list");
    if (plan_.contains("trace") && !plan_.at("trace").is_boolean())
      refuse("trace", "must be true or false");
    read_environments();
    read_cases();
    read_comparisons();
    if (plan_.contains("floor")) read_floor();
    if (plan_.contains("time_floor")) read_time_floor();
    need(plan_, "", "samples", is_list, "a list");
    check_ids_of_samples();
    return std::move(plan_);
  }

 private:
  static constexpr const char* kCount = "a whole number of at least 0";
  static bool is_text(const json& value) { return value.is_string(); }
  static bool is_object(const json& value) { return value.is_object(); }
  static bool is_list(const json& value) { return value.is_array(); }
  static bool is_count(const json& value) { return value.is_number_unsigned(); }
  // What becomes a part of a file's name.
  static bool is_name(const json& value) {
    return value.is_string() && is_plain_name(value.get_ref<const std::string&>());
  }
  static bool is_text_or_null(const json& value) { return value.is_string() || value.is_null(); }

  [[noreturn]] void refuse(const std::string& field, const std::string& why) const {
    throw UserError(fmt::format("{}: {}: {}; make the plan anew with `sameseed plan`",
                                path_.string(), field, why));
  }

  using Fits = bool (*)(const json&);
  const json& need(const json& object, const std::string& place, const char* name, Fits fits,
                   const char* what) const {
    const std::string field = place.empty() ? name : fmt::format("{}.{}", place, name);
    if (!object.is_object() || !object.contains(name)) refuse(field, "is missing");
    if (!fits(object.at(name)))
      refuse(field, fmt::format("must be {}, not {}", what, excerpt(object.at(name))));
    return object.at(name);
  }

  void need_id(const std::set<std::string>& known, const json& object, const std::string& place,
               const char* name) const {
    const std::string id = need(object, place, name, is_text, "an id");
    if (!known.contains(id))
      refuse(fmt::format("{}.{}", place, name), fmt::format("there is no {}", excerpt(id)));
  }

  // Calls `read(entry, place)` for each entry of a list, and gathers their ids.
  template <typename Read>
  std::set<std::string> each(const char* list, Read read) const {
    std::set<std::string> ids;
    std::size_t index = 0;
    for (const json& entry : need(plan_, "", list, is_list, "a list")) {
      const std::string place = fmt::format("{}[{}]", list, index++);
      if (!ids.insert(need(entry, place, "id", is_text, "an id")).second)
        refuse(place + ".id", "stands twice");
      read(entry, place);
    }
    return ids;
  }

  void read_environments() {
    environments_ = each("environments", [&](const json& entry, const std::string& place) {
      need(entry, place, "engine", is_text, "a text");
      need(entry, place, "load", is_object, "an object");
      for (const auto& [name, value] :
           need(entry, place, "variables", is_object, "an object").items())
        if (!is_text_or_null(value))
          refuse(fmt::format("{}.variables.{}", place, name), "must be a text or null");
    });
  }

  void read_cases() {
    cases_ = each("cases", [&](const json& entry, const std::string& place) {
      need_id(environments_, entry, place, "environment");
      need(entry, place, "noise_precision", is_name, kPlainName);
      const json& request = need(entry, place, "request", is_object, "an object");
      for (const char* name : {"prompt", "size"})
        need(request, place + ".request", name, is_text, "a text");
      need(request, place + ".request", "seed", is_count, kCount);
      try {
        read_request(request);
      } catch (const UserError& error) {
        refuse(place + ".request", error.what());
      }
    });
  }

  // Before the lists are read that it may belong to: where the id is that it names is kept.
  void check_sample(const json& entry) {
    const std::string place = fmt::format("samples[{}]", sample_ids_.size());
    const std::string id = need(entry, place, "id", is_name, kPlainName);
    if (!sample_ids_.insert(id).second) refuse(place + ".id", "stands twice");
    of_cases_.try_emplace(need(entry, place, "case", is_text, "an id"), place + ".case");
    const json& kind = need(entry, place, "kind", is_text, "a text");
    need(entry, place, "arm", is_text_or_null, "a text or null");
    for (const char* name : {"block", "position"}) need(entry, place, name, is_count, kCount);
    if (kind == "timing")
      of_comparisons_.try_emplace(need(entry, place, "comparison", is_text, "an id"),
                                  place + ".comparison");
    else
      need(entry, place, "comparison", is_text_or_null, "an id or null");
  }

  void check_ids_of_samples() const {
    const auto check = [this](const std::map<std::string, std::string>& named,
                              const std::set<std::string>& known) {
      for (const auto& [id, place] : named)
        if (!known.contains(id)) refuse(place, fmt::format("there is no {}", excerpt(id)));
    };
    check(of_cases_, cases_);
    check(of_comparisons_, comparisons_);
  }

  void read_comparisons() {
    comparisons_ = each("comparisons", [&](const json& entry, const std::string& place) {
      need(entry, place, "kind", is_text, "a text");
      need(entry, place, "setting", is_object, "an object");
      read_pairs(entry, place);
    });
  }

  void read_floor() {
    each("floor", [&](const json& entry, const std::string& place) {
      need(entry, place, "arm", is_text, "a text");
      need(entry, place, "kind", is_text, "a text");
      read_pairs(entry, place);
    });
  }

  void read_time_floor() {
    comparisons_.merge(each("time_floor", [&](const json& entry, const std::string& place) {
      need_id(environments_, entry, place, "environment");
      read_pairs(entry, place);
    }));
  }

  void read_pairs(const json& entry, const std::string& place) const {
    std::size_t index = 0;
    for (const json& pair : need(entry, place, "pairs", is_list, "a list")) {
      const std::string at = fmt::format("{}.pairs[{}]", place, index++);
      need_id(cases_, pair, at, "candidate");
      need_id(cases_, pair, at, "reference");
      if (pair.contains("oracle")) need_id(cases_, pair, at, "oracle");
      need(pair, at, "prompt", is_text, "a text");
      need(pair, at, "seed", is_count, kCount);
    }
  }

  std::filesystem::path path_;
  json plan_;
  std::set<std::string> environments_, cases_, comparisons_;
  std::unordered_set<std::string> sample_ids_;
  std::map<std::string, std::string> of_cases_, of_comparisons_;  // id -> the first that names it
};

}  // namespace

json read_plan(const std::filesystem::path& run) {
  return PlanReader(run / "plan.json", PlanReader::Samples::kKept).plan();
}

void check_plan(const std::filesystem::path& run) {
  PlanReader(run / "plan.json", PlanReader::Samples::kChecked).plan();
}

void check_format(const json& plan, const std::filesystem::path& run) {
  if (plan.value("schema", json()) == kOlderPlanSchema)
    throw UserError(fmt::format(
        "{}: holds a run of an older version, which does not say of which model and variables it "
        "is "
        "made; `report`, `gate` and `compare` take it, but nothing can be added: name another "
        "folder with --out",
        run.string()));
}

}  // namespace sameseed
