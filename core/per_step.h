// What all tiles of a step share and none should compute for itself, such as transformed weights:
// parameters do not change within a step.
#pragma once

#include <cstdint>
#include <memory>

#include "core/function_ref.h"
#include "core/lanes.h"
#include "core/memory.h"

namespace fovea {

using SharedValues = std::shared_ptr<const Buffer<Real>>;

/// The `count` Reals that `fill` writes, computed by the first tile of a step that asks for them;
/// the others wait for it. `leaf` and `kind` name them: the parameter (Node::leaf_id()), and what
/// is made of it. Without one (0), and outside of train_step() and for_each_tile(), they are made
/// anew in every call.
SharedValues once_a_step(std::uint64_t leaf, std::uint64_t kind, std::size_t count,
                         FunctionRef<void(Real*)> fill);

/// Held by a step while its tiles run: what was made before is no longer valid.
class StepScope {
 public:
  StepScope();
  std::uint64_t number() const { return number_; }

 private:
  std::uint64_t number_;
};

/// Says that this thread works on a tile of that step, while it lives.
class InStep {
 public:
  explicit InStep(const StepScope& step);
  ~InStep();
  InStep(const InStep&) = delete;
  InStep& operator=(const InStep&) = delete;

 private:
  std::uint64_t before_;
};

}  // namespace fovea
