// The `folder` engine: gives pictures that were made elsewhere.
#pragma once

#include <filesystem>
#include <memory>

#include "pipeline/engine.h"

namespace sameseed {

// FOLDER/pictures.json (bench/schema/pictures.schema.json) names a picture for each request: the
// one entry whose fields all equal the request's. Pictures are 8-bit PNG or what else OpenCV reads;
// their size must be the request's. That they began with the noise and the token ids of the request
// is taken on trust and so stated. Errors name the file that is missing.
std::unique_ptr<Engine> make_folder_engine(const std::filesystem::path& folder);

}  // namespace sameseed
