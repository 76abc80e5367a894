#include "io/json_schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "io/error.h"
#include "io/nearest.h"

namespace sameseed {
namespace {

using nlohmann::json;
using Steps = std::vector<std::string>;  // "<root>", "[axes]", "[0]", as valijson writes them
using Error = valijson::ValidationResults::Error;

constexpr std::size_t kLongestExcerpt = 80;

std::string shortened(std::string text) {
  if (text.size() <= kLongestExcerpt) return text;
  std::size_t end = kLongestExcerpt;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole letters
  return text.substr(0, end) + "...";
}

std::string name_of(const std::string& step) { return step.substr(1, step.size() - 2); }

const json& resolved(const json& schema, const json& root) {
  const json* at = &schema;
  while (at->is_object() && at->contains("$ref"))
    at = &root.at(json::json_pointer(at->at("$ref").get<std::string>().substr(1)));
  return *at;
}

// The schema of a member or an entry, or null where nothing is said of it.
const json* schema_below(const json& schema, const json& root, const json& parent,
                         const std::string& name) {
  const json& here = resolved(schema, root);
  if (!here.is_object()) return nullptr;
  if (parent.is_array()) return here.contains("items") ? &here.at("items") : nullptr;
  if (here.contains("properties") && here.at("properties").contains(name))
    return &here.at("properties").at(name);
  if (here.contains("additionalProperties")) return &here.at("additionalProperties");
  for (const char* combined : {"allOf", "anyOf", "oneOf"})
    if (here.contains(combined))
      for (const json& part : here.at(combined))
        if (const json* found = schema_below(part, root, parent, name)) return found;
  return nullptr;
}

std::string limits_of(const json& schema) {
  const auto number = [&](const char* name) { return schema.at(name).dump(); };
  std::string text;
  if (schema.contains("minimum") && schema.contains("maximum"))
    text += fmt::format(" from {} to {}", number("minimum"), number("maximum"));
  else if (schema.contains("minimum"))
    text += " of at least " + number("minimum");
  else if (schema.contains("maximum"))
    text += " of at most " + number("maximum");
  if (schema.contains("exclusiveMinimum")) text += " above " + number("exclusiveMinimum");
  if (schema.contains("exclusiveMaximum")) text += " below " + number("exclusiveMaximum");
  if (schema.contains("multipleOf")) text += " that is a multiple of " + number("multipleOf");
  const auto counted = [&](const char* name, const char* words, const char* one, const char* many) {
    if (schema.contains(name))
      text += fmt::format(" {} {} {}", words, number(name), schema.at(name) == 1 ? one : many);
  };
  counted("minLength", "of at least", "character", "characters");
  counted("maxLength", "of at most", "character", "characters");
  counted("minItems", "of at least", "entry", "entries");
  counted("maxItems", "of at most", "entry", "entries");
  counted("minProperties", "of at least", "field", "fields");
  return text;
}

// "a whole number from 1 to 1000 (sampler steps)"; empty where the schema says nothing.
std::string demand_of(const json& schema, const json& root) {
  static const std::map<std::string, std::string> kTypes = {
      {"string", "a text"}, {"integer", "a whole number"}, {"number", "a number"},
      {"array", "a list"},  {"object", "an object"},       {"boolean", "true or false"},
      {"null", "null"}};
  const json& here = resolved(schema, root);
  if (!here.is_object()) return "";
  Steps choices;
  if (here.contains("const")) choices = {here.at("const").dump()};
  if (here.contains("enum"))
    for (const json& value : here.at("enum")) choices.push_back(value.dump());
  if (choices.empty() && here.contains("type")) {
    const json& type = here.at("type");
    for (const json& one : type.is_array() ? type : json::array({type}))
      choices.push_back(kTypes.at(one.get<std::string>()));
  }
  for (const char* combined : {"anyOf", "oneOf"})
    if (choices.empty() && here.contains(combined))
      for (const json& part : here.at(combined))
        if (const std::string demand = demand_of(part, root); !demand.empty())
          choices.push_back(demand);
  std::string text = fmt::format("{}", fmt::join(choices, " or ")) + limits_of(here);
  if (const auto said = schema.find("description"); said != schema.end())
    text += (text.empty() ? "" : " ") + fmt::format("({})", said->get<std::string>());
  return text;
}

class Complaint {
 public:
  Complaint(const json& value, const json& schema, const Error& error)
      : root_(schema), value_(&value), schema_(&schema), said_(error.description) {
    for (std::size_t i = 1; i < error.context.size(); ++i) step(name_of(error.context[i]));
  }

