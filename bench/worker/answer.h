// What of a worker's answer goes into the records.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

namespace sameseed {

// The fields of an answer to `generate` (as read_answer takes it) that records have, and no others:
// an outside engine may say more, and must not speak in the program's name. Throws WorkerFailure
// ("rubbish") where the reports would miss one (the total time, a word on each step, the hashes of
// noise and token ids), where one is of another type (reports/run/line_types.h), and for a time
// that is longer than the answer took, `wall_ms`, where that is known.
nlohmann::json record_fields(const nlohmann::json& answer, std::optional<double> wall_ms = {});

}  // namespace sameseed
