// Tensor: a cheap handle to shaped storage, with an optional place in the autograd graph.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>

#include "core/lanes.h"
#include "core/shape.h"

namespace fovea {

class Node;
class SharedTensor;

/// A contiguous row-major array, of one of two kinds:
///   shared      a parameter or constant: one Real an element, PyTorch's shape ([out, in, kH, kW])
///   per sample  one Lanes an element, and the shape of ONE sample ([C, H, W]); the batch is never
///               an index
/// Copying a Tensor copies the handle; both handles see the same values. An empty Tensor is "none".
/// Where -DFOVEA_CHECKS is among the compiler's options, access of the wrong kind or out of range
/// throws Error; elsewhere it is undefined, and costs nothing.
class Tensor {
 public:
  Tensor() = default;

  /// New tensors; the values are uninitialised unless said otherwise.
  static SharedTensor shared(const Shape& shape);
  static Tensor per_sample(const Shape& shape);
  static SharedTensor zeros(const Shape& shape);
  static Tensor zeros(const Shape& shape, bool per_sample);
  template <class T>  // zeros({2}, 3) is neither the shape [2, 3] nor filled with 3
  static Tensor zeros(const Shape& shape, T) = delete;
  static SharedTensor filled(const Shape& shape, Real value);
  /// A shared tensor with these values; throws if their number does not match the shape.
  static SharedTensor from(const Shape& shape, std::span<const Real> values);
  static SharedTensor from(const Shape& shape, std::initializer_list<Real> values);
  /// A new tensor of the same kind and shape.
  static Tensor like(const Tensor& other);
  static SharedTensor like(const SharedTensor& other);

  bool defined() const { return impl_ != nullptr; }
  explicit operator bool() const { return defined(); }
  const Shape& shape() const&;
  Shape shape() const&& { return shape(); }  // of a temporary: by value
  int size() const;                          ///< elements of one sample
  bool is_per_sample() const;
  std::size_t real_count() const;  ///< Reals in memory: size(), or 16 * size() when per sample

  Real* data() const { return data_; }  ///< real_count() Reals, 64-byte aligned
  /// Per-sample tensors only: size() Lanes.
  [[gnu::always_inline]] Lanes* lanes() const {
    check_access(true);
    return reinterpret_cast<Lanes*>(data_);
  }
  /// Per-sample tensors only: element i of all sixteen samples. (SharedTensor has a Real there.)
  [[gnu::always_inline]] Lanes& operator[](int i) const {
    check_access(true, i);
    return reinterpret_cast<Lanes*>(data_)[i];
  }
  std::span<Real> values() const& { return {data(), real_count()}; }
  std::span<Real> values() const&& = delete;  // of a temporary, which may own them
  Real item() const;                          ///< the value of a shared tensor of one element

  /// The same values under another shape of the same size; no copy, and gradients flow through.
  Tensor reshape(const Shape& shape) const;
  /// The same values outside the graph. Backward closures capture this, never their own output
  /// handle: that would be a reference cycle.
  Tensor detach() const;
  Tensor clone() const;  ///< a copy of the values, outside the graph
  void fill(Real value) const;
  void copy_from(const Tensor& other) const;  ///< same kind and size

  /// Makes this tensor a leaf whose gradient backward() collects. Returns *this.
  Tensor& set_requires_grad(bool wanted = true);
  bool requires_grad() const;
  /// Gradient of a leaf, with its shape; undefined before any backward pass reached it.
  Tensor grad() const;
  void set_grad(const Tensor& grad) const;
  const std::shared_ptr<Node>& node() const;  ///< where its gradient goes; may be null
  void set_node(std::shared_ptr<Node> node) const;

 protected:
  // Inline wherever it is called: each caller checks, or does not, as it was compiled itself.
  template <class... Index>
  [[gnu::always_inline]] void check_access([[maybe_unused]] bool per_sample,
                                           [[maybe_unused]] Index... i) const {
#ifdef FOVEA_CHECKS
    require_access(per_sample, i...);
#endif
  }

 private:
  struct Impl;
  static Tensor make(const Shape& shape, bool per_sample);
  const Impl& impl() const;
  void require_access(bool per_sample) const;
  void require_access(bool per_sample, int i) const;
  std::shared_ptr<Impl> impl_;
  Real* data_ = nullptr;  // in the handle, so that element access needs no indirection
};

/// A handle that is known to be shared: its elements are Reals. It serves wherever a Tensor does.
class SharedTensor : public Tensor {
 public:
  SharedTensor() = default;
  /// The same tensor. Throws Error if it is per sample.
  explicit SharedTensor(Tensor tensor);

  [[gnu::always_inline]] Real& operator[](int i) const {
    check_access(false, i);
    return data()[i];
  }
  Lanes* lanes() const = delete;

  SharedTensor reshape(const Shape& shape) const { return SharedTensor(Tensor::reshape(shape)); }
  SharedTensor detach() const { return SharedTensor(Tensor::detach()); }
  SharedTensor clone() const { return SharedTensor(Tensor::clone()); }
  SharedTensor& set_requires_grad(bool wanted = true) {
    Tensor::set_requires_grad(wanted);
    return *this;
  }
  SharedTensor grad() const { return SharedTensor(Tensor::grad()); }
};

/// "per-sample [10, 24, 24]", as error messages say it.
void append_text(std::string& out, const Tensor& tensor);

}  // namespace fovea
