#include "bench/plan/matrix.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "bench/plan/axis_name.h"
#include "bench/plan/axis_value.h"
#include "bench/plan/engine_name.h"
#include "bench/plan/points.h"
#include "bench/plan/prompts.h"
#include "bench/plan/switch_names.h"
#include "bench/schema/matrix.schema.h"
#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "io/json_schema.h"
#include "io/nearest.h"
#include "io/sha256.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr double kMostPoints = 100'000, kMostCases = 999'999;
constexpr std::size_t kMostAxes = 64;

// What a schema cannot say. Every complaint names the file and the field.
class MatrixReader {
 public:
  MatrixReader(const std::filesystem::path& path, const json& text) : path_(path), text_(text) {}

  Matrix matrix() const {
    Matrix matrix;
    matrix.name = text_.value("name", path_.stem().string());
    if (matrix.name.find('/') != std::string::npos)  // it becomes a folder's
      refuse("name", "must not hold /, as " + excerpt(matrix.name) + " does");
    check_printable("name", matrix.name);
    matrix.model = text_.value("model", matrix.model);
    check_printable("model", matrix.model);
    for (const auto& [arm, engine] :
         {std::pair{"reference", "reference"}, {"candidate", "accelerated"}})
      matrix.engines[arm] = engine_of(arm, engine);

    const json& requests = text_.at("requests");
    if (const json& prompts = requests.at("prompts"); prompts.is_string())
      check_printable("requests.prompts", prompts.get<std::string>());
    matrix.prompts = read_prompts(requests.at("prompts"), path_);
    matrix.seeds = seeds(requests.value("seeds", json::array({0})));
    matrix.request = {{"guidance", requests.value("guidance", 5.0)},
                      {"size", requests.value("size", "128x128")},
                      {"steps", requests.value("steps", 30)},
                      {"negative", requests.value("negative", json())},
                      {"deepcache", nullptr},
                      {"enhance", nullptr}};
    // Left out where they are not asked for: a case's id is of its request.
    for (const std::string& name : request_fields())
      if (requests.contains(name) && !matrix.request.contains(name))
        matrix.request[name] = requests.at(name);
    for (const auto& [name, value] : matrix.request.items())
      if (const std::string why = refusal_of({AxisKind::kRequest, name}, value); !why.empty())
        throw UserError(fmt::format("{}: requests.{}", path_.string(), why));
    if (requests.contains("noise_precision"))
      matrix.noise_precision = requests.at("noise_precision").get<std::string>();
    const json timing = text_.value("timing", json::object());
    matrix.timing = {timing.value("warmup", matrix.timing.warmup),
                     timing.value("blocks", matrix.timing.blocks),
                     timing.value("prompts", matrix.timing.prompts)};
    for (const auto& [arm, engine] : matrix.engines)
      if (is_folder(engine) && matrix.timing.blocks > 0)
        refuse("timing.blocks",
               fmt::format("must be 0: the {}'s pictures lie in a folder and took no time", arm));
    matrix.models = models();
    matrix.claims = text_.value("claims", false);
    matrix.floor = text_.value("floor", false);
    matrix.oracle = text_.value("oracle", false);
    return matrix;
  }

  // Every model that is named is used, and an axis and a model do not set the same thing.
  void check_models(const Matrix& matrix) const {
    std::set<std::string> used;
    for (const Axis& axis : matrix.axes) {
      const BareAxisName bare = parse_axis_name(axis.name).bare;
      if (bare == kModelAxis)
        for (const json& value : axis.values) used.insert(value.get<std::string>());
      if (bare.kind != AxisKind::kRequest) continue;
      for (const auto& [name, model] : matrix.models)
        if (model.request.contains(bare.name))
          refuse(fmt::format("models.{}.{}", printable(name), bare.name),
                 fmt::format("the axis {} sets it as well; remove one of them", axis.name));
    }
    for (const auto& [name, model] : matrix.models) {
      for (const char* list : {"timesteps", "sigmas"})
        if (model.request.contains("steps") && !matrix.request.value(list, json()).is_null())
          refuse(fmt::format("models.{}.steps", printable(name)),
                 fmt::format("is not read beside requests.{}, whose number stands for it; remove "
                             "one of them",
                             list));
      if (!used.contains(name))
        refuse("models." + printable(name),
               "no axis names it; name it in an axis both.load.model, or remove it");
    }
  }

