// `sameseed plan`, and what `sameseed run` begins with as well: the plan of a run from a matrix and
// the command line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/commands/options.h"

namespace sameseed {

struct PlanOptions {
  std::string matrix;               // empty: the demo
  ModelOptions model;               // its `model` stays empty
  std::vector<std::string> models;  // a folder; NAME=FOLDER: one of the matrix's `models`
  std::string out;
  std::vector<std::string> keep;       // variables of this shell that workers get
  bool floor = false, oracle = false;  // in addition to what the matrix says
  bool cold = false;   // the accelerated engine searches its algorithms anew and keeps none
  bool trace = false;  // quality samples write latents and block norms of every step
};
void add_plan_options(CLI::App& command, PlanOptions& options);

struct PlannedRun {
  std::filesystem::path run;
  std::string matrix_text;
  nlohmann::json plan;
};
PlannedRun plan_run(const PlanOptions& options);

// Writes the plan, or finds that the folder already holds the very same one. The caller holds the
// RunLock.
void write_plan(const PlannedRun& planned);

// Prints how much there is to make and, where it is known, how long that takes.
void describe_plan(const PlannedRun& planned);

}  // namespace sameseed
