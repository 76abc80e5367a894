#include "bench/sweep/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <ostream>
#include <utility>

#include "reports/run/labels.h"

namespace sameseed {
namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenFrames = 100ms;
constexpr auto kBetweenLines = 5s;
constexpr std::size_t kBar = 24;  // characters

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(std::lround(share * static_cast<double>(kBar)));
  return fmt::format("[{}{}]", std::string(full, '#'), std::string(kBar - full, '.'));
}

}  // namespace

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(std::lround(std::max(seconds, 0.0)));
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

ProgressStyle style_of_stderr(Verbosity verbosity) {
  ProgressStyle style{.verbosity = verbosity};
  const char* terminal = std::getenv("TERM");
  const char* no_colour = std::getenv("NO_COLOR");  // no-color.org: any text but the empty one
  style.terminal = ::isatty(STDERR_FILENO) && terminal && std::string(terminal) != "dumb";
  style.colour = style.terminal && !(no_colour && *no_colour);
  winsize size{};
  if (style.terminal && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
    style.columns = size.ws_col;
  return style;
}

Progress::Progress(ProgressStyle style, std::ostream& out, std::size_t total,
                   std::size_t made_before, std::vector<std::string> slots,
                   std::function<void()> before_count)
    : style_(style),
      out_(out),
      total_(total),
      made_before_(made_before),
      slots_(std::move(slots)),
      before_count_(std::move(before_count)),
      doing_(slots_.size(), "waits") {}

Progress::~Progress() {
  if (style_.verbosity == Verbosity::kQuiet || made_ == 0) return;
  try {
    if (before_count_) before_count_();
  } catch (const std::exception&) {
    return;  // whoever ends the run says why
  }
  clear();
  out_ << "sameseed: " << summary() << std::endl;
}

std::string Progress::summary() const {
  const double passed = std::chrono::duration<double>(Clock::now() - start_).count();
  const std::size_t so_far = made_before_ + made_;
  std::string text = fmt::format("{}/{} samples in {}", so_far, total_, duration_text(passed));
  if (made_ > 0 && so_far < total_)
    text += fmt::format(", about {} left", duration_text(passed / static_cast<double>(made_) *
                                                         static_cast<double>(total_ - so_far)));
  if (failed_ > 0)
    text += style_.colour ? fmt::format(", \x1b[31m{} failed\x1b[0m", failed_)
                          : fmt::format(", {} failed", failed_);
  return text;
}

void Progress::clear() {
  if (!style_.terminal) return;
  for (; lines_drawn_ > 0; --lines_drawn_) out_ << "\x1b[1A\x1b[2K";
}

void Progress::draw() {
  if (style_.verbosity == Verbosity::kQuiet) return;
  const auto now = Clock::now();
  if (now - drawn_ < (style_.terminal ? Clock::duration(kBetweenFrames) : kBetweenLines)) return;
  drawn_ = now;
  if (!style_.terminal) {
    if (before_count_) before_count_();
    out_ << "sameseed: " << summary() << std::endl;
    return;
  }
  clear();
  out_ << bar(static_cast<double>(made_before_ + made_) /
              static_cast<double>(std::max<std::size_t>(total_, 1)))
       << " " << summary() << "\n";
  lines_drawn_ = 1 + slots_.size();
  for (std::size_t i = 0; i < slots_.size(); ++i)
    out_ << fmt::format("  {}: {}", slots_[i], doing_[i])
                .substr(0, static_cast<std::size_t>(style_.columns - 1))
         << "\n";
  out_ << std::flush;
}

void Progress::begins(std::size_t slot, const std::string& what) {
  const std::lock_guard lock(mutex_);
  doing_.at(slot) = what;
  draw();
}

void Progress::ends(std::size_t slot, const std::string& what, const std::string& outcome,
                    bool failed, double ms) {
  const std::lock_guard lock(mutex_);
  ++made_;
  failed_ += failed;
  if (style_.verbosity == Verbosity::kVerbose ||
      (failed && style_.verbosity != Verbosity::kQuiet)) {
    clear();
    out_ << fmt::format("sameseed: {}: {}: {} ({:.0f} ms)", slots_.at(slot), one_line(what),
                        one_line(outcome), ms)
         << std::endl;
  }
  draw();
}

void Progress::say(const std::string& line) {
  if (style_.verbosity == Verbosity::kQuiet) return;
  const std::lock_guard lock(mutex_);
  clear();
  out_ << "sameseed: " << one_line(line) << std::endl;
}

}  // namespace sameseed