  // `names`: of the axes, in the file's order.
  std::vector<Axis> axes(const std::vector<std::string>& names) const {
    if (names.size() > kMostAxes)
      refuse("axes", fmt::format("{} axes; at most {} are planned", names.size(), kMostAxes));
    std::vector<Axis> axes;
    std::vector<AxisName> parsed;
    for (const std::string& name : names) {
      parsed.push_back(name_of_axis(name));
      for (std::size_t i = 0; i < axes.size(); ++i)
        if (overlap(parsed[i], parsed.back()))
          refuse("axes." + printable(name),
                 fmt::format("sets what {} sets as well; remove one of them", axes[i].name));
      axes.push_back({name, text_.at("axes").at(name).get<std::vector<json>>()});
      check_values(parsed.back(), axes.back());
    }
    return axes;
  }

  std::map<std::string, std::string> reasons(const std::vector<Axis>& axes) const {
    const auto reasons = text_.value("reasons", std::map<std::string, std::string>());
    for (const auto& [name, reason] : reasons) check_axis(axes, "reasons." + printable(name), name);
    return reasons;
  }

  std::vector<Exclusion> exclusions(const std::vector<Axis>& axes) const {
    std::vector<Exclusion> exclusions;
    for (const json& rule : text_.value("exclude", json::array())) {
      exclusions.push_back({rule.at("when").get<Point>(), rule.at("because").get<std::string>()});
      for (const auto& [name, value] : exclusions.back().when)
        check_value_of(axes,
                       fmt::format("exclude[{}].when.{}", exclusions.size() - 1, printable(name)),
                       name, value);
    }
    return exclusions;
  }

  // `list`: of the file's, `name`.
  std::vector<Point> settings(const std::vector<Axis>& axes, const json& list,
                              const char* name) const {
    std::vector<Point> settings;
    for (const json& entry : list) {
      const std::string field = fmt::format("{}[{}]", name, settings.size());
      settings.push_back(entry.get<Point>());
      for (const auto& [axis, value] : settings.back())
        check_value_of(axes, field + "." + printable(axis), axis, value);
      if (const auto same = std::ranges::find(settings, settings.back());
          same + 1 != settings.end())
        refuse(field, "stands twice; remove one");
    }
    return settings;
  }

  // A misspelt switch, or a value that none of its readers knows, reads "0 exactly" in every
  // report: this switch is free.
  void check_switches(const std::vector<Axis>& axes) const {
    const auto meant = text_.value("unknown_switches", std::vector<std::string>());
    std::set<std::string> named;
    for (const Axis& axis : axes) {
      const BareAxisName bare = parse_axis_name(axis.name).bare;
      if (bare.kind != AxisKind::kEnv) continue;
      named.insert(bare.name);
      if (std::ranges::find(meant, bare.name) != meant.end()) continue;
      std::string why = refusal_of_switch(bare.name);
      for (const json& value : axis.values)
        if (why.empty() && value.is_string())
          why = refusal_of_switch_value(bare.name, value.get<std::string>());
      if (!why.empty())
        refuse("axes." + printable(axis.name),
               fmt::format("{} Where it is meant, write \"unknown_switches\": [\"{}\"]",
                           why.ends_with('?') ? why : why + ".", printable(bare.name)));
    }
    for (std::size_t i = 0; i < meant.size(); ++i)
      if (!named.contains(meant[i]))
        refuse(fmt::format("unknown_switches[{}]", i),
               "no axis varies " + excerpt(meant[i]) + "; remove it");
  }

