#include "bench/system/programs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "io/error.h"

namespace sameseed {
namespace {

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

CapturedOutput capture_output(const std::vector<std::string>& command,
                              const std::vector<std::string>& environment,
                              std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw UserError(std::string("no pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  for (const int number : {STDOUT_FILENO, STDERR_FILENO})
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], number);
  const auto arguments = exec_pointers(command), variables = exec_pointers(environment);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  CapturedOutput captured{.code = kCannotExecute, .output = error ? std::strerror(error) : ""};
  for (bool open = error == 0; open;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{ends[0], POLLIN, 0};
    char part[4096];
    ssize_t size = 0;
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) == 0) {
      ::kill(pid, SIGKILL);
      captured.output += "no end within its time\n";
      open = false;
    } else if ((size = ::read(ends[0], part, sizeof part)) > 0) {
      captured.output.append(part, static_cast<std::size_t>(size));
    } else {
      open = size < 0 && errno == EINTR;
    }
  }
  ::close(ends[0]);
  if (error == 0) captured.code = wait_for_program(pid);
  return captured;
}

std::filesystem::path find_program(const std::string& name) {
  const auto runs = [](const std::filesystem::path& file) {
    return ::access(file.c_str(), X_OK) == 0 && !std::filesystem::is_directory(file);
  };
  if (name.find('/') != std::string::npos)
    return runs(name) ? std::filesystem::path(name) : std::filesystem::path();
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const auto file = std::filesystem::path(folder.empty() ? "." : folder) / name; runs(file))
      return file;
  return {};
}

std::vector<std::string> clean_environment() {
  std::vector<std::string> environment;
  for (const char* name :
       {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "NO_COLOR", "LD_LIBRARY_PATH"})
    if (const char* value = std::getenv(name))
      environment.push_back(std::string(name) + "=" + value);
  environment.push_back(std::string(kSpinCount) + "=" + kFewSpins);
  return environment;
}

pid_t start_program(const std::vector<std::string>& command,
                    const std::function<void()>& in_child) {
  const std::vector<std::string> environment = clean_environment();
  const auto arguments = exec_pointers(command), variables = exec_pointers(environment);
  const pid_t parent = ::getpid(), pid = ::fork();
  if (pid < 0) throw UserError(command.front() + " cannot be started: " + std::strerror(errno));
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it never outlives the run that waits for it
    if (in_child) in_child();
    if (::getppid() == parent) ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(kCannotExecute);
  }
  return pid;
}

int wait_for_program(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_program(const std::vector<std::string>& command) {
  return wait_for_program(start_program(command));
}

}  // namespace sameseed
