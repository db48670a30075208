// Worker threads: tasks are claimed one by one as workers come free.
#pragma once

#include "core/function_ref.h"

namespace fovea {

/// Sets how many threads run tasks, the caller among them: 1 to 256; 0 means one for each CPU this
/// process may use. Throws Error for other values. Not to be called while tasks run.
void set_threads(int count);
int threads();

/// The number of CPUs that this process may use.
int available_cpus();

/// Calls task(index) for every index in [0, count), on all threads, and returns when all are done.
/// If tasks throw, the exception of the lowest index is rethrown after the others have ended.
/// Denormal numbers are flushed to zero inside tasks: they would cost up to a hundred times more.
void run_tasks(int count, FunctionRef<void(int index)> task);

}  // namespace fovea
