#include "bench/commands/compare_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "bench/system/programs.h"
#include "bench/system/temporary_folder.h"
#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "reports/compare/cohort_difference.h"
#include "reports/compare/compare.h"
#include "reports/run/run_files.h"
#include "reports/run/run_index.h"

namespace sameseed {
namespace {

using nlohmann::json;

RunFiles made_run(const std::string& folder) {
  RunFiles files = read_run(folder);
  if (files.starts.empty())
    throw UserError(fmt::format("{}: was never started; `sameseed generate {}` makes its pictures",
                                folder, folder));
  return files;
}

// B's pictures against A's, scored into `folder`/scores.jsonl.
AcrossScores score_across(const RunIndex& a, const RunIndex& b, const std::string& folder) {
  json pairs = json::array();
  for (const SamePicture& one : same_pictures(a, b)) pairs.push_back({{"a", one.a}, {"b", one.b}});
  AcrossScores scores;
  if (pairs.empty()) return scores;
  const std::string asked = folder + "/pairs.json", made = folder + "/scores.jsonl";
  write_file(asked,
             json{{"a", a.files().folder}, {"b", b.files().folder}, {"pairs", pairs}}.dump());
  const int code = run_program({program("sameseed-scorer").string(), "across", asked, "--out", made,
                                "--weights", data("metrics/weights").string()});
  if (code != 0) throw UserError("the pictures could not be scored; see the lines above");
  for_each_json_line(made, [&](const json& line) {
    if (line.value("type", "") == "pair" && !line.contains("refused"))
      scores[{line.at("candidate_case"), line.at("reference_case")}] = line;
  });
  return scores;
}

}  // namespace

int compare(const CompareCommand& asked, std::ostream& terminal) {
  const RunFiles files_a = made_run(asked.a), files_b = made_run(asked.b);
  const RunIndex a(files_a), b(files_b);
  const CompareOptions options{.varied = asked.varied};
  json compared = compare_runs(a, b, options, {});
  const TemporaryFolder own;
  if (compared.at("cohort").at("comparable").get<bool>())
    compared =
        compare_runs(a, b, options, score_across(a, b, asked.out.empty() ? own.path() : asked.out));
  std::ostringstream text;
  write_comparison(compared, text);
  if (!asked.out.empty()) {
    const std::filesystem::path out = asked.out;
    write_file(out / "compare.json", compared.dump(1) + "\n");
    write_file(out / "compare.txt", text.str());
  }
  terminal << text.str();
  return compared.at("verdict").at("code").get<int>();
}

}  // namespace sameseed
