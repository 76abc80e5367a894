// sameseed: the program. No LibTorch and no OpenCV here: it answers at once and leaves the work to
// its workers.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>

#include "bench/commands/command.h"
#include "bench/commands/generate.h"
#include "bench/system/interrupt.h"
#include "bench/worker/content.h"
#include "io/error.h"
#include "io/files.h"
#include "io/text.h"

using namespace sameseed;

namespace {

// In the order of --help.
constexpr Command (*kCommands[])(CLI::App&) = {
    add_run,          add_plan,         add_generate, add_score,   add_report,     add_gate,
    add_gates,        add_recommend,    add_merge,    add_image,   add_score_pair, add_tokenize,
    add_seeded_model, add_check_engine, add_doctor,   add_compare, add_history,    add_baseline};

constexpr const char* kPurpose =
    "Runs the same seeds through a reference and an accelerated SDXL, and says what each switch "
    "costs and buys.\n\n"
    "  sameseed run                                     the demo on the embedded model\n"
    "  sameseed run nightly.json --model sdxl --out n1  a sweep; the same command goes on after "
    "an interruption\n"
    "  sameseed image --engine accelerated --prompt \"a red apple\" --seed 7 --out apple.png\n"
    "  sameseed run nightly.json --shard 2/8 --out s2   one of eight; `sameseed merge` joins "
    "them\n"
    "  sameseed score-pair reference.png candidate.png\n"
    "  sameseed compare --vary driver runs/old runs/new what another driver changed\n"
    "  sameseed doctor                                  would times taken here be valid?\n";

constexpr const char* kExitCodes =
    "Exit codes: 0 pass, 1 usage or internal error, 2 quality, 3 performance, 4 both, 5 "
    "inconclusive, 6 environment invalid, 7 a sample crashed, hung or failed, 8 a switch did not "
    "act, 130 stopped by Ctrl-C. Without gates only 0 (not judged), 1, 6, 7, 8 and 130 can come. "
    "`report` exits with 0 "
    "unless --exit-code is given.";

// Text with what is no UTF-8 as \xNN.
std::string with_escapes(std::string_view text) {
  std::string shown;
  for (std::size_t at; (at = find_invalid_utf8(text)) != std::string_view::npos;) {
    shown += text.substr(0, at);
    shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
    text.remove_prefix(at + 1);
  }
  return shown.append(text);
}

// What a run is made of stands in JSON, which holds UTF-8 only.
void refuse_other_encodings(std::span<char*> arguments) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string_view text = arguments[i], before = arguments[i - 1];
    const std::size_t at = find_invalid_utf8(text);
    if (at == std::string_view::npos) continue;
    const bool names_it = before.starts_with("--") && before.size() > 2 &&
                          find_invalid_utf8(before) == std::string_view::npos;
    throw UserError(fmt::format(
        "{}: is not valid UTF-8 at byte {}: {}; write texts in UTF-8, and give files and folders "
        "such names",
        names_it ? std::string(before.substr(2)) : fmt::format("argument {}", i), at,
        with_escapes(text.substr(0, 200))));
  }
}

constexpr int kNotUtf8 = 316;  // as nlohmann::json numbers its errors

}  // namespace

int main(int argc, char** argv) {
  end_by_code_when_interrupted();
  CLI::App program{kPurpose, "sameseed"};
  program.require_subcommand(1);
  program.set_version_flag("--version", SAMESEED_VERSION);
  program.footer(kExitCodes);
  std::vector<Command> commands;
  for (const auto add : kCommands) commands.push_back(add(program));
  try {
    refuse_other_encodings({argv, static_cast<std::size_t>(argc)});
    program.parse(argc, argv);
    for (const Command& command : commands)
      if (*command.parser) return command.action({argv, argv + argc});
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error);
    return code == 0 ? 0 : 1;
  } catch (const ContentChanged& error) {
    std::cerr << "sameseed: " << error.what() << "\n";
    return kInvalidEnvironmentCode;
  } catch (const DiskFull& error) {
    std::cerr << "sameseed: " << error.what() << "\n";
    return kInfrastructureCode;
  } catch (const UserError& error) {
    std::cerr << "sameseed: " << error.what() << "\n";
  } catch (const std::filesystem::filesystem_error& error) {  // as good as a UserError
    std::cerr << "sameseed: " << in_words(error) << "\n";
    if (error.code() == std::errc::no_space_on_device) return kInfrastructureCode;
  } catch (const nlohmann::json::type_error& error) {
    if (error.id == kNotUtf8)
      std::cerr << "sameseed: the name of a folder or file here (that of the current folder, for "
                   "one), or the value of a variable, is not UTF-8; rename it\n";
    else
      std::cerr << "sameseed: internal error: " << error.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "sameseed: internal error: " << error.what() << "\n";
  }
  return 1;
}
