// How plans and command lines name engines; one that is a folder of pictures is "folder DIR".
#pragma once

#include <filesystem>
#include <string>

namespace sameseed {

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

// Engines that this project's workers have built in.
inline bool is_built_in(const std::string& engine) {
  return engine == "reference" || engine == "accelerated" || engine == "null";
}

}  // namespace sameseed
