// Misuse of the command line, as opposed to things that go wrong.
#pragma once

#include "core/error.h"

namespace fovea {

/// An Error in how the program was called: exit code 2 instead of 1.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Throws UsageError with the parts as its text unless `condition` holds.
template <class... Parts>
void require_usage(bool condition, const Parts&... parts) {
  if (!condition) throw UsageError(cat(parts...));
}

}  // namespace fovea
