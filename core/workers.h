// Worker threads: tasks are claimed one by one as workers come free.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace fovea {

/// A reference to something callable; unlike std::function it never allocates. It must not outlive
/// the callable.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>) FunctionRef(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

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
