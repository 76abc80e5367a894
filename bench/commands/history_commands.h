// sameseed history and sameseed baseline: runs over time.
#pragma once

#include <iosfwd>
#include <string>

namespace sameseed {

struct HistoryCommand {
  std::string run;              // folder, of `history add` and `baseline accept`
  std::string metric, setting;  // of `history show` and `export`: of these only, where given
  std::string ledger;           // file; empty: the user's (ledger.h)
};

// All return the exit code.
int add_to_history(const HistoryCommand& asked, std::ostream& out);
int show_history(const HistoryCommand& asked, std::ostream& out);
int export_history(const HistoryCommand& asked, std::ostream& out);  // CSV
int accept_baseline(const HistoryCommand& asked, std::ostream& out);
int list_baselines(const HistoryCommand& asked, std::ostream& out);

}  // namespace sameseed
