#include "bench/worker/machine.h"

#include <latch>
#include <thread>

namespace sameseed {
namespace {

class ThisMachine final : public Machine {
 public:
  std::unique_ptr<Worker> start(const std::vector<std::string>& command,
                                const std::vector<std::string>& environment,
                                const std::filesystem::path& log) override {
    return std::make_unique<ProcessWorker>(command, environment, log);
  }
  bool loads_ahead() const override { return true; }
  Clock::time_point now() override { return Clock::now(); }
  Host read_host() override { return sameseed::read_host(); }
  CpuReading read_cpu(pid_t worker) override { return sameseed::read_cpu(worker); }
  std::uintmax_t free_space(const std::filesystem::path& folder) override {
    return std::filesystem::space(folder).available;
  }
  void side_by_side(const std::vector<std::function<void()>>& jobs) override {
    std::latch all_done(static_cast<std::ptrdiff_t>(jobs.size()));
    std::vector<std::thread> threads;
    for (const auto& job : jobs)
      threads.emplace_back([&job, &all_done] {
        job();
        all_done.arrive_and_wait();
      });
    for (std::thread& thread : threads) thread.join();
  }
};

}  // namespace

Machine& this_machine() {
  static ThisMachine machine;
  return machine;
}

}  // namespace sameseed
