// pictures.json of a folder of pictures (bench/schema/pictures.schema.json): which picture stands
// for which request.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/protocol.h"

namespace sameseed {

class PictureIndex {
 public:
  // Throws UserError that begins with `where` (the file) and names the field.
  PictureIndex(std::string_view text, std::string where);

  // All that it names, counted from the folder.
  std::vector<std::string> files() const;
  // Of the one picture that has all that the request asks for. Throws UserError where none has, or
  // more than one.
  std::string file_for(const Request& request) const;

 private:
  std::string where_;
  nlohmann::json pictures_;
};

}  // namespace sameseed
