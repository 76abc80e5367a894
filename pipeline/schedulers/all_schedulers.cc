#include "pipeline/schedulers/euler.h"

namespace sameseed {

std::unique_ptr<Scheduler> make_scheduler(const SchedulerConfig& config, std::int64_t steps) {
  return std::make_unique<EulerScheduler>(config, steps);
}

}  // namespace sameseed
