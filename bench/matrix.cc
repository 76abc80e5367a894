#include "bench/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "io/error.h"
#include "io/files.h"
#include "io/nearest.h"
#include "io/sha256.h"
#include "pipeline/deepcache.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPoints = 100000;

const std::vector<std::string> kRequestFields = {"steps", "guidance", "size", "negative",
                                                 "deepcache"};
const std::vector<std::string> kLoadFields = {"vae",           "variant", "precision",
                                              "vae_precision", "threads", "accumulation_block"};

// Walks one matrix file; every complaint names the file and the field.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {}

  [[noreturn]] void refuse(const std::string& field, const std::string& why) const {
    throw UserError(fmt::format("{}: {}: {}", path_.string(), field, why));
  }

  void only(const json& object, const std::string& field,
            const std::vector<std::string>& known) const {
    if (!object.is_object()) refuse(field, "must be an object");
    for (const auto& [name, value] : object.items())
      if (std::find(known.begin(), known.end(), name) == known.end())
        refuse(field.empty() ? name : field + "." + name,
               fmt::format("there is no such field; did you mean \"{}\"?", nearest(name, known)));
  }

  template <typename T>
  T get(const json& object, const std::string& field, const char* name, T fallback) const {
    if (!object.contains(name)) return fallback;
    try {
      return object.at(name).get<T>();
    } catch (const json::exception&) {
      refuse(field + "." + name, "has the wrong type: " + object.at(name).dump());
    }
  }

  void check_value(const std::string& axis, const std::string& kind, const std::string& name,
                   const json& value) const {
    try {
      if (kind == "env" && !value.is_null() && !value.is_string())
        throw UserError("an environment variable is a text, or null for unset");
      if (kind == "request" && name == "deepcache" && !value.is_null())
        parse_deepcache(value.get<std::string>());
      if (kind == "request" && name == "size") parse_size(value.get<std::string>());
      if (kind == "request" && name == "steps" &&
          (!value.is_number_integer() || value.get<int>() < 1))
        throw UserError("steps must be a whole number from 1");
      if (kind == "load") {
        const json fields = {{name, value}};
        read_load_options(fields);
      }
    } catch (const json::exception&) {
      refuse("axes." + axis, "value " + value.dump() + " has the wrong type");
    } catch (const UserError& error) {
      refuse("axes." + axis, fmt::format("value {}: {}", value.dump(), error.what()));
    }
  }

  Axis axis(const std::string& name, const json& values) const {
    std::vector<std::string> parts(1);
    for (const char c : name) {
      if (c == '.' && parts.size() < 3)
        parts.emplace_back();
      else
        parts.back() += c;
    }
    if (parts.size() != 3 ||
        (parts[0] != "candidate" && parts[0] != "reference" && parts[0] != "both") ||
        (parts[1] != "env" && parts[1] != "load" && parts[1] != "request") || parts[2].empty())
      refuse("axes." + name,
             "an axis is named ARM.KIND.NAME with ARM candidate, reference or both and KIND env, "
             "load or request");
    const auto& known = parts[1] == "load" ? kLoadFields : kRequestFields;
    if (parts[1] != "env" && std::find(known.begin(), known.end(), parts[2]) == known.end())
      refuse("axes." + name, fmt::format("there is no such setting; did you mean \"{}\"?",
                                         nearest(parts[2], known)));
    if (!values.is_array() || values.empty()) refuse("axes." + name, "needs a list of values");
    for (const json& value : values) {
      if (std::count(values.begin(), values.end(), value) > 1)
        refuse("axes." + name, value.dump() + " stands twice");
      check_value(name, parts[1], parts[2], value);
    }
    return {name, values.get<std::vector<json>>()};
  }

  std::vector<std::string> prompts(const json& value) const {
    if (value.is_array()) return value.get<std::vector<std::string>>();
    if (!value.is_string()) refuse("requests.prompts", "must be a file or a list of prompts");
    std::vector<std::string> lines;
    std::istringstream text(read_file(path_.parent_path() / value.get<std::string>()));
    for (std::string line; std::getline(text, line);)
      if (!line.empty() && line.front() != '#') lines.push_back(line);
    return lines;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

Matrix read_matrix(const std::filesystem::path& path) {
  const json text = read_json(path);
  const Reader read(path);
  read.only(text, "",
            {"schema", "name", "model", "axes", "reference", "candidate", "exclude", "requests",
             "timing"});
  if (text.value("schema", json()) != "sameseed/matrix/1")
    read.refuse("schema", "must be \"sameseed/matrix/1\"");

  Matrix matrix;
  matrix.sha256 = sha256_of_file(path);
  matrix.name = read.get<std::string>(text, "", "name", path.stem().string());
  matrix.model = read.get<std::string>(text, "", "model", matrix.model);
  // Which axis turns fastest is the file's to say, so their order there counts.
  const auto ordered = nlohmann::ordered_json::parse(read_file(path));
  if (ordered.contains("axes"))
    for (const auto& [name, values] : ordered.at("axes").items())
      matrix.axes.push_back(read.axis(name, text.at("axes").at(name)));
  std::size_t count = 1;
  for (const Axis& axis : matrix.axes)
    if ((count *= axis.values.size()) > kMostPoints)
      read.refuse("axes",
                  fmt::format("more than {} combinations; leave out values, or split the matrix",
                              kMostPoints));

  for (const auto& [arm, engine] :
       {std::pair{"reference", "reference"}, {"candidate", "accelerated"}}) {
    const json side = text.value(arm, json::object());
    read.only(side, arm, {"engine"});
    matrix.engines[arm] = read.get<std::string>(side, arm, "engine", engine);
  }
  for (const json& rule : text.value("exclude", json::array())) {
    read.only(rule, "exclude", {"when", "because"});
    if (!rule.contains("when") || !rule.at("when").is_object())
      read.refuse("exclude.when", "must name axes and values");
    Exclusion exclusion{rule.at("when").get<Point>(),
                        read.get<std::string>(rule, "exclude", "because", "")};
    if (exclusion.because.empty())
      read.refuse("exclude.because", "a reason is needed: it stands in the report");
    for (const auto& [name, value] : exclusion.when)
      if (std::none_of(matrix.axes.begin(), matrix.axes.end(),
                       [&](const Axis& axis) { return axis.name == name; }))
        read.refuse("exclude.when." + name, "there is no such axis in this matrix");
    matrix.exclude.push_back(std::move(exclusion));
  }

  const json requests = text.value("requests", json::object());
  read.only(requests, "requests", {"prompts", "seeds", "guidance", "size", "steps", "negative"});
  if (!requests.contains("prompts"))
    read.refuse("requests.prompts", "is missing: name a file or list prompts");
  matrix.prompts = read.prompts(requests.at("prompts"));
  if (matrix.prompts.empty()) read.refuse("requests.prompts", "holds no prompt");
  matrix.seeds = read.get<std::vector<std::uint64_t>>(requests, "requests", "seeds", {0});
  if (matrix.seeds.empty()) read.refuse("requests.seeds", "holds no seed");
  matrix.request = {{"guidance", read.get<double>(requests, "requests", "guidance", 5.0)},
                    {"size", read.get<std::string>(requests, "requests", "size", "128x128")},
                    {"steps", read.get<int>(requests, "requests", "steps", 30)},
                    {"negative", requests.value("negative", json())},
                    {"deepcache", nullptr}};
  read.check_value("requests.size", "request", "size", matrix.request.at("size"));
  read.check_value("requests.steps", "request", "steps", matrix.request.at("steps"));

  const json timing = text.value("timing", json::object());
  read.only(timing, "timing", {"warmup", "blocks", "prompts"});
  matrix.timing = {read.get<int>(timing, "timing", "warmup", 1),
                   read.get<int>(timing, "timing", "blocks", 0),
                   read.get<int>(timing, "timing", "prompts", 1)};
  if (matrix.timing.warmup < 0 || matrix.timing.blocks < 0 || matrix.timing.prompts < 1)
    read.refuse("timing", "numbers must not be negative, and at least one prompt is timed");
  return matrix;
}

std::vector<Point> points(const std::vector<Axis>& axes) {
  std::size_t count = 1;
  for (const Axis& axis : axes) count *= axis.values.size();
  std::vector<Point> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t rest = i;
    for (auto axis = axes.rbegin(); axis != axes.rend(); rest /= axis->values.size(), ++axis)
      all[i][axis->name] = axis->values[rest % axis->values.size()];
  }
  return all;
}

}  // namespace sameseed