  std::string text() const {
    if (schema_ == nullptr) return place("", said_);
    const json& schema = resolved(*schema_, root_);
    if (schema == json(false)) return place("", "nothing may stand here");
    if (value_->is_object() && schema.is_object()) {
      if (const std::string found = wrong_member(schema); !found.empty()) return found;
      for (const json& part : schema.value("allOf", json::array()))
        if (const std::string found = wrong_member(resolved(part, root_)); !found.empty())
          return found;
      for (const auto& [combined, words] :
           {std::pair{"oneOf", "exactly one of"}, {"anyOf", "one of"}})
        if (const std::string list = alternatives(schema, combined); !list.empty())
          return place("", fmt::format("needs {} {}", words, list));
    }
    const std::string demand = demand_of(*schema_, root_);
    if (demand.empty()) return place("", said_);
    return place("", fmt::format("must be {}, not {}", demand, excerpt(*value_)));
  }

 private:
  void step(const std::string& name) {
    if (schema_ != nullptr) schema_ = schema_below(*schema_, root_, *value_, name);
    if (value_->is_array()) {
      path_ += fmt::format("[{}]", name);
      value_ = &value_->at(std::stoul(name));
    } else {
      path_ += (path_.empty() ? "" : ".") + printable(name);
      value_ = &value_->at(name);
    }
  }

  std::string place(const std::string& member, const std::string& what) const {
    const std::string path = member.empty()  ? path_
                             : path_.empty() ? printable(member)
                                             : path_ + "." + printable(member);
    return path.empty() ? what : fmt::format("{}: {}", path, what);
  }

  // What is wrong with the object's own names, or nothing.
  std::string wrong_member(const json& schema) const {
    const json properties = schema.value("properties", json::object());
    if (schema.value("additionalProperties", json()) == json(false))
      for (const auto& [name, ignored] : value_->items())
        if (!properties.contains(name)) {
          Steps known;
          for (const auto& [other, unused] : properties.items()) known.push_back(other);
          return place(name, "there is no such field; " + hint_for(name, known));
        }
    for (const json& name : schema.value("required", json::array()))
      if (!value_->contains(name.get<std::string>())) {
        const std::string demand =
            properties.contains(name) ? demand_of(properties.at(name), root_) : "";
        return place(
            name, demand.empty() ? "is missing" : fmt::format("is missing: it must be {}", demand));
      }
    return "";
  }

  // "\"at_most\", \"at_least\"" where each alternative asks for fields and nothing else; empty
  // where the object has what they ask for.
  std::string alternatives(const json& schema, const std::string& combined) const {
    std::string list;
    int met = 0;
    for (const json& part : schema.value(combined, json::array())) {
      if (!part.is_object() || part.size() != 1 || !part.contains("required")) return "";
      const json& names = part.at("required");
      met += std::all_of(names.begin(), names.end(), [&](const json& name) {
        return value_->contains(name.get<std::string>());
      });
      list += (list.empty() ? "" : ", ") + fmt::format("{}", fmt::join(names, "+"));
    }
    return met == 1 || (met > 0 && combined == "anyOf") ? "" : list;
  }

  const json& root_;
  const json* value_;
  const json* schema_;
  std::string said_, path_;
};

// The validator goes on after a mistake and tells it again for each object around it: the first one
// that has none below it.
Error innermost(const valijson::ValidationResults& results) {
  Error chosen = *results.begin();
  for (const Error& error : results)
    if (error.context.size() > chosen.context.size() &&
        std::equal(chosen.context.begin(), chosen.context.end(), error.context.begin()))
      chosen = error;
  return chosen;
}

}  // namespace

std::string excerpt(const json& value) {
  return shortened(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string printable(const std::string& key) {
  const std::string quoted = json(key).dump(-1, ' ', false, json::error_handler_t::replace);
  return shortened(quoted.substr(1, quoted.size() - 2));
}

namespace {

struct ReadSchema {
  explicit ReadSchema(std::string_view schema) : text(json::parse(schema)) {
    valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(text), parsed);
  }
  const json text;
  valijson::Schema parsed;
};

// A program has a handful of schemas; to read one takes longer than to check a small file by it.
const ReadSchema& read_schema(std::string_view schema) {
  static std::mutex reading;
  static std::map<std::string, ReadSchema, std::less<>> known;
  const std::lock_guard lock(reading);
  const auto found = known.find(schema);
  return found != known.end() ? found->second
                              : known.try_emplace(std::string(schema), schema).first->second;
}

}  // namespace

void check_json(const json& value, std::string_view schema, const std::string& file) {
  const auto& [text, parsed] = read_schema(schema);
  const valijson::adapters::NlohmannJsonAdapter target(value);
  if (valijson::Validator().validate(parsed, target, nullptr)) return;
  // A second pass, as only this one keeps what it finds.
  valijson::ValidationResults results;
  valijson::Validator().validate(parsed, target, &results);
  if (results.numErrors() == 0) throw UserError(file + ": does not fit its schema");
  throw UserError(fmt::format("{}: {}", file, Complaint(value, text, innermost(results)).text()));
}

}  // namespace sameseed
