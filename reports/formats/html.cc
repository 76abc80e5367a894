// report.html: one page that opens without a network; its pictures lie beside it or inside it.
#include "reports/formats/html.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "io/base64.h"
#include "io/files.h"
#include "reports/formats/html/page.h"
#include "reports/formats/page_data.h"
#include "reports/formats/plotly.h"
#include "reports/formats/report_format.h"

namespace sameseed {
namespace {

using nlohmann::json;

// JSON inside a <script> element: nothing in it may end the element.
std::string script_json(const json& value) {
  std::string text;
  for (const char c : value.dump(-1, ' ', false, json::error_handler_t::replace))
    text += c == '<' ? "\\u003c" : std::string(1, c);
  return text;
}

// The page's text with each {{name}} replaced; its parts may hold anything.
std::string filled(std::string_view text, const std::map<std::string, std::string>& parts) {
  std::string result;
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find("{{", at), end = text.find("}}", begin);
    result += text.substr(at, begin - at);
    if (begin == std::string_view::npos) return result;
    result += parts.at(std::string(text.substr(begin + 2, end - begin - 2)));
    at = end + 2;
  }
}

std::string page(const json& data, const std::string& chart_library) {
  return filled(kPageHtml, {{"style", std::string(kPageStyle)},
                            {"data", script_json(data)},
                            {"charts", chart_library},
                            {"script", std::string(kPageScript)}});
}

class HtmlReport final : public Report {
 public:
  std::string file() const override { return "report.html"; }
  void write(const Summary& summary, const Verdict& verdict, std::ostream& out) const override {
    out << page(page_data(summary, verdict), "<script src=\"plotly.min.js\"></script>");
  }
};

// Pictures as data, as many as there is room for.
class Pack {
 public:
  Pack(std::filesystem::path run, std::size_t room) : run_(std::move(run)), room_(room) {}

  // All of them or none; false where they do not fit or are not there.
  bool add(const std::set<std::string>& pictures) {
    json added = json::object();
    std::size_t size = 0;
    for (const std::string& picture : pictures) {
      if (uris_.contains(picture)) continue;
      if (picture.empty() || !std::filesystem::exists(run_ / picture)) return false;
      std::string uri = "data:image/png;base64," + base64(read_file(run_ / picture));
      size += picture.size() + uri.size() + 8;  // quotes, colon, comma
      added[picture] = std::move(uri);
    }
    if (size > room_) return false;
    room_ -= size;
    uris_.update(added);
    return true;
  }
  const json& uris() const { return uris_; }

 private:
  std::filesystem::path run_;
  std::size_t room_;
  json uris_ = json::object();
};

}  // namespace

std::unique_ptr<Report> make_html_report() { return std::make_unique<HtmlReport>(); }

EmbeddedReport embedded_report(const Summary& summary, const Verdict& verdict, std::size_t worst,
                               std::size_t most_bytes) {
  constexpr std::size_t kNote = 1000;
  json data = page_data(summary, verdict);
  const std::string library =
      "<script>" + std::string(chart_library()) + "</script>";  // holds no "</script"
  const std::size_t bare = page(data, library).size() + kNote;
  Pack pack(summary.folder, most_bytes > bare ? most_bytes - bare : 0);
  std::vector<Pictures> packed;
  const std::vector<Pictures> wanted = worst_pictures(summary, verdict, worst);
  for (const Pictures& pair : wanted)
    if (pack.add({pair.candidate, pair.reference})) packed.push_back(pair);
  std::size_t maps = 0;
  for (const Pictures& pair : packed) maps += pack.add({pair.map});
  EmbeddedReport report;
  report.note = fmt::format("the pictures of {} of the {} worst pairs, {} of their heat maps",
                            packed.size(), wanted.size(), maps);
  if (packed.size() < wanted.size() || maps < packed.size())
    report.note +=
        fmt::format("; the rest is missing or did not fit into {} MB", most_bytes / 1'000'000);
  data["embedded"] = pack.uris();
  data["embedded_note"] = report.note;
  report.page = page(data, library);
  return report;
}

void write_chart_library(const std::filesystem::path& run) {
  const auto file = run / "plotly.min.js";
  std::error_code absent;
  if (std::filesystem::file_size(file, absent) != chart_library().size() || absent)
    write_file(file, chart_library());
}

}  // namespace sameseed
