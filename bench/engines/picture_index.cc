#include "bench/engines/picture_index.h"

#include <fmt/format.h>

#include <utility>

#include "bench/schema/pictures.schema.h"
#include "io/error.h"
#include "io/json.h"
#include "io/json_schema.h"

namespace sameseed {

using nlohmann::json;

PictureIndex::PictureIndex(std::string_view text, std::string where) : where_(std::move(where)) {
  const json read = parse_json(text, where_);
  check_json(read, kPicturesSchema, where_);
  pictures_ = read.at("pictures");
}

std::vector<std::string> PictureIndex::files() const {
  std::vector<std::string> files;
  for (const json& picture : pictures_) files.push_back(picture.at("file"));
  return files;
}

std::string PictureIndex::file_for(const Request& request) const {
  const json wanted = to_json(request);
  const json* match = nullptr;
  for (const json& picture : pictures_) {
    bool fits = true;
    for (const auto& [name, value] : picture.items())
      fits = fits && (name == "file" || wanted.at(name) == value);
    if (fits && match)
      throw UserError(
          fmt::format("{}: both {} and {} fit the prompt {} and seed {}; name what "
                      "else tells them apart, such as steps",
                      where_, match->at("file").dump(), picture.at("file").dump(),
                      json(request.prompt).dump(), request.seed));
    if (fits) match = &picture;
  }
  if (!match)
    throw UserError(fmt::format(
        "{}: names no picture for the prompt {} and seed {} ({} steps, guidance {}, {}, "
        "deepcache {}); add {{\"file\": \"NAME.png\", \"prompt\": {}, \"seed\": {}}}",
        where_, json(request.prompt).dump(), request.seed, request.steps, request.guidance,
        wanted.at("size").get<std::string>(), wanted.at("deepcache").dump(),
        json(request.prompt).dump(), request.seed));
  return match->at("file");
}

}  // namespace sameseed
