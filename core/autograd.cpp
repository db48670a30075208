#include "core/autograd.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <new>

#include "core/debug.h"

namespace fovea {

namespace {

thread_local bool recording = true;
thread_local std::uint64_t current_tape = 0;
thread_local std::uint64_t next_sequence = 1;
thread_local std::uint64_t backward_pass = 0;
thread_local GradientStore* current_store = nullptr;

// Slots number the living leaves, so that a GradientStore is a plain array.
struct LeafSlots {
  std::mutex mutex;
  std::vector<int> free;
  int next = 0;

  int take() {
    const std::lock_guard lock(mutex);
    if (free.empty()) {
      free.reserve(static_cast<std::size_t>(next) + 1);  // give_back() must not fail
      return next++;
    }
    const int slot = free.back();
    free.pop_back();
    return slot;
  }
  void give_back(int slot) {
    const std::lock_guard lock(mutex);
    free.push_back(slot);
  }
};

LeafSlots& leaf_slots() {
  static auto* slots = new LeafSlots;  // never destroyed: leaves may outlive statics
  return *slots;
}

}  // namespace

void begin_tape() {
  static std::atomic<std::uint64_t> tapes{0};
  current_tape = ++tapes;
}

Node::Node(OpName op, const Tensor& output, std::span<const Tensor> inputs)
    : op_(op),
      shape_(output.shape()),
      per_sample_(output.is_per_sample()),
      tape_(current_tape),
      sequence_(next_sequence++),
      inputs_(inputs.begin(), inputs.end()) {
  detail::require_input_count(op, inputs.size());
  static std::atomic<std::uint64_t> leaves{0};
  if (is_leaf()) leaf_slot_ = leaf_slots().take(), leaf_id_ = ++leaves;
}

Node::~Node() {
  if (is_leaf()) leaf_slots().give_back(leaf_slot_);
  // A chain of a million operations must not be a million nested destructor calls: nodes only
  // this one keeps alive are taken apart in a loop. (Without memory for their list, nested.)
  thread_local std::vector<std::shared_ptr<Node>> doomed;
  thread_local bool draining = false;
  try {
    for (const Tensor& input : inputs_)
      if (input.node() && !input.node()->is_leaf()) doomed.push_back(input.node());
  } catch (const std::bad_alloc&) {
  }
  inputs_.clear();
  if (draining) return;
  draining = true;
  while (!doomed.empty()) {
    const std::shared_ptr<Node> node = std::move(doomed.back());
    doomed.pop_back();
  }
  draining = false;
}

void Node::backward(const Tensor&, GradSink&) {}

Tensor* GradSink::wanted(int i, bool* fresh) {
  require(i >= 0 && i < static_cast<int>(node_.inputs().size()), "[", node_.op(),
          "] backward asks for the gradient of input ", i, " of ", node_.inputs().size());
  const Tensor& input = node_.inputs()[i];
  Node* source = input.node().get();
  if (!source) return nullptr;
  Tensor* grad = &source->grad_;
  *fresh = false;
  if (source->is_leaf() && current_store) {
    auto& entries = current_store->entries_;
    if (entries.size() <= static_cast<std::size_t>(source->leaf_slot_))
      entries.resize(source->leaf_slot_ + 1);
    GradientStore::Entry& entry = entries[source->leaf_slot_];
    *fresh = !entry.used;
    if (!entry.grad || entry.leaf.node() != input.node()) {
      entry.leaf = input;
      entry.grad =
          source->per_sample_ ? Tensor::per_sample(source->shape_) : Tensor::shared(source->shape_);
    }
    entry.used = true;
    views_[i] = entry.grad;  // a handle of its own: entries_ may move when the next one is added
    grad = &views_[i];
  } else if (!*grad) {
    *grad =
        source->per_sample_ ? Tensor::per_sample(source->shape_) : Tensor::shared(source->shape_);
    *fresh = true;
  }
  if (grad->shape() == input.shape()) return grad;
  views_[i] = grad->reshape(input.shape());  // the input was reshaped on its way here
  return &views_[i];
}

Tensor* GradSink::wanted(int i) {
  bool fresh = false;
  Tensor* grad = wanted(i, &fresh);
  if (grad && fresh) grad->fill(0);
  return grad;
}

namespace detail {

bool graph_wanted(std::span<const Tensor> inputs) {
  if (!recording) return false;
  for (const Tensor& input : inputs)
    if (input && input.requires_grad()) return true;
  return false;
}

void used_up(const char* op) {
  fail("[backward] the graph of ", op, " was used before; run the forward pass again");
}

void require_input_count(const char* op, std::size_t count) {
  require(count <= max_op_inputs, "[", op, "] has ", count, " inputs; an operation may record ",
          max_op_inputs);
}

void finish_record(const char* op, const Tensor& y, std::span<const Tensor> inputs,
                   FunctionRef<Attributes()> attributes) {
  if (debug::enabled()) [[unlikely]]
    debug::after_forward(op, y, inputs, attributes);
}

}  // namespace detail

NoGrad::NoGrad() : before_(recording) {
  recording = false;
}

NoGrad::~NoGrad() {
  recording = before_;
}

void GradientStore::begin() {
  for (Entry& entry : entries_) entry.used = false;
}

const Tensor* GradientStore::find(int slot) const& {
  if (static_cast<std::size_t>(slot) >= entries_.size() || !entries_[slot].used) return nullptr;
  return &entries_[slot].grad;
}

const Tensor* GradientStore::find(const Tensor& leaf) const& {
  return leaf.node() && leaf.node()->is_leaf() ? find(leaf.node()->leaf_slot_) : nullptr;
}

/// The nodes `root` depends on, last recorded first, and the walk over them.
class Backward {
 public:
  static void run(const Tensor& root, const Tensor& seed) {
    thread_local std::vector<Node*> order;
    collect(root.node().get(), order);
    debug::before_backward(order);
    Node& start = *root.node();
    if (start.grad_) detail::used_up(start.op());
    start.grad_ = seed.shape() == start.shape_ ? seed : seed.reshape(start.shape_);
    for (Node* node : order) {
      if (!node->grad_) continue;  // an operation passed nothing on
      const Tensor dy = std::exchange(node->grad_, Tensor());
      GradSink sink(*node);
      node->backward(dy, sink);
      node->release();
      debug::after_backward(node->op());
    }
  }

