// How far a sweep is: a bar on a terminal, a plain line every few seconds elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <string>
#include <vector>

namespace sameseed {

enum class Verbosity { kQuiet, kNormal, kVerbose };  // kVerbose: a line a sample as well

struct ProgressStyle {
  Verbosity verbosity = Verbosity::kNormal;
  bool terminal = false;  // redraw in place
  bool colour = false;
  int columns = 80;
};

// What this process's stderr allows, and NO_COLOR.
ProgressStyle style_of_stderr(Verbosity verbosity);

// Safe to share by threads. The last state stays on the screen when it goes.
class Progress {
 public:
  // `before_count` is called before each line that says how many samples are made, other than on a
  // terminal that is redrawn, and puts them on the disk: a power loss takes none that was counted.
  // Where it throws, the line is not written.
  Progress(ProgressStyle style, std::ostream& out, std::size_t total, std::size_t made_before,
           std::vector<std::string> slots, std::function<void()> before_count = {});
  ~Progress();

  void begins(std::size_t slot, const std::string& what);
  void ends(std::size_t slot, const std::string& what, const std::string& outcome, bool failed,
            double ms);
  void say(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;

  std::string summary() const;
  void draw();
  void clear();

  const ProgressStyle style_;
  std::ostream& out_;
  const std::size_t total_, made_before_;
  const std::vector<std::string> slots_;
  const std::function<void()> before_count_;
  std::mutex mutex_;
  std::vector<std::string> doing_;
  std::size_t made_ = 0, failed_ = 0, lines_drawn_ = 0;
  Clock::time_point start_ = Clock::now(), drawn_ = start_;
};

// "2 h 05 min", "3 min 20 s", "41 s".
std::string duration_text(double seconds);

}  // namespace sameseed
