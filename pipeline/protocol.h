// The line protocol between the program and its workers: one JSON object a line on stdin and
// stdout, logs on stderr, end of input means quit. An engine answers `load` (LoadOptions) and
// `generate` (Request). Answers carry `ok`; where it is false, `kind` ("unsupported", "invalid",
// "out_of_memory", "error") and `error` say why.
#pragma once

#include <functional>
#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string_view>

#include "pipeline/engine.h"
#include "pipeline/load_options.h"

namespace sameseed {

// Messages as they travel. The readers throw UserError that names an unknown, missing or mistyped
// field.
nlohmann::json to_json(const NoiseRequest& request);
nlohmann::json to_json(const Request& request);
NoiseRequest read_noise_request(const nlohmann::json& fields);
Request read_request(const nlohmann::json& fields);

// "128x96" -> {128, 96}; throws UserError.
std::pair<int, int> parse_size(const std::string& text);

// The same for sizes that SDXL is told, which are any from 0x0 to 65504x65504; `name`: the field.
SizeConditioning::Extent parse_extent(const std::string& text, const char* name);

// What an engine answers to one message. Throws what `serve` turns into refusals.
nlohmann::json answer_of(Engine& engine, const nlohmann::json& message);

// An answer as it came from an engine, which may be anybody's. Throws UserError that says in what
// it breaks the protocol: no `ok`, or a field of another type than it has.
nlohmann::json read_answer(std::string_view line);

// Answers messages until the input ends.
using Answer = std::function<nlohmann::json(const nlohmann::json& message)>;
void serve(const Answer& answer, std::istream& in, std::ostream& out);

}  // namespace sameseed