 private:
  static void collect(Node* root, std::vector<Node*>& order) {
    thread_local std::vector<Node*> stack;
    const std::uint64_t pass = ++backward_pass;
    order.clear();
    stack.assign(1, root);
    root->visited_ = pass;
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      require(node->tape_ == current_tape, "[backward] ", node->op(),
              " was computed outside this step; compute it inside the function given to it");
      order.push_back(node);
      for (const Tensor& input : node->inputs()) {
        Node* next = input ? input.node().get() : nullptr;
        if (!next || next->is_leaf() || next->visited_ == pass) continue;
        next->visited_ = pass;
        stack.push_back(next);
      }
    }
    std::sort(order.begin(), order.end(),
              [](const Node* a, const Node* b) { return a->sequence_ > b->sequence_; });
  }
};

void backward(const Tensor& root, const Tensor& seed, GradientStore* store) {
  require(root.requires_grad(),
          "[backward] the result does not depend on anything that requires a "
          "gradient (set_requires_grad(), or a NoGrad is in force)");
  require(seed.shape() == root.shape() && seed.is_per_sample() == root.is_per_sample(),
          "[backward] seed ", seed, " does not match the result ", root);
  require(!root.node()->is_leaf(), "[backward] the result is a leaf, not computed from one");
  const NoGrad guard;
  GradientStore* const before = std::exchange(current_store, store);
  try {
    Backward::run(root, seed);
  } catch (...) {
    current_store = before;
    throw;
  }
  current_store = before;
}

void backward(const Tensor& root) {
  const Tensor seed = Tensor::like(root);
  seed.fill(1);
  backward(root, seed);
}

}  // namespace fovea
