// The real program, given what is wrong.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "bench/system/programs.h"
#include "io/files.h"

namespace sameseed {

namespace fs = std::filesystem;

inline const std::string kProgram = std::string(SAMESEED_BINARY_DIR) + "/bin/sameseed";
inline const fs::path kModel = fs::path(SAMESEED_SOURCE_DIR) / "reference/nano-sdxl";

class BadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  struct Outcome {
    int code = 0;
    std::string out, err;
  };

  Outcome outcome_of(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), kProgram);
    write_file(folder_ / "stdin", input);
    const auto pointers = exec_pointers(arguments);
    const pid_t pid = ::fork();
    if (pid == 0) {
      const int flags = O_RDWR | O_CREAT | O_TRUNC;
      ::dup2(::open((folder_ / "stdin").c_str(), O_RDONLY), 0);
      ::dup2(::open((folder_ / "stdout").c_str(), flags, 0644), 1);
      ::dup2(::open((folder_ / "stderr").c_str(), flags, 0644), 2);
      ::execv(pointers[0], pointers.data());
      ::_exit(126);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status, read_file(folder_ / "stdout"),
            read_file(folder_ / "stderr")};
  }

  void expect_refusal(const std::vector<std::string>& arguments,
                      const std::vector<std::string>& words, const std::string& input = "") {
    const Outcome outcome = outcome_of(arguments, input);
    std::string command;
    for (const std::string& argument : arguments) command.append(" ").append(argument, 0, 60);
    EXPECT_EQ(outcome.code, 1) << command << "\n" << outcome.err;
    EXPECT_EQ(outcome.err.find("internal error"), std::string::npos) << command << "\n"
                                                                     << outcome.err;
    for (const std::string& word : words)
      EXPECT_NE(outcome.err.find(word), std::string::npos)
          << command << "\nshould say: " << word << "\nsays: " << outcome.err;
  }

  // The embedded model with one file replaced.
  std::string model_with(const std::string& file, const std::string& bytes) {
    const fs::path model = folder_ / "model";
    fs::remove_all(model);
    for (const auto& entry : fs::recursive_directory_iterator(kModel)) {
      const fs::path copy = model / entry.path().lexically_relative(kModel);
      fs::create_directories(copy.parent_path());
      if (entry.is_regular_file()) fs::create_symlink(entry.path(), copy);
    }
    fs::remove(model / file);
    write_file(model / file, bytes);
    return model.string();
  }

  // One small picture with these options in place of the usual ones.
  std::vector<std::string> image(const std::vector<std::string>& options) {
    std::map<std::string, std::string> all = {{"--prompt", "a"},
                                              {"--size", "64x64"},
                                              {"--steps", "1"},
                                              {"--out", (folder_ / "x.png").string()}};
    for (std::size_t i = 0; i + 1 < options.size(); i += 2) all[options[i]] = options[i + 1];
    std::vector<std::string> arguments = {"image"};
    for (const auto& [name, value] : all) arguments.insert(arguments.end(), {name, value});
    return arguments;
  }

  const fs::path folder_ = fs::path(::testing::TempDir()) / "sameseed-bad-input";
};

}  // namespace sameseed
