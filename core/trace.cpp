#include "core/trace.h"

#include <algorithm>
#include <set>

#include "core/debug.h"

namespace fovea {

namespace {

thread_local Trace* active_trace = nullptr;
thread_local ScopeGuard* innermost = nullptr;

}  // namespace

Trace::Trace() : outer_(active_trace) {
  active_trace = this;
}

Trace::~Trace() {
  active_trace = outer_;
}

std::vector<const TracedOp*> needed_operations(const Trace& trace, const Tensor& output) {
  std::set<const void*> wanted = {output.data()};
  std::vector<const TracedOp*> needed;
  for (auto op = trace.ops().rbegin(); op != trace.ops().rend(); ++op) {
    if (!wanted.contains(op->output.data())) continue;
    needed.push_back(&*op);
    for (const Tensor& x : op->inputs)
      if (x) wanted.insert(x.data());
  }
  std::reverse(needed.begin(), needed.end());
  return needed;
}

bool tracing() {
  return active_trace != nullptr;
}

bool operations_observed() {
  return active_trace || debug::checking_finite();
}

ScopeGuard::ScopeGuard(const Scope& scope) : scope_(&scope), outer_(innermost) {
  innermost = this;
}

ScopeGuard::~ScopeGuard() {
  innermost = outer_;
}

std::string current_scope() {
  for (const ScopeGuard* guard = innermost; guard; guard = guard->outer_)
    if (std::string path = guard->scope_->path(); !path.empty()) return path;
  return {};
}

namespace debug {

void trace(const char* op, const Tensor& output, std::span<const Tensor> inputs,
           AttributesOf attributes) {
  if (active_trace)
    active_trace->add({op, current_scope(), {inputs.begin(), inputs.end()}, output, attributes()});
}

}  // namespace debug

}  // namespace fovea
