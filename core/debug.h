// Looking inside: tracing of operations, and the FOVEA_* debug switches.
//   FOVEA_CHECK_FINITE=1   stop at the first operation whose result has a NaN or an infinity
//   FOVEA_PROFILE=1        print the time spent in each operation, forward and backward, at exit
//   FOVEA_GRAPH=FILE.dot   write the graph of the first backward pass for Graphviz
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace fovea {

class Node;

/// One operation as it ran: what an exporter or a summary needs to know.
struct TracedOp {
  std::string op;
  std::string module;  ///< dotted path of the module it ran in, "localization.0"
  std::vector<Tensor> inputs;
  Tensor output;
  std::vector<std::pair<std::string, std::vector<double>>> attributes;
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

 private:
  friend void trace_op(const char*, const Tensor&, std::span<const Tensor>);
  friend void trace_attribute(const char*, std::vector<double>);
  std::vector<TracedOp> ops_;
  std::vector<std::pair<std::string, std::vector<double>>> pending_;
  Trace* outer_;
};

/// True while a Trace lives on this thread.
bool tracing();
/// Notes an attribute of the operation about to be recorded: stride, padding... Call it only when
/// tracing() is true, just before record().
void trace_attribute(const char* name, std::vector<double> values);
void trace_op(const char* op, const Tensor& output, std::span<const Tensor> inputs);

/// Name of the module that is running on this thread, for messages; set by Module.
class ModuleScope {
 public:
  explicit ModuleScope(const char* name);
  ~ModuleScope();

 private:
  std::size_t length_before_;
};
const std::string& current_module();

/// Turns FOVEA_CHECK_FINITE on or off from code.
void set_check_finite(bool on);

namespace debug {
/// Called by record() and backward(); nearly free while every switch is off.
void after_forward(const char* op, const Tensor& output, std::span<const Tensor> inputs);
void before_backward(const std::vector<Node*>& order);
void after_backward(const char* op);
bool enabled();
}  // namespace debug

}  // namespace fovea
