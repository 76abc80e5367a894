// JSON into a stream, piece by piece: a report of a million samples is larger than memory as
// values. The text is that of nlohmann::json::dump(1).
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>

namespace sameseed {

// `depth`: levels that the value lies in. Bytes that are not UTF-8 are replaced.
void write_json(std::ostream& out, const nlohmann::json& value, int depth);

// A list, entry by entry.
class ListWriter {
 public:
  ListWriter(std::ostream& out, int depth) : out_(out), depth_(depth) {}
  void add(const nlohmann::json& entry);
  void end();  // once, after the last

 private:
  std::ostream& out_;
  const int depth_;
  bool is_empty_ = true;
};

}  // namespace sameseed
