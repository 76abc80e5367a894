// An engine for tests: the `null` engine's pictures, and one kind of fault wherever the seed is 1,
// or in what it does beside pictures.
//   misbehaving_engine FAULT
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>

#include "bench/engines/null_engine.h"
#include "io/files.h"
#include "pipeline/protocol.h"

namespace sameseed {
namespace {

using nlohmann::json;

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

// The switch of the tests' matrices acts, so that a run is judged by its faults.
json good_answer(Engine& engine, const json& message) {
  json answer = answer_of(engine, message);
  if (const char* value = std::getenv("X"); value && message.value("op", "") == "generate")
    answer["effective"]["X"] = {{"value", value}, {"evidence", "it was read"}};
  return answer;
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
  if (fault == "daemon" && ::fork() == 0) {  // its parent goes on: it is nobody's child soon
    if (::fork() != 0) ::_exit(0);
    ::setsid();
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
    json first = good_answer(engine, message);
    first["ok"] = true;
    std::cout << first.dump() << std::endl;
    return first;
  }
  if (fault == "other_request") {
    json answer = good_answer(engine, message);
    answer["id"] = "another";
    return answer;
  }
  json answer = good_answer(engine, message);
  const std::string image = message.value("image", "");
  if (fault == "wrong_noise") answer["hashes"]["noise"] = answer["hashes"]["latents"];
  if (fault == "no_total") answer["timings_ms"].erase("total");
  if (fault == "negative_time") answer["timings_ms"]["total"] = -5;
  if (fault == "long_time") answer["timings_ms"]["total"] = 1e308;
  if (image.empty()) return answer;
  static int pictures = 0;
  if (fault == "other_picture" && ++pictures == 2) {
    json another_request = message;
    another_request["seed"] = 2;
    answer_of(engine, another_request);
  }
  if (fault == "other_size") {
    json another_request = message;
    another_request["size"] = "64x64";
    answer_of(engine, another_request);
  }
  if (fault == "in_place") {
    const std::string whole = read_file(image);
    std::ofstream(image, std::ios::binary) << whole;
  }
  if (fault == "litter") write_file(image + ".tmp", "left over");
  if (fault == "half_picture") {
    const std::string whole = read_file(image);
    write_file(image, whole.substr(0, whole.size() / 2));
  }
  if (fault == "no_picture" || fault == "fifo") ::unlink(image.c_str());
  if (fault == "fifo" && ::mkfifo(image.c_str(), 0600) != 0) std::abort();
  return answer;
}

// Faults that need no picture. Returns whether there is one, which has then been done.
bool misbehave_on_line(const std::string& fault, const std::string& line) {
  const bool is_json = json::accept(line);
  if (fault == "dies_of_rubbish" && !is_json) std::exit(4);
  if (fault == "takes_anything" && !is_json) std::cout << R"({"ok":true})" << std::endl;
  if (fault == "says_no_reason" && !is_json) std::cout << R"({"ok":false})" << std::endl;
  if (fault == "chatty" && is_json) std::cout << "I am thinking" << std::endl;
  return !is_json && (fault == "takes_anything" || fault == "says_no_reason");
}

}  // namespace
}  // namespace sameseed

int main(int argc, char** argv) {
  const std::string fault = argc > 1 ? argv[1] : "none";
  const auto engine = sameseed::make_null_engine();
  std::cerr << "misbehaving_engine: " << fault << std::endl;
  const auto answer = [&](const nlohmann::json& message) {
    if (fault == "loads_nothing" && message.value("op", "") == "load")
      throw std::runtime_error("no such model");
    const bool wrong = message.value("op", "") == "generate" && message.value("seed", 0) == 1;
    return wrong ? sameseed::misbehave(fault, *engine, message)
                 : sameseed::good_answer(*engine, message);
  };
  for (std::string line; std::getline(std::cin, line);) {
    if (sameseed::misbehave_on_line(fault, line)) continue;
    std::istringstream in(line);
    sameseed::serve(answer, in, std::cout);
  }
  if (fault == "stays") sameseed::sleep_for_ever();
  if (fault == "ends_badly") return 5;
  if (fault == "last_words") std::cout << "good bye" << std::endl;
}
