// Files, names and folders as other systems have them, given to the real program.
#include <algorithm>
#include <cstdlib>

#include "tests/bench/commands/bad_input.h"

namespace sameseed {
namespace {

// Every file that people write, as editors of other systems save it.
struct HandedOver {
  std::string file, text;
  std::vector<std::string> command;  // reads it
  bool is_taken_whole = true;        // the command needs no more than this file to end with 0
};

class TextFiles : public BadInput {
 protected:
  std::vector<HandedOver> files() {
    const std::string m = (folder_ / "m.json").string(), run = (folder_ / "run").string();
    write_file(m, kMatrix);
    write_file(folder_ / "lines.json", kMatrixOfLines);
    const std::vector<std::string> plan = {"plan", m, "--out", run, "--quiet"};
    const auto with = [](std::vector<std::string> words, const std::vector<std::string>& more) {
      words.insert(words.end(), more.begin(), more.end());
      return words;
    };
    const std::string gates = (folder_ / "gates.json").string(),
                      baseline = (folder_ / "baseline.json").string(),
                      pictures = (folder_ / "pictures").string();
    return {
        {"m.json", kMatrix, plan},
        {"prompts.txt",
         "# two\na red apple\n\na blue car\n",
         {"plan", (folder_ / "lines.json").string(), "--out", run, "--quiet"}},
        {"gates.json", kGates, with(plan, {"--gates", gates})},
        {"gates.json", kGates, {"run", m, "--out", run, "--gates", gates}, false},
        {"baseline.json", "{}\n", {"run", m, "--out", run, "--baseline", baseline}, false},
        {"pictures/pictures.json", "{\"schema\":\n \"sameseed/pictures/1\",\"pictures\":[]}",
         image({"--engine", "folder " + pictures}), false},
    };
  }

