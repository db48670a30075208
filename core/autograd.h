// Reverse-mode automatic differentiation: operations record how to go back, backward() goes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/attributes.h"
#include "core/function_ref.h"
#include "core/memory.h"
#include "core/tensor.h"

namespace fovea {

class GradSink;

inline constexpr int max_op_inputs = 8;  ///< how many inputs an operation may record

/// The name of an operation: graphs keep the pointer, so it must be a literal.
class OpName {
 public:
  consteval OpName(const char* literal) : text_(literal) {}
  operator const char*() const { return text_; }

 private:
  const char* text_;
};
inline void append_text(std::string& out, OpName name) {
  out += static_cast<const char*>(name);
}

/// One recorded operation, or a leaf (no inputs): the place where the gradient of a value arrives.
class Node {
 public:
  /// Throws Error for more than max_op_inputs inputs.
  Node(OpName op, const Tensor& output, std::span<const Tensor> inputs);
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Adds to the input gradients, given the gradient of the output.
  virtual void backward(const Tensor& dy, GradSink& grad);
  /// Drops what backward() kept, so that its memory serves the next operation.
  virtual void release() {}

  bool is_leaf() const { return inputs_.empty(); }
  /// Of a leaf a number that no other has, ever; 0 of an operation.
  std::uint64_t leaf_id() const { return leaf_id_; }
  const char* op() const { return op_; }
  const std::vector<Tensor, CacheAllocator<Tensor>>& inputs() const { return inputs_; }

 private:
  friend class GradSink;
  friend class Backward;
  friend class GradientStore;
  friend class Tensor;

  const char* op_;
  Shape shape_;
  bool per_sample_;
  std::uint64_t tape_;      // the tile in which it was recorded
  std::uint64_t sequence_;  // order of recording: backward goes from high to low
  std::uint64_t visited_ = 0;
  std::uint64_t leaf_id_ = 0;
  int leaf_slot_ = -1;  // index in a GradientStore; leaves only
  std::vector<Tensor, CacheAllocator<Tensor>> inputs_;
  Tensor grad_;
};

/// What an operation's backward writes to.
class GradSink {
 public:
  /// The gradient of input `i` to add to, zero before its first use; null when nobody wants it.
  /// Throws Error when the operation has no such input.
  Tensor* wanted(int i);
  /// The same without the zeros: where *fresh is set, the values are uninitialised and the
  /// operation must assign every element; otherwise it must add.
  Tensor* wanted(int i, bool* fresh);

 private:
  friend class Backward;
  explicit GradSink(const Node& node) : node_(node) {}
  const Node& node_;
  Tensor views_[max_op_inputs];
};

namespace detail {
bool graph_wanted(std::span<const Tensor> inputs);
void finish_record(const char* op, const Tensor& y, std::span<const Tensor> inputs,
                   FunctionRef<Attributes()> attributes);
inline constexpr auto no_attributes = [] { return Attributes(); };
void require_input_count(const char* op, std::size_t count);
[[noreturn]] void used_up(const char* op);

template <class F>
class ClosureNode final : public Node {
 public:
  ClosureNode(OpName op, const Tensor& y, std::span<const Tensor> inputs, F&& f)
      : Node(op, y, inputs), f_(std::move(f)) {}
  void backward(const Tensor& dy, GradSink& grad) override {
    if (!f_) used_up(op());
    (*f_)(dy, grad);
  }
  void release() override { f_.reset(); }

 private:
  std::optional<F> f_;
};
}  // namespace detail

/// Gives the result `y` of operation `op` its place in the graph and returns it. `backward` is
/// called as backward(const Tensor& dy, GradSink&) and adds to the gradients of `inputs`; it is
/// dropped at once when no input requires a gradient. Throws Error for more than
/// max_op_inputs inputs, whether a gradient is wanted or not.
/// `attributes`, a function without arguments, returns the Attributes that an exporter must know;
/// it is called only when somebody traces.
template <class F, class A = decltype(detail::no_attributes)>
Tensor record(OpName op, Tensor y, std::span<const Tensor> inputs, F backward,
              const A& attributes = detail::no_attributes) {
  detail::require_input_count(op, inputs.size());
  if (detail::graph_wanted(inputs))
    y.set_node(std::allocate_shared<detail::ClosureNode<F>>(
        CacheAllocator<detail::ClosureNode<F>>(), op, y, inputs, std::move(backward)));
  detail::finish_record(op, y, inputs, attributes);
  return y;
}
template <class F, class A = decltype(detail::no_attributes)>
Tensor record(OpName op, Tensor y, std::initializer_list<Tensor> inputs, F backward,
              const A& attributes = detail::no_attributes) {
  return record(op, std::move(y), std::span(inputs.begin(), inputs.size()), std::move(backward),
                attributes);
}

/// True when one of the inputs requires a gradient and recording is on: an operation may skip
/// what only backward needs otherwise.
inline bool grad_wanted(std::initializer_list<Tensor> inputs) {
  return detail::graph_wanted({inputs.begin(), inputs.size()});
}

/// While it lives, nothing on this thread is recorded.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// Gradients of leaves, kept apart from the leaves themselves: each tile of a training step has
/// its own, so that tiles run at the same time. Memory is kept from one step to the next.
class GradientStore {
 public:
  void begin();  ///< forgets the values, keeps the memory
  /// Drops the leaf in this slot and its memory, if there is one.
  void forget(std::size_t slot) {
    if (slot < entries_.size()) entries_[slot] = {};
  }
  /// The gradient of the leaf in this slot; null when this pass did not reach it.
  const Tensor* find(int slot) const&;
  const Tensor* find(const Tensor& leaf) const&;
  const Tensor* find(const Tensor& leaf) const&& = delete;
  const Tensor* find(int slot) const&& = delete;  // of a temporary, as entries()

  struct Entry {
    Tensor grad;
    Tensor leaf;
    bool used = false;
  };
  std::span<const Entry> entries() const& { return entries_; }
  std::span<const Entry> entries() const&& = delete;

 private:
  friend class GradSink;
  std::vector<Entry> entries_;
};

/// Adds d(sum(seed * root))/d(leaf) to the gradient of every leaf `root` depends on. `seed` has
/// root's kind and shape. Leaf gradients go to `store` when one is given, else to the leaves
/// (Tensor::grad). The graph is used up. Throws if root does not require a gradient.
void backward(const Tensor& root, const Tensor& seed, GradientStore* store = nullptr);

/// backward() with a seed of ones: the gradient of the sum over elements and samples.
void backward(const Tensor& root);

/// Starts a new tape on this thread; graphs of different tapes must not be mixed.
void begin_tape();

}  // namespace fovea
