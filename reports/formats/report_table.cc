#include "reports/formats/report_table.h"

#include <iterator>
#include <utility>

#include "reports/formats/claims_table.h"
#include "reports/formats/effects_table.h"
#include "reports/formats/sensitivity_table.h"
#include "reports/summary/summary.h"

namespace sameseed {

std::vector<ReportTable> report_tables(const Summary& summary) {
  std::vector<ReportTable> tables;
  if (summary.claims) tables.push_back(claims_table(*summary.claims));
  if (summary.effects_by_model.empty()) tables.push_back(effect_table(summary.effects));
  for (const auto& [model, effects] : summary.effects_by_model) {
    tables.push_back(effect_table(effects));
    tables.back().title = "model " + model + ": " + tables.back().title;
  }
  if (summary.sensitivity)
    for (ReportTable& table : sensitivity_tables(*summary.sensitivity))
      tables.push_back(std::move(table));
  std::erase_if(tables, [](const ReportTable& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace sameseed
