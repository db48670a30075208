#include "core/tensor.h"

#include <algorithm>

#include "core/autograd.h"
#include "core/memory.h"

namespace fovea {

struct Tensor::Impl {
  Shape shape;
  bool per_sample = false;
  std::shared_ptr<Buffer<Real>> storage;
  std::shared_ptr<Node> node;
};

Tensor Tensor::make(const Shape& shape, bool per_sample) {
  Tensor t;
  t.impl_ = std::allocate_shared<Impl>(CacheAllocator<Impl>());
  Impl& impl = *t.impl_;
  impl.shape = shape;
  impl.per_sample = per_sample;
  const std::size_t count = static_cast<std::size_t>(shape.size()) * (per_sample ? lane_count : 1);
  impl.storage = std::allocate_shared<Buffer<Real>>(CacheAllocator<Buffer<Real>>(), count);
  t.data_ = impl.storage->data();
  return t;
}

SharedTensor Tensor::shared(const Shape& shape) {
  return SharedTensor(make(shape, false));
}

Tensor Tensor::per_sample(const Shape& shape) {
  return make(shape, true);
}

SharedTensor Tensor::zeros(const Shape& shape) {
  return filled(shape, 0);
}

Tensor Tensor::zeros(const Shape& shape, bool per_sample) {
  Tensor t = make(shape, per_sample);
  t.fill(0);
  return t;
}

SharedTensor Tensor::filled(const Shape& shape, Real value) {
  SharedTensor t = shared(shape);
  t.fill(value);
  return t;
}

SharedTensor Tensor::from(const Shape& shape, std::span<const Real> values) {
  require(static_cast<std::size_t>(shape.size()) == values.size(), "tensor: shape ", shape,
          " takes ", shape.size(), " values, got ", values.size());
  SharedTensor t = shared(shape);
  std::copy(values.begin(), values.end(), t.data());
  return t;
}

SharedTensor Tensor::from(const Shape& shape, std::initializer_list<Real> values) {
  return from(shape, std::span(values.begin(), values.size()));
}

Tensor Tensor::like(const Tensor& other) {
  return make(other.shape(), other.is_per_sample());
}

SharedTensor Tensor::like(const SharedTensor& other) {
  return shared(other.shape());
}

SharedTensor::SharedTensor(Tensor tensor) : Tensor(std::move(tensor)) {
  require(!*this || !is_per_sample(), "tensor: ", *this, " is not shared by all samples");
}

const Tensor::Impl& Tensor::impl() const {
  require(impl_ != nullptr, "tensor: used before it was given a value");
  return *impl_;
}

const Shape& Tensor::shape() const& {
  return impl().shape;
}

int Tensor::size() const {
  return impl().shape.size();
}

bool Tensor::is_per_sample() const {
  return impl().per_sample;
}

std::size_t Tensor::real_count() const {
  return static_cast<std::size_t>(size()) * (is_per_sample() ? lane_count : 1);
}

void Tensor::require_access(bool per_sample) const {
  require(is_per_sample() == per_sample, "tensor: ", *this, " was accessed as if it were ",
          per_sample ? "per sample; SharedTensor(t)[i] is element i of a shared one" : "shared");
}

void Tensor::require_access(bool per_sample, int i) const {
  require_access(per_sample);
  require(i >= 0 && i < size(), "tensor: ", *this, " has no element ", i);
}

Real Tensor::item() const {
  require(!is_per_sample() && size() == 1,
          "tensor: item() takes a shared tensor of one element, got ", *this);
  return data()[0];
}

Tensor Tensor::reshape(const Shape& shape) const {
  require(shape.size() == size(), "[reshape] ", this->shape(), " has ", size(), " elements, ",
          shape, " would have ", shape.size());
  Tensor t;
  t.impl_ = std::allocate_shared<Impl>(CacheAllocator<Impl>(), *impl_);
  t.data_ = data_;
  t.impl_->shape = shape;
  detail::finish_record("reshape", t, {this, 1}, detail::no_attributes);
  return t;
}

Tensor Tensor::detach() const {
  Tensor t;
  t.impl_ = std::allocate_shared<Impl>(CacheAllocator<Impl>(), impl());
  t.data_ = data_;
  t.impl_->node = nullptr;
  return t;
}

Tensor Tensor::clone() const {
  Tensor t = like(*this);
  t.copy_from(*this);
  return t;
}

void Tensor::fill(Real value) const {
  std::fill_n(data(), real_count(), value);
}

void Tensor::copy_from(const Tensor& other) const {
  require(other.size() == size() && other.is_per_sample() == is_per_sample(),
          "tensor: cannot copy ", other, " to ", *this);
  std::copy_n(other.data(), real_count(), data());
}

Tensor& Tensor::set_requires_grad(bool wanted) {
  require(!impl().node || impl().node->is_leaf(), "tensor: the result of an operation (",
          impl().node ? impl().node->op() : "", ") cannot become a leaf; detach() it first");
  if (!wanted) {
    impl_->node = nullptr;
  } else if (!impl_->node) {
    impl_->node = std::make_shared<Node>(OpName("leaf"), *this, std::span<const Tensor>());
  }
  return *this;
}

bool Tensor::requires_grad() const {
  return impl().node != nullptr;
}

Tensor Tensor::grad() const {
  return impl().node ? impl().node->grad_ : Tensor();
}

void Tensor::set_grad(const Tensor& grad) const {
  require(impl().node != nullptr, "tensor: ", *this, " does not require a gradient");
  require(!grad || (grad.shape() == impl().node->shape_ && grad.is_per_sample() == is_per_sample()),
          "tensor: a gradient of ", *this, " cannot be ", grad);
  impl().node->grad_ = grad;
}

const std::shared_ptr<Node>& Tensor::node() const {
  static const std::shared_ptr<Node> none;
  return impl_ ? impl_->node : none;
}

void Tensor::set_node(std::shared_ptr<Node> node) const {
  require(impl_ != nullptr, "tensor: used before it was given a value");
  impl_->node = std::move(node);
}

void append_text(std::string& out, const Tensor& tensor) {
  if (!tensor) {
    out += "(no tensor)";
    return;
  }
  out += tensor.is_per_sample() ? "per-sample " : "shared ";
  append_text(out, tensor.shape());
}

}  // namespace fovea
