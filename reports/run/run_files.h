// A run's files as the report reads them (reports/FILES.md): here JSON ends and types begin.
#pragma once

#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/run/equal_pictures.h"
#include "reports/run/plan.h"
#include "reports/run/timings.h"
#include "reports/statistics/report_metric.h"

namespace sameseed {

// What a worker said of one image. Absent fields are empty.
struct SampleRecord {
  std::string sample, case_id, kind, outcome;
  std::string comparison, arm;
  std::string error;
  std::vector<std::string> log_tail;
  std::string start;  // the start of the program that made it
  int block = 0, position = 0;
  Timings ms = {};
  std::vector<std::string> warnings = {};
  std::vector<std::string> invalid;  // why its times are worth nothing
  bool has_latents_file = false, has_trace_file = false;
  // Of pictures; empty of timed samples.
  std::string latents, picture;  // SHA-256; of the picture's file
  std::string noise, token_ids;  // SHA-256 of what it was made from; empty: not recorded
  // Objects, shared by the samples that say the same: how the process read each switch, and
  // counters and choices. Not null in what a reader has taken.
  std::shared_ptr<const nlohmann::json> effective, engagement;
  nlohmann::json nonfinite;      // null: all values are finite
  std::optional<double> sm_mhz;  // the SM clock just after the work, else just before it
  bool ok() const { return outcome == "ok"; }
};

struct WorkerRecord {
  std::string environment;
  nlohmann::json load;    // the answer to `load`; null where there is none
  nlohmann::json record;  // the whole line, as the report hands it on
};

// Where a metric has its worst, in pixels.
struct PicturePlace {
  int x = 0, y = 0, width = 0, height = 0;
};

// How far the arms are apart step by step, as the scorer found it.
struct PairTrace {
  std::vector<std::string> blocks;
  std::vector<std::optional<double>> latents;                   // a step each
  std::vector<std::vector<std::optional<double>>> block_norms;  // a step each, a block each
  std::optional<std::size_t> nonfinite_from;
  std::string refused;  // why there is nothing
};

// What the reference of a pair is like; NaN: not recorded.
struct ReferenceFacts {
  double contrast = std::numeric_limits<double>::quiet_NaN();           // of luma, in levels
  double latents_deviation = std::numeric_limits<double>::quiet_NaN();  // of the final latents
};

// A scored pair. `values` may be infinite or NaN.
struct PairScores {
  std::string candidate, reference;                  // samples
  std::string candidate_picture, reference_picture;  // SHA-256 of what was scored; empty: unknown
  std::string metrics = {};  // the hash of what they are; empty: of the line before it
  std::map<std::string, double> values;
  std::map<std::string, std::string> absent;  // metric -> why this pair has no value
  std::map<std::string, PicturePlace> places;
  std::map<std::string, std::vector<std::string>> broken;  // "candidate", "reference" -> how
  ReferenceFacts of_reference = {};
  std::optional<PairTrace> trace;
  std::optional<std::string> refused;  // why there are no values

  // May be infinite; nothing where there is no number.
  std::optional<double> value(const std::string& metric) const;
};

// What `values` hold of a metric, less NaN.
std::optional<double> number_in(const std::map<std::string, double>& values,
                                const std::string& metric);

struct RunFiles {
  std::string folder;
  RunPlan plan;
  std::vector<nlohmann::json> starts;                // the run records, one a start of the program
  std::map<std::string, SampleRecord> samples;       // sample id -> its newest record
  std::vector<WorkerRecord> workers;                 // in order
  std::optional<std::vector<ReportMetric>> metrics;  // the scorer's; nothing: was not scored
  std::map<std::pair<std::string, std::string>, PairScores> scores;  // candidate, reference case
  // A sentence for each file with lines that cannot be, and one for samples whose files are lost.
  std::vector<std::string> passed_over = {};
};

// The lines of a run's files, taken for what they are. Lines of an unknown type, and those that
// lack what every line of their type has, are passed over.
class RunFilesReader {
 public:
  RunFilesReader(std::string folder, RunPlan plan);
  void take_record(const nlohmann::json& line);  // of records.jsonl
  // Of scores.jsonl. Only what the newest metrics there say counts.
  void take_score(const nlohmann::json& line);
  // Leaves out the samples whose picture, latents or trace is not there whole (io/whole_file.h):
  // they count as not made. Returns a sentence that says so; empty where none is.
  std::string leave_out_lost();
  // Notes which prompts have the same token ids or pictures (Pair::same_as); scores of pictures
  // that are not those of the records any more are refused.
  RunFiles finish();

 private:
  RunFiles files_;
  nlohmann::json metrics_;
  std::string metrics_hash_;
  std::shared_ptr<const nlohmann::json> shared(const nlohmann::json& object);
  std::map<std::string, std::shared_ptr<const nlohmann::json>> shared_;  // by their text
};

// Lines that cannot be (half ones of a crash, damaged ones) and samples whose files are lost are
// passed over and told of. Throws UserError where a file is there and cannot be read.
RunFiles read_run(const std::filesystem::path& folder);

// When each start of the program began, ISO 8601; "" where it was not recorded.
std::vector<std::string> start_times(const RunFiles& files);

// Of all quality samples that came out well.
PictureHashes picture_hashes(const RunFiles& files);

// A line of scores.jsonl.
PairScores parse_pair_scores(const nlohmann::json& line);

}  // namespace sameseed
