// An engine for tests: the `null` engine's pictures, and one kind of fault wherever the seed is 1.
//   misbehaving_engine FAULT
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string>

#include "bench/null_engine.h"
#include "io/files.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

// Does the fault, or returns what is to be answered instead.
json misbehave(const std::string& fault, Engine& engine, const json& message) {
  if (fault == "crash") std::abort();
  if (fault == "exit") std::exit(3);
  if (fault == "killed") std::raise(SIGKILL);
  if (fault == "hang") sleep_for_ever();
  if (fault == "children_hang") {
    if (::fork() == 0) sleep_for_ever();
    sleep_for_ever();
  }
  if (fault == "out_of_memory") throw std::bad_alloc();
  if (fault == "rubbish") {
    std::cout << "Segmentation fault (core dumped)" << std::endl;
    sleep_for_ever();
  }
  if (fault == "endless_line") {
    const std::string part(1 << 20, 'x');
    for (;;) std::cout << part;
  }
  if (fault == "twice") {  // answers once too often: the next request finds an answer waiting
    json first = answer_of(engine, message);
    first["ok"] = true;
    std::cout << first.dump() << std::endl;
    return first;
  }
  if (fault == "other_request") {
    json answer = answer_of(engine, message);
    answer["id"] = "another";
    return answer;
  }
  json answer = answer_of(engine, message);
  const std::string image = message.value("image", "");
  if (fault == "half_picture" && !image.empty()) {
    const std::string whole = read_file(image);
    write_file(image, whole.substr(0, whole.size() / 2));
  }
  if (fault == "no_picture" && !image.empty()) ::unlink(image.c_str());
  return answer;
}

}  // namespace
}  // namespace sameseed

int main(int argc, char** argv) {
  const std::string fault = argc > 1 ? argv[1] : "none";
  const auto engine = sameseed::make_null_engine();
  std::cerr << "misbehaving_engine: " << fault << std::endl;
  sameseed::serve(
      [&](const nlohmann::json& message) {
        const bool wrong = message.value("op", "") == "generate" && message.value("seed", 0) == 1;
        return wrong ? sameseed::misbehave(fault, *engine, message) : answer_of(*engine, message);
      },
      std::cin, std::cout);
}
