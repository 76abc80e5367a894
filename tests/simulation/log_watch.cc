// The linker puts these in place of what the program writes and flushes its log with.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "tests/simulation/scripted_machine.h"

namespace sameseed::simulation {
namespace {

World* watched = nullptr;
bool is_cut = false;  // half a line was written

bool is_log(int descriptor) {
  struct stat log {
  }, file{};
  return watched && ::stat((watched->run / "records.jsonl").c_str(), &log) == 0 &&
         ::fstat(descriptor, &file) == 0 && log.st_ino == file.st_ino && log.st_dev == file.st_dev;
}

// How much of a line gets into the log.
ssize_t room_for(std::string_view text) {
  if (std::exchange(is_cut, false)) return -1;
  World& world = *watched;
  const nlohmann::json line = nlohmann::json::parse(text);
  ++world.lines;
  if (world.mood.signal_line == world.lines) world.signal();
  const bool fits = !world.mood.full_line || world.lines < *world.mood.full_line;
  world.note(line.at("type") == "sample" ? "record: " + line.at("sample").get<std::string>() + " " +
                                               line.at("outcome").get<std::string>()
                                         : "record of a " + line.at("type").get<std::string>());
  world.seen(line.at("type") == "sample" ? "record: " + line.at("outcome").get<std::string>()
                                         : "record of a " + line.at("type").get<std::string>());
  if (world.mood.low_disk && line.at("type") == "sample" && line.at("outcome") != "ok" &&
      line.at("outcome") != "unsupported")
    world.expect.wrong.push_back("a sample that failed on a full disk has a record");
  world.expect.line(Turns::job(), line, world.turns.now(), fits);
  if (fits) return static_cast<ssize_t>(text.size());
  world.expect.disk_is_full(world.turns.now());
  world.seen("no room in the log");
  world.note("there is no room for it");
  is_cut = world.lines % 2 == 0;
  return is_cut ? static_cast<ssize_t>(text.size() / 2) : -1;
}

}  // namespace

void watch_log(World* world) {
  watched = world;
  is_cut = false;
}

}  // namespace sameseed::simulation

using sameseed::simulation::is_log;
using sameseed::simulation::watched;

extern "C" ssize_t __real_write(int descriptor, const void* bytes, size_t size);
extern "C" ssize_t __wrap_write(int descriptor, const void* bytes, size_t size) {
  const std::string_view text(static_cast<const char*>(bytes), size);
  if (!is_log(descriptor) || text == "\n") return ::__real_write(descriptor, bytes, size);
  const ssize_t room = sameseed::simulation::room_for(text);
  if (room < 0) {
    errno = ENOSPC;
    return -1;
  }
  return ::__real_write(descriptor, bytes, static_cast<size_t>(room));
}

extern "C" int __wrap_syncfs(int descriptor) {
  if (!is_log(descriptor)) return 0;
  auto& world = *watched;
  const bool is_well = ++world.flushes != world.mood.lost_flush;
  world.expect.flushed(world.turns.now(), is_well);
  world.seen(is_well ? "flush" : "flush that fails");
  errno = EIO;
  return is_well ? 0 : -1;
}

extern "C" int __wrap_fdatasync(int) { return 0; }
