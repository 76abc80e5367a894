// Where this installation keeps its other programs and its data, and how programs are run.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sameseed {

// A program beside this one: "sameseed-worker".
std::filesystem::path program(const std::string& name);

// The embedded model, matrices and prompts: below ../share/sameseed beside the program, else the
// source tree.
std::filesystem::path data(const std::string& relative);

// The texts as exec wants them: valid as long as `texts` is, ended by a null pointer.
std::vector<char*> exec_pointers(const std::vector<std::string>& texts);

// GCC's OpenMP lets idle threads spin for milliseconds: with several programs, or anything else, on
// the same cores that costs tenfold and more. Sleeping at once costs twofold; 2000 turns (some
// microseconds) bridge an operator's gaps.
inline constexpr const char *kSpinCount = "GOMP_SPINCOUNT", *kFewSpins = "2000";

// How a program ended, and what it wrote.
struct CapturedOutput {
  int code = 0;        // its exit code, or 128 + the signal that ended it
  std::string output;  // stdout and stderr as they came
};
// Runs a program with nothing to read and exactly `environment`; ends it after `limit`.
CapturedOutput capture_output(const std::vector<std::string>& command,
                              const std::vector<std::string>& environment,
                              std::chrono::milliseconds limit);

// The file that a command begins with, looked for as shells do: a name without a slash along PATH.
// Empty where no such program can be run.
std::filesystem::path find_program(const std::string& name);

// Of this process's environment what a program needs to start (PATH, HOME, the libraries' places,
// ...) and nothing that could be under test, with kFewSpins.
std::vector<std::string> clean_environment();

inline constexpr int kCannotExecute = 127;  // as shells have it

// Starts a program in clean_environment(); it ends with the thread that started it. `in_child` is
// called there before the program begins: only what is safe after fork(). Throws UserError.
pid_t start_program(const std::vector<std::string>& command,
                    const std::function<void()>& in_child = {});

// Its exit code, or 128 + the signal that ended it.
int wait_for_program(pid_t pid);

// Runs a program to its end in clean_environment(); returns its exit code, 128 + the signal that
// ended it, or kCannotExecute. Its output is ours.
int run_program(const std::vector<std::string>& command);

}  // namespace sameseed
