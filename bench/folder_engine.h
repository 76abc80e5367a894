// The `folder` engine: hands out pictures that somebody made elsewhere.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "pipeline/engine.h"

namespace sameseed {

// How plans and command lines name it: "folder DIR".
inline constexpr const char* kFolderEngine = "folder";
inline std::string folder_engine_name(const std::filesystem::path& folder) {
  return std::string(kFolderEngine) + " " +
         std::filesystem::absolute(folder).lexically_normal().string();
}
inline bool is_folder(const std::string& engine) {
  return engine.starts_with(std::string(kFolderEngine) + " ");
}
inline std::string folder_of(const std::string& engine) {
  return engine.substr(std::string(kFolderEngine).size() + 1);
}

// FOLDER/pictures.json (bench/schema/pictures.schema.json) names a picture for each request: the
// one entry whose fields all equal the request's. Pictures are 8-bit PNG or what else OpenCV reads;
// their size must be the request's. That they began with the noise and the token ids of the request
// is taken on trust and so stated. Errors name the file that is missing.
std::unique_ptr<Engine> make_folder_engine(const std::filesystem::path& folder);

}  // namespace sameseed
