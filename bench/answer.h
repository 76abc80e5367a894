// What of a worker's answer goes into the records.
#pragma once

#include <nlohmann/json.hpp>

namespace sameseed {

// The fields of an answer to `generate` that records have, and no others: an outside engine may say
// more, and must not speak in the program's name. Throws WorkerFailure ("rubbish") that names the
// field where one has another type than the protocol's, or where `timings_ms.total` or
// `hashes.noise` and `hashes.token_ids` are missing.
nlohmann::json record_fields(const nlohmann::json& answer);

}  // namespace sameseed
