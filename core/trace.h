// Watching operations run: traces for exporters and summaries, and where in a network they are.
#pragma once

#include <string>
#include <vector>

#include "core/attributes.h"
#include "core/tensor.h"

namespace fovea {

/// One operation as it ran: what an exporter or a summary needs to know.
struct TracedOp {
  std::string op;
  std::string module;  ///< dotted path of the module it ran in, "localization.0"
  std::vector<Tensor> inputs;
  Tensor output;
  Attributes attributes;
};

/// While it lives, every operation on this thread is noted down (also without gradients). Holds
/// the tensors alive, so that identity of storage tells which output feeds which input.
class Trace {
 public:
  Trace();
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  const std::vector<TracedOp>& ops() const { return ops_; }
  void add(TracedOp op) { ops_.push_back(std::move(op)); }

 private:
  std::vector<TracedOp> ops_;
  Trace* outer_;
};

/// The traced operations that `output` depends on, in order: others may be inexpressible where it
/// is exported. They live as long as the trace.
std::vector<const TracedOp*> needed_operations(const Trace& trace, const Tensor& output);

/// True while a Trace lives on this thread. An operation that does in one pass what others do in
/// several runs as those then, so that exporters need not know it.
bool tracing();

/// True while somebody wants to see each operation by itself: a Trace, or FOVEA_CHECK_FINITE.
bool operations_observed();

/// What messages and traces name: a module, or another part of a program.
class Scope {
 public:
  /// Dotted, from the outermost part on; empty if it has no name.
  virtual std::string path() const = 0;

 protected:
  ~Scope() = default;
};

/// Says what runs on this thread while it lives.
class ScopeGuard {
 public:
  explicit ScopeGuard(const Scope& scope);
  ~ScopeGuard();
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  friend std::string current_scope();
  const Scope* scope_;
  ScopeGuard* outer_;
};

/// The path of the innermost scope that has one; empty outside of all.
std::string current_scope();

}  // namespace fovea
