// The files of a quality sample: RUN/images/ID.png, RUN/latents/ID.safetensors and
// RUN/traces/ID.safetensors.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace sameseed {

// `kind` is the field of a request that names the file: "image", "latents" or "trace".
std::filesystem::path sample_file(const std::filesystem::path& run, const std::string& kind,
                                  const std::string& sample);

// Whether a record's `files` may name this kind.
bool is_sample_file(const std::string& kind);

// Makes the folders, since outside engines find those they write to, and removes from them what a
// killed writer left: every file that is no result. Throws UserError where something else stands in
// the way.
void prepare_sample_folders(const std::filesystem::path& run);

// Whether all files that a sample's record names are there and still what it says, by SHA-256.
bool files_are_there(const std::filesystem::path& run, const nlohmann::json& record);

// {"image": SHA-256, "latents": ..., "trace": ...} of what a request wrote to the paths in it.
// Throws WorkerFailure ("incomplete") where a file is missing or the picture is not whole. An
// engine that has no latents need not write them.
nlohmann::json check_files(const nlohmann::json& request, bool has_latents = true);

}  // namespace sameseed