  void check_size(const Matrix& matrix) const {
    double points = 1;
    for (const Axis& axis : matrix.axes) points *= static_cast<double>(axis.values.size());
    if (points > kMostPoints)  // all are looked at, also where `settings` asks for a few
      refuse("axes", fmt::format("{:.9g} combinations; at most {} are planned, so leave out values "
                                 "or split the matrix",
                                 points, kMostPoints));
    points = static_cast<double>(planned_points(matrix).size());
    const double cases = points * static_cast<double>(matrix.prompts.size()) *
                         static_cast<double>(matrix.seeds.size());
    if (cases > kMostCases)
      refuse("requests",
             fmt::format("{:.9g} cases ({} combinations x {} prompts x {} seeds); at most {} are "
                         "planned, so leave out some or split the matrix",
                         cases, points, matrix.prompts.size(), matrix.seeds.size(), kMostCases));
  }

 private:
  [[noreturn]] void refuse(const std::string& field, const std::string& why) const {
    throw UserError(fmt::format("{}: {}: {}", path_.string(), field, why));
  }

  std::string engine_of(const std::string& name, const std::string& by_default) const {
    const json arm = text_.value(name, json::object());
    const std::string engine = arm.value("engine", by_default);
    if (arm.contains("pictures") != (engine == "folder"))
      refuse(name + ".pictures",
             engine == "folder" ? "is missing; name the folder that holds the pictures"
                                : "is for the engine folder only; this one is " + excerpt(engine));
    if (engine != "folder") return engine;
    const auto pictures = arm.at("pictures").get<std::string>();
    check_printable(name + ".pictures", pictures);
    return folder_engine_name(path_.parent_path() / pictures);
  }

  // Of names and paths, which stand in messages of one line.
  void check_printable(const std::string& field, const std::string& text) const {
    for (const char c : text)
      if (static_cast<unsigned char>(c) < 0x20)
        refuse(field, "must not hold control characters, as " + excerpt(text) + " does");
  }

  AxisName name_of_axis(const std::string& text) const {
    try {
      return parse_axis_name(text);
    } catch (const UserError& error) {
      refuse("axes." + printable(text), error.what());
    }
  }

  std::map<std::string, NamedModel> models() const {
    std::map<std::string, NamedModel> models;
    const json entries = text_.value("models", json::object());
    for (const auto& [name, entry] : entries.items()) {
      const std::string field = "models." + printable(name);
      if (name.empty()) refuse("models", "a model's name is empty; reports call it by that");
      check_printable(field, name);
      NamedModel model{.path = entry.at("path"), .request = entry};
      model.request.erase("path");
      check_printable(field + ".path", model.path);
      for (const auto& [of_request, value] : model.request.items())
        if (const std::string why = refusal_of({AxisKind::kRequest, of_request}, value);
            !why.empty())
          refuse(field, why);
      models.emplace(name, std::move(model));
    }
    return models;
  }

  // What lies in a model's folder counts, and not what the folder is called: so it has a name.
  void check_model(const std::string& field, const json& value) const {
    std::vector<std::string> names;
    const json models = text_.value("models", json::object());
    for (const auto& [name, model] : models.items()) names.push_back(name);
    if (value.is_string() && std::ranges::find(names, value.get<std::string>()) != names.end())
      return;
    refuse(field, names.empty()
                      ? fmt::format("{} is no model of this matrix, which has no `models`; write "
                                    "\"models\": {{\"NAME\": {{\"path\": \"FOLDER\"}}}}",
                                    excerpt(value))
                      : fmt::format("{} is no model of this matrix; its `models` are {}",
                                    excerpt(value), fmt::join(names, ", ")));
  }

  void check_values(const AxisName& name, const Axis& axis) const {
    const std::string field = "axes." + printable(axis.name);
    if (name.bare == kModelAxis)
      for (const json& value : axis.values) check_model(field, value);
    std::map<std::string, const json*> meanings;
    for (const json& value : axis.values) {
      if (const std::string why = refusal_of(name.bare, value); !why.empty()) refuse(field, why);
      const auto [before, fresh] = meanings.emplace(meaning_of(name.bare, value), &value);
      if (!fresh && *before->second == value)
        refuse(field, excerpt(value) + " stands twice; remove one");
      if (!fresh)
        refuse(field, fmt::format("{} and {} mean the same; remove one", excerpt(*before->second),
                                  excerpt(value)));
    }
  }

