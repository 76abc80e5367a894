// Whether a program keeps the worker protocol (pipeline/protocol.h), line by line.
#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

namespace sameseed {

struct CheckOptions {
  std::string engine;           // a command, as a matrix has it, or one of our engines
  std::string model;            // folder in diffusers' layout
  std::string size = "128x96";  // of the pictures; those of the other side up are asked as well
  int steps = 4;
  std::chrono::milliseconds limit = std::chrono::minutes(30);  // of each answer
};

// Starts the engine, loads the model and asks for some pictures, twice and in several sizes, and
// for what must be refused. Prints a line for each thing that an engine has to do: "ok", "note"
// (allowed, and it limits what its runs can say), "WRONG" with what was seen, "?" (not reached).
// Returns the exit code: 0 where nothing is wrong, else 1. Throws UserError for a model that cannot
// be read.
int check_engine(const CheckOptions& options, std::ostream& out);

}  // namespace sameseed
