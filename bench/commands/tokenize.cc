// `sameseed tokenize`: texts in, token ids out.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "io/error.h"
#include "io/text.h"
#include "pipeline/model/model_files.h"
#include "pipeline/text/tokenizer.h"

namespace sameseed {
namespace {

int tokenize(const std::string& model, std::istream& in, std::ostream& out) {
  using nlohmann::json;
  const std::filesystem::path folder = model_folder(model);
  require_model_folder(folder);
  const Tokenizer first = Tokenizer::open(folder / "tokenizer"),
                  second = Tokenizer::open(folder / "tokenizer_2");
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (const std::string problem = problem_of_text(line); !problem.empty())
      throw UserError(
          fmt::format("line {} of the input{}", number, problem.substr(problem.find(':'))));
    const json text = json::parse(line, nullptr, false);
    if (!text.is_string())
      throw UserError(fmt::format("line {} of the input is not a JSON string", number));
    const std::string prompt = text;
    out << json{{"input_ids", first.encode(prompt).ids}, {"input_ids_2", second.encode(prompt).ids}}
               .dump()
        << "\n";
  }
  return 0;
}

}  // namespace

Command add_tokenize(CLI::App& program) {
  CLI::App* parser = program.add_subcommand(
      "tokenize", "JSON strings in, one a line; token ids of both tokenizers out");
  const auto model = std::make_shared<std::string>();
  parser->add_option("--model", *model, "SDXL folder (default: the embedded nano-sdxl)");
  return {parser, [model](const CommandLine&) { return tokenize(*model, std::cin, std::cout); }};
}

}  // namespace sameseed
