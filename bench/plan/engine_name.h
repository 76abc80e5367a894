// How plans and command lines name an engine that is a folder of pictures: "folder DIR".
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

}  // namespace sameseed
