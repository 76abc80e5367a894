// report.json: the product, from which other programs read.
#include <nlohmann/json.hpp>
#include <ostream>

#include "reports/formats/report_format.h"

namespace sameseed {
namespace {

class JsonReport final : public Report {
 public:
  std::string file() const override { return "report.json"; }
  void write(const nlohmann::json& summary, std::ostream& out) const override {
    out << summary.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  }
};

}  // namespace

std::unique_ptr<Report> make_json_report() { return std::make_unique<JsonReport>(); }

}  // namespace sameseed
