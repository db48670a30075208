// A reference to something callable.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace fovea {

/// Unlike std::function it never allocates. It must not outlive the callable: it is for parameters,
/// not for members.
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
  FunctionRef(const FunctionRef&) = default;
  FunctionRef& operator=(const FunctionRef&) = delete;  // what was assigned would soon be gone
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace fovea
