#include "bench/check/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <stdexcept>

namespace sameseed {

FolderWatch::FolderWatch(const std::string& folder)
    : descriptor_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (descriptor_ < 0 || ::inotify_add_watch(descriptor_, folder.c_str(), IN_MODIFY) < 0)
    throw std::runtime_error("the folder of the pictures cannot be watched");
}

FolderWatch::~FolderWatch() { ::close(descriptor_); }

std::set<std::string> FolderWatch::written() const {
  std::set<std::string> names;
  alignas(inotify_event) char events[65536];
  for (ssize_t size; (size = ::read(descriptor_, events, sizeof events)) > 0;)
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events + at);
      if (event->len > 0) names.insert(event->name);
      at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
    }
  return names;
}

}  // namespace sameseed