  const std::string kMatrix =
      "{\"schema\":\"sameseed/matrix/1\",\n\"name\":\"m\",\n"
      "\"reference\":{\"engine\":\"null\"},\n\"candidate\":{\"engine\":\"null\"},\n"
      "\"requests\":{\"prompts\":[\"caf\xc3\xa9\"],\"size\":\"64x64\"}}\n";
  const std::string kMatrixOfLines =
      "{\"schema\":\"sameseed/matrix/1\",\"name\":\"m\",\"reference\":{\"engine\":\"null\"},"
      "\"candidate\":{\"engine\":\"null\"},"
      "\"requests\":{\"prompts\":\"prompts.txt\",\"size\":\"64x64\"}}\n";
  const std::string kGates =
      "{\"schema\":\"sameseed/gate/1\",\n\"gates\":[\n"
      "{\"metric\":\"lpips.alex\",\"statistic\":\"mean\",\"at_most\":0.1}]}\n";
};

std::string with_line_ends(const std::string& text, const std::string& end) {
  std::string other;
  for (const char c : text) c == '\n' ? other += end : other += c;
  return other;
}

TEST_F(TextFiles, AreTakenWithTheMarksAndLineEndsOfOtherSystems) {
  for (const HandedOver& one : files()) {
    if (!one.is_taken_whole) continue;
    nlohmann::json plan;
    for (const std::string& text :
         {one.text, "\xef\xbb\xbf" + one.text, with_line_ends(one.text, "\r\n"),
          with_line_ends(one.text, "\r"), "\xef\xbb\xbf" + with_line_ends(one.text, "\r\n")}) {
      fs::remove_all(folder_ / "run");
      write_file(folder_ / one.file, text);
      const Outcome outcome = outcome_of(one.command);
      ASSERT_EQ(outcome.code, 0) << one.file << ": " << outcome.err;
      nlohmann::json made = read_json(folder_ / "run/plan.json");
      made.erase("matrix_sha256");
      if (plan.is_null()) plan = made;
      EXPECT_EQ(made, plan) << one.file;  // no mark and no "\r" in a prompt
    }
    write_file(folder_ / one.file, one.text);
  }
}

TEST_F(TextFiles, InOtherEncodingsAreRefusedWithTheirLineAndTheRemedy) {
  for (const HandedOver& one : files()) {
    std::string utf16("\xff\xfe"), unmarked;
    for (const char c : one.text) unmarked += std::string{c, '\0'};
    utf16 += unmarked;
    std::string latin1 = one.text, nul = one.text;
    const std::size_t second_line = one.text.find('\n') + 1;
    latin1.insert(second_line, "\xe9");
    nul.insert(second_line, 1, '\0');
    // What follows a whole JSON text counts as well.
    const std::string nul_behind = one.text + std::string(1, '\0') + "x";
    const std::size_t lines = 1 + std::count(one.text.begin(), one.text.end(), '\n');
    const std::pair<std::string, std::string> cases[] = {
        {utf16, "line 1: begins with the mark of UTF-16 or UTF-32; save it as UTF-8"},
        {unmarked, "line 1: holds a NUL at byte 1"},
        {latin1, "line 2: is not valid UTF-8 at byte 0; save it as UTF-8"},
        {nul, "line 2: holds a NUL at byte 0; remove it"},
        {nul_behind, "line " + std::to_string(lines) + ": holds a NUL"}};
    for (const auto& [text, words] : cases) {
      fs::remove_all(folder_ / "run");
      write_file(folder_ / one.file, text);
      const std::string file = fs::path(one.file).filename();
      const bool is_the_engines = one.command.front() == "image";
      const Outcome outcome = outcome_of(one.command);
      EXPECT_EQ(outcome.code, 1) << one.file << ": " << outcome.err;
      EXPECT_NE(outcome.err.find(file + ": " + words), std::string::npos)
          << words << "\nsays: " << outcome.err;
      EXPECT_TRUE(is_the_engines || !fs::exists(folder_ / "run/plan.json")) << one.file;
    }
    write_file(folder_ / one.file, one.text);
  }
}

// Models come through version control, which changes line ends on some systems.
TEST_F(TextFiles, OfATokenizerMayHaveOtherLineEnds) {
  std::string merges = read_file(kModel / "tokenizer/merges.txt");
  const std::string text = "\"a photograph of a red apple\"\n";
  const Outcome usual = outcome_of({"tokenize"}, text);
  const Outcome other = outcome_of(
      {"tokenize", "--model",
       model_with("tokenizer/merges.txt", "\xef\xbb\xbf" + with_line_ends(merges, "\r\n"))},
      "\xef\xbb\xbf" + with_line_ends(text, "\r\n"));
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_EQ(other.out, usual.out);
  expect_refusal({"tokenize"}, {"line 2 of the input: holds a NUL at byte 3"},
                 text + std::string("\"a\"\0x\n", 6));
  expect_refusal({"tokenize"}, {"line 1 of the input: begins with the mark of UTF-16"},
                 std::string("\xff\xfe\"\0a\0\"\0\n\0", 10));
}

TEST_F(BadInput, PromptsThatAreTheSameToTheModelAreNamedByPlan) {
  write_file(folder_ / "m.json",
             R"({"schema":"sameseed/matrix/1","name":"m","requests":{"prompts":)"
             R"(["a cat","a  cat","a CAT","a dog"],"size":"64x64"}})");
  const Outcome planned =
      outcome_of({"plan", (folder_ / "m.json").string(), "--out", (folder_ / "run").string()});
  EXPECT_EQ(planned.code, 0);
  EXPECT_NE(planned.err.find("2 of 4 prompts have the tokens of another and are not counted: "
                             "\"a  cat\" is \"a cat\", \"a CAT\" is \"a cat\""),
            std::string::npos)
      << planned.err;
}

TEST_F(BadInput, PipesInPlaceOfFilesAreReadOnceOrRefused) {
  const std::string matrix =
      R"({"schema":"sameseed/matrix/1","name":"m","requests":{"prompts":["a"],"size":"64x64"}})";
  const std::string run = (folder_ / "run").string();
  const Outcome taken = outcome_of({"plan", "/dev/stdin", "--out", run, "--quiet"}, matrix);
  EXPECT_EQ(taken.code, 0) << taken.err;
  EXPECT_EQ(read_file(folder_ / "run/matrix.json"), matrix);
  write_file(folder_ / "m.json", matrix);
  for (const char* command : {"plan", "run"}) {
    const CapturedOutput piped =
        capture_output({"/bin/sh", "-c",
                        "cat " + (folder_ / "m.json").string() + " | " + kProgram + " " + command +
                            " /dev/stdin --out " + (folder_ / "piped").string()},
                       {"PATH=/usr/bin:/bin"}, std::chrono::minutes(1));
    EXPECT_EQ(piped.code, 1) << piped.output;
    EXPECT_NE(piped.output.find("/dev/stdin: cannot be read: it is a FIFO, and no file; write "
                                "what comes out of it to a file"),
              std::string::npos)
        << piped.output;
    EXPECT_FALSE(fs::exists(folder_ / "piped"));
  }
}

// One of each family of commands.
TEST_F(BadInput, NamesThatAreNotUtf8) {
  const std::string run = (folder_ / "run-\xff").string(), word = "run-\\xff";
  const std::vector<std::string> commands[] = {
      {"run", "--out", run},
      {"plan", "--out", run},
      {"plan", run},
      {"generate", run},
      {"score", run},
      {"report", run},
      {"gate", run},
      {"gates", run},
      {"recommend", run},
      {"merge", run, "--out", (folder_ / "m").string()},
      {"merge", (folder_ / "m").string(), "--out", run},
      {"compare", run, run},
      {"history", "add", run},
      {"history", "--ledger", run, "show"},
      {"baseline", "accept", run},
      {"image", "--prompt", "a", "--out", run},
      {"image", "--prompt", "a", "--out", "x.png", "--model", run},
      {"image", "--case", run + "/x", "--out", "x.png"},
      {"score-pair", run, run},
      {"tokenize", "--model", run},
      {"seeded-model", "--out", run},
      {"check-engine", run},
      {"doctor", run},
  };
  for (const auto& command : commands)
    expect_refusal(command, {"is not valid UTF-8 at byte", word, "give files and folders"});
  EXPECT_FALSE(fs::exists(run));
  // The folder that the command is given in.
  fs::create_directories(run);
  const CapturedOutput inside =
      capture_output({"/bin/sh", "-c",
                      "cd " + run + " && exec " + kProgram + " image --prompt a --size 64x64 " +
                          "--steps 1 --engine null --out x.png"},
                     {"PATH=/usr/bin:/bin"}, std::chrono::minutes(1));
  EXPECT_EQ(inside.code, 1);
  EXPECT_NE(inside.output.find("is not UTF-8; rename it"), std::string::npos) << inside.output;
  ::setenv("ODD", "\xff", 1);
  expect_refusal({"plan", "--out", (folder_ / "r").string(), "--keep-env", "ODD"},
                 {"--keep-env ODD: its value is not UTF-8"});
  ::unsetenv("ODD");
}

// As on a computing node that lacks a folder of the login node.
TEST_F(BadInput, FoldersThatVariablesNameAndThatAreNotThereAreDoneWithout) {
  const std::string file = (folder_ / "file").string();
  write_file(file, "");
  const std::string ways[] = {"/nonexistent", file, file + "/below", "/proc/self", "\xff", ""};
  for (const std::string& folder : ways) {
    const char* names[] = {"TMPDIR", "HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"};
    std::map<std::string, std::string> before;
    for (const char* name : names) {
      if (const char* value = std::getenv(name)) before[name] = value;
      ::setenv(name, folder.c_str(), 1);
    }
    const Outcome picture = outcome_of(image({"--engine", "null"}));
    const Outcome ledger = outcome_of({"history", "show"});
    for (const char* name : names) ::unsetenv(name);
    for (const auto& [name, value] : before) ::setenv(name.c_str(), value.c_str(), 1);
    EXPECT_EQ(picture.code, 0) << folder << ": " << picture.err;
    EXPECT_EQ(picture.err.find("TMPDIR=") != std::string::npos, !folder.empty()) << picture.err;
    EXPECT_EQ(ledger.code, 1) << folder;
    EXPECT_EQ(ledger.err.find("internal error"), std::string::npos) << folder << ": " << ledger.err;
    EXPECT_NE(ledger.err.find("XDG_DATA_HOME"), std::string::npos) << folder << ": " << ledger.err;
  }
}

}  // namespace
}  // namespace sameseed
