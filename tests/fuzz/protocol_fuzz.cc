// The line protocol, both sides: a worker answers every line with one line that the program takes,
// and the program survives any line from a worker.
#include <cstdint>
#include <sstream>
#include <string>

#include "io/error.h"
#include "pipeline/protocol.h"

namespace {

struct Echo final : sameseed::Engine {
  sameseed::LoadReport load(const sameseed::LoadOptions& options) override {
    sameseed::LoadReport report;
    report.engine = options.model;
    report.effective = to_json(options);
    return report;
  }
  sameseed::Generation generate(const sameseed::Request& request) override {
    sameseed::Generation generation;
    generation.effective = to_json(request);
    if (sameseed::read_request(generation.effective).seed != request.seed) __builtin_trap();
    return generation;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Echo engine;
  std::istringstream in(text);
  std::ostringstream out;
  sameseed::serve(
      [&](const nlohmann::json& message) { return sameseed::answer_of(engine, message); }, in, out);
  std::istringstream questions(text), answers(out.str());
  std::string answer;
  for (std::string line; std::getline(questions, line);) {
    if (!std::getline(answers, answer)) __builtin_trap();
    sameseed::read_answer(answer);  // throws where the worker's side breaks the protocol
    try {
      sameseed::read_answer(line);
    } catch (const sameseed::UserError&) {
    }
  }
  return 0;
}