  // The axis of this name, which `field` names; refused where there is none.
  const Axis& check_axis(const std::vector<Axis>& axes, const std::string& field,
                         const std::string& name) const {
    std::vector<std::string> names;
    for (const Axis& axis : axes) {
      names.push_back(axis.name);
      if (axis.name == name) return axis;
    }
    refuse(field, "there is no such axis in this matrix" +
                      (names.empty() ? "; it has none" : "; " + hint_for(name, names)));
  }

  void check_value_of(const std::vector<Axis>& axes, const std::string& field,
                      const std::string& name, const json& value) const {
    const std::vector<json>& values = check_axis(axes, field, name).values;
    if (std::find(values.begin(), values.end(), value) == values.end())
      refuse(field, fmt::format("{} is no value of this axis; its values are {}", excerpt(value),
                                excerpt(values)));
  }

  std::vector<std::uint64_t> seeds(const json& list) const {
    std::vector<std::uint64_t> seeds;
    std::map<std::uint32_t, std::uint64_t> known;  // noise is drawn from the low 32 bits
    for (const json& value : list) {
      const std::string field = fmt::format("requests.seeds[{}]", seeds.size());
      if (!value.is_number_unsigned() && value.get<std::int64_t>() < 0)
        refuse(field, fmt::format("must be a whole number from 0 to 2^64-1, not {}", value.dump()));
      seeds.push_back(value.get<std::uint64_t>());
      const auto [same, fresh] =
          known.emplace(static_cast<std::uint32_t>(seeds.back()), seeds.back());
      if (!fresh && same->second == seeds.back())
        refuse(field, fmt::format("{} stands twice; remove one", seeds.back()));
      if (!fresh)
        refuse(field, fmt::format("{} draws the same noise as {} (only a seed's low 32 bits "
                                  "count); remove one",
                                  seeds.back(), same->second));
    }
    return seeds;
  }

  const std::filesystem::path& path_;
  const json& text_;
};

// Which axis turns fastest is the file's to say, so their order there counts, which a parsed object
// has lost.
std::vector<std::string> axes_in_order(const std::string& text) {
  struct Axes : nlohmann::json_sax<json> {
    std::vector<std::string> names;
    int depth = 0;
    bool inside = false;
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return ++depth > 0; }
    bool end_object() override { return depth-- > 0; }
    bool start_array(std::size_t) override { return ++depth > 0; }
    bool end_array() override { return depth-- > 0; }
    bool key(string_t& name) override {
      if (depth == 1) inside = name == "axes";
      if (depth == 2 && inside) names.push_back(name);
      return true;
    }
    bool parse_error(std::size_t, const std::string&, const json::exception&) override {
      return false;
    }
  } axes;
  json::sax_parse(text, &axes);
  return axes.names;
}

}  // namespace

Matrix read_matrix(const std::filesystem::path& path) {
  return parse_matrix(read_file(path), path);
}

Matrix parse_matrix(const std::string& bytes, const std::filesystem::path& path) {
  const json text = parse_json(bytes, path.string());
  check_json(text, kMatrixSchema, path.string());
  const MatrixReader read(path, text);
  Matrix matrix = read.matrix();
  matrix.sha256 = sha256(bytes);
  matrix.folder = path.parent_path();
  matrix.axes = read.axes(axes_in_order(bytes));
  read.check_models(matrix);
  matrix.exclude = read.exclusions(matrix.axes);
  const json none = json::array();
  matrix.settings = read.settings(matrix.axes, text.value("settings", none), "settings");
  matrix.timing.settings = read.settings(
      matrix.axes, text.value("timing", json::object()).value("settings", none), "timing.settings");
  matrix.reasons = read.reasons(matrix.axes);
  read.check_switches(matrix.axes);
  read.check_size(matrix);
  return matrix;
}

}  // namespace sameseed
