#include "pipeline/cuda/choices.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iostream>

#include "io/error.h"
#include "io/files.h"
#include "io/sha256.h"

namespace sameseed::cuda {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "sameseed/algorithms/1";
constexpr auto kLongestWait = std::chrono::seconds(30);  // a search takes a second at most

}  // namespace

void SearchLock::take() {
  if (descriptor_ >= 0 || file_.empty() || waited_in_vain_) return;
  std::error_code none;  // of a folder that cannot be made: nothing is kept there either
  std::filesystem::create_directories(file_.parent_path(), none);
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (descriptor_ < 0) return;
  const auto end = std::chrono::steady_clock::now() + kLongestWait;
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const bool is_taken = errno == EWOULDBLOCK || errno == EINTR;
    waited_in_vain_ = !is_taken || std::chrono::steady_clock::now() > end;
    if (waited_in_vain_) return release();
    ::usleep(2'000);
  }
}

void SearchLock::release() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

Choices::Choices(std::filesystem::path file, std::string machine)
    : file_(std::move(file)),
      machine_(std::move(machine)),
      lock_(file_.empty() ? "" : file_.string() + ".lock"),
      known_(read()) {}

// A file that cannot be used costs a search, not the run.
json Choices::read() const {
  if (file_.empty()) return json::object();
  try {
    json stored = read_json(file_);
    if (stored.value("schema", "") == kSchema && stored.value("machine", "") == machine_ &&
        stored.contains("choices") && stored.at("choices").is_object()) {
      json choices = json::object();
      for (const auto& [operation, choice] : stored.at("choices").items())
        if (choice.is_object() && choice.contains("algorithm") &&
            choice.at("algorithm").is_string())
          choices[operation] = choice;
      return choices;
    }
  } catch (const UserError&) {
  } catch (const json::exception&) {
  }
  return json::object();
}

// What others wrote meanwhile. Where they and this process chose differently, what this one takes
// stands for it.
void Choices::take_in() {
  json all = read();
  all.update(known_);
  known_ = std::move(all);
}

json Choices::find(const std::string& operation) {
  if (!known_.contains(operation)) {
    lock_.take();
    take_in();
  }
  const auto found = known_.find(operation);
  if (found == known_.end()) {
    searching_.push_back(operation);
    return {};
  }
  if (searching_.empty()) lock_.release();
  taken_[operation] = *found;
  return *found;
}

void Choices::keep(const std::string& operation, json choice) {
  // What was searched for on the way and not kept cannot be had.
  searching_.erase(std::ranges::find(searching_, operation), searching_.end());
  if (known_.value(operation, json()) == choice) {
    taken_[operation] = std::move(choice);
    if (searching_.empty()) lock_.release();
    return;
  }
  lock_.take();
  take_in();
  taken_[operation] = choice;
  known_[operation] = std::move(choice);
  changed_ = true;
  write(/*to_disk=*/false);
  if (searching_.empty()) lock_.release();
}

// What cannot be written is said once, by save().
void Choices::write(bool to_disk) try {
  if (file_.empty()) return;
  write_file(file_,
             json{{"schema", kSchema}, {"machine", machine_}, {"choices", known_}}.dump(1) + "\n",
             to_disk ? FlushToDisk::kYes : FlushToDisk::kNo);
} catch (const UserError& error) {  // the next process searches again
  if (to_disk)
    std::cerr << "the algorithms that were chosen are not kept: " << error.what()
              << "; set XDG_CACHE_HOME to a folder that can be written to\n";
}

void Choices::save() {
  if (changed_ && !file_.empty()) {
    lock_.take();
    take_in();
    write(/*to_disk=*/true);
  }
  changed_ = false;
  searching_.clear();
  lock_.release();
}

std::filesystem::path choices_file(const std::string& machine) {
  const std::string key = sha256(std::as_bytes(std::span(machine))).substr(0, 12);
  return cache_file(fmt::format("algorithms-{}.json", key));
}

}  // namespace sameseed::cuda
