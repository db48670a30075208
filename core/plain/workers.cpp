// core/workers.h without threads, for builds that have none (`make web`): the caller runs all
// tasks.
#include "core/workers.h"

#include "core/error.h"

namespace fovea {

int available_cpus() {
  return 1;
}

void set_threads(int count) {
  require(count == 0 || count == 1, "threads: this build has one, got ", count);
}

int threads() {
  return 1;
}

void run_tasks(int count, FunctionRef<void(int)> task) {
  for (int i = 0; i < count; ++i) task(i);
}

}  // namespace fovea
