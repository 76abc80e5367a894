// JSON that people write, checked against a JSON schema (draft 7) with an error that says where and
// what. The schemas lie beside their readers (bench/schema, reports/schema); sameseed_schemas() in
// cmake/ builds their text into the program, so that it needs no file of theirs at run time.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sameseed {

// Throws UserError with one line "FILE: FIELD: what is wrong and what would be right" for the first
// mistake, FIELD as in `exclude[0].when`. A field that does not exist (`additionalProperties:
// false`) is told with the nearest one that does; a place's `description` stands in the line.
// `schema` must not use what the validator is bad at: `pattern` (recurses once a character),
// `uniqueItems` (quadratic), `minimum` for integers of 2^63 and more (taken for negative).
void check_json(const nlohmann::json& value, std::string_view schema, const std::string& file);

// A value as it may stand in a message: its JSON on one line, cut after some 80 bytes.
std::string excerpt(const nlohmann::json& value);

// A key as it may stand in a message: on one line, whatever it holds, and cut like an excerpt.
std::string printable(const std::string& key);

}  // namespace sameseed
