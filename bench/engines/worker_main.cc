// sameseed-worker ENGINE: one engine, loaded once, answering one request a line. As
// `sameseed-worker noise` it draws the initial noise of a run instead, in a process of its own, so
// that nothing under test can touch it.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <ext/stdio_filebuf.h>
#include <iostream>
#include <string_view>

#include "bench/engines/all_engines.h"
#include "bench/engines/folder_engine.h"
#include "bench/plan/engine_name.h"
#include "io/error.h"
#include "pipeline/model/model_files.h"
#include "pipeline/noise.h"
#include "pipeline/protocol.h"

using nlohmann::json;

namespace {

json draw(const json& message) {
  const sameseed::NoiseRequest request = sameseed::read_noise_request(message);
  sameseed::require_model_folder(request.model);  // the first that looks into it
  return {{"hashes", sameseed::draw_noise(request)}};
}

// A worker whose device is lost ends, so that the next sample gets a new one.
json answer_while_it_works(sameseed::Engine& engine, const json& message) {
  try {
    return sameseed::answer_of(engine, message);
  } catch (const sameseed::Unsupported&) {
    throw;
  } catch (const sameseed::UserError&) {
    throw;
  } catch (const std::exception& problem) {
    if (sameseed::device_works()) throw;
    std::cerr << "sameseed-worker: the GPU takes no more work of this process: " << problem.what()
              << std::endl;
    std::_Exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const bool folder = argc == 3 && std::string_view(argv[1]) == sameseed::kFolderEngine;
  if (argc != 2 && !folder) {
    std::cerr
        << "usage: sameseed-worker reference|accelerated|null|noise, or folder DIR   (answers "
           "the line protocol on stdin and stdout; `noise` draws initial noise)\n";
    return 1;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a worker never outlives the run that started it
  // Only answers may reach the real stdout: whatever a library prints goes to stderr.
  const int answers = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (answers < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    throw std::runtime_error("stdout cannot be kept apart");
  __gnu_cxx::stdio_filebuf<char> buffer(answers, std::ios::out);
  std::ostream out(&buffer);
  if (std::string_view(argv[1]) == "noise") {
    sameseed::serve(draw, std::cin, out);
    return 0;
  }
  const auto engine =
      folder ? sameseed::make_folder_engine(argv[2]) : sameseed::make_engine(argv[1]);
  sameseed::serve([&](const json& message) { return answer_while_it_works(*engine, message); },
                  std::cin, out);
  return 0;
} catch (const std::exception& problem) {
  std::cerr << "sameseed-worker: " << problem.what() << "\n";
  return 1;
}
