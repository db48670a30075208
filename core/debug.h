// Looking inside: the FOVEA_* debug switches.
//   FOVEA_CHECK_FINITE=1   stop at the first operation whose result has a NaN or an infinity; each
//                          layer runs by itself then, not fused, so the last bit of gradients may
//                          differ
//   FOVEA_PROFILE=1        print the time spent in each operation, forward and backward, at exit
//   FOVEA_GRAPH=FILE.dot   write the graph of the first backward pass for Graphviz
#pragma once

#include <span>
#include <vector>

#include "core/attributes.h"
#include "core/function_ref.h"
#include "core/tensor.h"

namespace fovea {

class Node;

/// Turns FOVEA_CHECK_FINITE on or off from code.
void set_check_finite(bool on);

namespace debug {
/// Made only when somebody traces.
using AttributesOf = FunctionRef<Attributes()>;

/// Called by record() and backward(); nearly free while every switch is off.
void after_forward(const char* op, const Tensor& output, std::span<const Tensor> inputs,
                   AttributesOf attributes);
void before_backward(const std::vector<Node*>& order);
void after_backward(const char* op);
bool enabled();
bool checking_finite();
/// Notes the operation in this thread's Trace, if there is one (core/trace.cpp).
void trace(const char* op, const Tensor& output, std::span<const Tensor> inputs,
           AttributesOf attributes);
}  // namespace debug

}  // namespace fovea
