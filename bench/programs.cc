#include "bench/programs.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace sameseed {
namespace {

constexpr int kCannotExecute = 127;  // as shells have it

std::filesystem::path own_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace

std::filesystem::path program(const std::string& name) { return own_folder() / name; }

std::filesystem::path data(const std::string& relative) {
  const auto installed = own_folder().parent_path() / "share/sameseed" / relative;
  return std::filesystem::exists(installed) ? installed
                                            : std::filesystem::path(SAMESEED_DATA_DIR) / relative;
}

std::vector<char*> exec_pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

int run_program(const std::vector<std::string>& command) {
  std::vector<std::string> environment;
  for (const char* name : {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "NO_COLOR"})
    if (const char* value = std::getenv(name))
      environment.push_back(std::string(name) + "=" + value);
  const auto arguments = exec_pointers(command), variables = exec_pointers(environment);
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid < 0)
    throw std::runtime_error(command.front() + " cannot be started: " + std::strerror(errno));
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it never outlives the run that waits for it
    if (::getppid() == parent) ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(kCannotExecute);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kCannotExecute)
    throw std::runtime_error(command.front() + " cannot be started");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace sameseed
