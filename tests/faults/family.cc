#include "tests/faults/family.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "io/files.h"
#include "io/sha256.h"
#include "tests/end_to_end/program_under_test.h"

namespace sameseed::faults {

namespace fs = std::filesystem;

namespace {

constexpr auto kLongest = std::chrono::seconds(100);  // for one command
const std::string kBin = std::string(SAMESEED_BINARY_DIR) + "/bin/";

void write_script(const fs::path& file, const std::string& real) {
  std::ofstream(file) << "#!/bin/sh\n. \"${0%/*}/../faults\"\nexec \"" << real << "\" \"$@\"\n";
  fs::permissions(file, fs::perms::owner_all);
}

}  // namespace

std::string Fault::text() const {
  return fmt::format("{}: {} {}{}: {}", role, kKindNames[static_cast<std::uint32_t>(kind)], n,
                     lasting ? " and all after it" : "", how);
}

Family::Family(const std::string& root)
    : root_(root), now_(root_ / "now"), mark_(fmt::format("{}-{}", root, ::getpid())) {
  fs::remove_all(root_);
  fs::create_directories(now_ / "home");
  fs::create_directories(root_ / "bin");
  fs::copy_file(kProgram, root_ / "bin/sameseed");  // it finds the others beside itself
  for (const std::string name : {"sameseed-worker", "sameseed-scorer", "misbehaving_engine"})
    write_script(root_ / "bin" / name, kBin + name);
}

Family::~Family() { fs::remove_all(root_); }

Ending Family::start(const std::vector<std::string>& words,
                     const std::map<std::string, std::string>& variables) {
  for (const char* name : {"output", "hit", "counter"}) fs::remove(root_ / name);
  std::string script;
  for (const auto& [name, value] : variables)
    script += fmt::format("export {}='{}'\n", name, value);
  write_file(root_ / "faults", script);
  std::vector<std::string> command = {(root_ / "bin/sameseed").string()};
  command.insert(command.end(), words.begin(), words.end());
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  ::setenv("HOME", (now_ / "home").c_str(), 1);
  ::setenv("USER", mark_.c_str(), 1);  // reaches every worker
  Ending ending;
  {
    Started program(command, (root_ / "output").string());
    for (const auto& [name, value] : variables) ::unsetenv(name.c_str());
    if (program.ended_within(kLongest)) ending.code = program.wait();
  }
  if (!eventually([&] { return processes_of(mark_, now_).empty(); })) ending.code = -1;
  ending.output = read_file(root_ / "output");
  if (fs::exists(root_ / "hit")) ending.hit = read_file(root_ / "hit");
  return ending;
}

Ending Family::run(const std::vector<std::string>& words) { return start(words, {}); }

void Family::expect(const std::vector<std::string>& words, int code) {
  const Ending ending = run(words);
  if (ending.code != code)
    throw std::runtime_error(
        fmt::format("{}: code {}: {}", words.front(), ending.code, ending.output));
}

Ending Family::run(const std::vector<std::string>& words, const Fault& fault) {
  std::map<std::string, std::string> variables = {
      {"LD_PRELOAD", SAMESEED_FAULTS_LIBRARY},
      {"SAMESEED_FAULT_FOLDER", now_.string()},
      {"SAMESEED_FAULT_HIT", (root_ / "hit").string()},
      {"SAMESEED_FAULT_COUNTER", (root_ / "counter").string()},
      {"SAMESEED_FAULT_ROLE", fault.role},
      {"SAMESEED_FAULT_CALL", kKindNames[static_cast<std::uint32_t>(fault.kind)]},
      {"SAMESEED_FAULT_N", std::to_string(fault.n)},
      {"SAMESEED_FAULT_DO", fault.how}};
  if (fault.lasting) variables["SAMESEED_FAULT_LASTING"] = "1";
  return start(words, variables);
}

std::pair<Ending, std::vector<Note>> Family::run_and_note(const std::vector<std::string>& words,
                                                          int pace) {
  const fs::path notes = root_ / "notes";
  fs::remove(notes);
  const Ending ending = start(words, {{"LD_PRELOAD", SAMESEED_FAULTS_LIBRARY},
                                      {"SAMESEED_FAULT_FOLDER", now_.string()},
                                      {"SAMESEED_FAULT_CLOCK", std::to_string(pace)},
                                      {"SAMESEED_FAULT_NOTES", notes.string()}});
  return {ending, read_notes(notes)};
}

void Family::keep_as_before() const {
  fs::remove_all(root_ / "before");
  fs::copy(now_, root_ / "before", fs::copy_options::recursive);
}

void Family::put_back() const {
  fs::remove_all(now_);
  fs::copy(root_ / "before", now_, fs::copy_options::recursive);
}

std::map<std::string, std::string> Family::outside() const {
  std::map<std::string, std::string> files;
  for (auto entry = fs::recursive_directory_iterator(root_);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().lexically_relative(root_);
    if (name == "now") entry.disable_recursion_pending();
    const bool is_ours = name == "output" || name == "hit" || name == "counter" ||
                         name == "faults" || name == "notes";
    if (entry->is_regular_file() && !is_ours) files[name] = sha256_of_file(entry->path());
  }
  return files;
}

std::string write_quiet_matrix(const std::string& folder, const std::string& engine,
                               const std::vector<int>& seeds) {
  const std::string file = write_matrix(folder, engine, seeds, 0);
  nlohmann::json matrix = read_json(file);
  matrix["axes"] = {{"candidate.request.guidance", {4, 5}}};
  write_file(file, matrix.dump(1));
  return file;
}

std::vector<Note> read_notes(const fs::path& file) {
  const std::string bytes = read_file(file);
  std::vector<Note> notes;
  for (std::size_t at = 0; at + sizeof(EntryHead) <= bytes.size();) {
    Note note;
    std::memcpy(&note.head, bytes.data() + at, sizeof note.head);
    at += sizeof note.head;
    const auto take = [&](std::string& text, std::size_t size) {
      text = bytes.substr(at, size);
      at += size;
    };
    take(note.role, note.head.role);
    take(note.path, note.head.path);
    take(note.other, note.head.other);
    take(note.data, note.head.data);
    notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace sameseed::faults
