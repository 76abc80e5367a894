#include "reports/formats/json_writer.h"

#include <ostream>
#include <string>

namespace sameseed {
namespace {

std::string new_line(int depth) { return "\n" + std::string(static_cast<std::size_t>(depth), ' '); }

}  // namespace

void write_json(std::ostream& out, const nlohmann::json& value, int depth) {
  const std::string text = value.dump(1, ' ', false, nlohmann::json::error_handler_t::replace),
                    line = new_line(depth);
  std::size_t from = 0;  // no text within the value holds a line end: JSON escapes them
  for (std::size_t end; (end = text.find('\n', from)) != std::string::npos; from = end + 1)
    out.write(text.data() + from, static_cast<std::streamsize>(end - from)) << line;
  out.write(text.data() + from, static_cast<std::streamsize>(text.size() - from));
}

void ListWriter::add(const nlohmann::json& entry) {
  out_ << (is_empty_ ? "[" : ",") << new_line(depth_ + 1);
  is_empty_ = false;
  write_json(out_, entry, depth_ + 1);
}

void ListWriter::end() {
  if (is_empty_)
    out_ << "[]";
  else
    out_ << new_line(depth_) << "]";
}

}  // namespace sameseed
