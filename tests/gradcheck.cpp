#include "tests/gradcheck.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/autograd.h"
#include "core/random.h"
#include "tests/catch.h"

namespace fovea::testing {

namespace {

std::string index_text(const Shape& shape, int element) {
  std::string text;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    text = cat(element % shape[d], text.empty() ? "" : ", ", text);
    element /= shape[d];
  }
  return "[" + text + "]";
}

class Checker {
 public:
  Checker(const std::string& op, const TensorFunction& function, const std::vector<Tensor>& inputs,
          const GradCheckOptions& options)
      : op_(op), function_(function), options_(options) {
    for (const Tensor& input : inputs) inputs_.push_back(input.clone());
    const NoGrad guard;
    const Tensor y = function_(inputs_);
    cotangent_ = random_nonzero(y.shape(), y.is_per_sample() ? Kind::per_sample : Kind::shared, 99);
  }

  std::string run() {
    const std::vector<Tensor> added = adding();
    std::string error = same(added, assigning(), "into a fresh gradient");
    if (error.empty()) error = same(added, alone(), "with no other gradient wanted");
    for (std::size_t k = 0; error.empty() && k < inputs_.size(); ++k)
      error = against_differences(static_cast<int>(k), added[k]);
    return error;
  }

 private:
  std::vector<Tensor> leaves() const {
    std::vector<Tensor> out;
    for (const Tensor& input : inputs_) out.push_back(input.detach().set_requires_grad());
    return out;
  }

  // What backward adds to gradients that are there already.
  std::vector<Tensor> adding() const {
    const std::vector<Tensor> x = leaves();
    std::vector<Tensor> before;
    for (const Tensor& leaf : x) {
      const Kind kind = leaf.is_per_sample() ? Kind::per_sample : Kind::shared;
      before.push_back(random_tensor(leaf.shape(), kind, 7 + static_cast<int>(before.size())));
      leaf.set_grad(before.back().clone());
    }
    backward(function_(x), cotangent_);
    std::vector<Tensor> out;
    for (std::size_t k = 0; k < x.size(); ++k) {
      out.push_back(x[k].grad().clone());
      for (std::size_t i = 0; i < out[k].real_count(); ++i) out[k].data()[i] -= before[k].data()[i];
    }
    return out;
  }

  // What it leaves in gradients that hold NaN and count as uninitialised.
  std::vector<Tensor> assigning() const {
    const std::vector<Tensor> x = leaves();
    GradientStore store;
    store.begin();
    backward(function_(x), cotangent_, &store);
    for (const GradientStore::Entry& entry : store.entries())
      if (entry.grad) entry.grad.fill(std::numeric_limits<Real>::quiet_NaN());
    store.begin();
    backward(function_(x), cotangent_, &store);
    std::vector<Tensor> out;
    for (const Tensor& leaf : x) {
      out.emplace_back();
      for (const GradientStore::Entry& entry : store.entries())
        if (entry.used && entry.leaf.node() == leaf.node()) out.back() = entry.grad.clone();
    }
    return out;
  }

  std::vector<Tensor> alone() const {
    std::vector<Tensor> out;
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      std::vector<Tensor> x = inputs_;
      x[k] = x[k].detach().set_requires_grad();
      backward(function_(x), cotangent_);
      out.push_back(x[k].grad());
    }
    return out;
  }

  bool close(double a, double b) const {  // false for NaN
    return std::abs(a - b) <= options_.absolute + options_.tolerance * std::abs(b);
  }

  std::string describe(std::size_t input, int element, int lane) const {
    const Tensor& x = inputs_[input];
    std::string text = cat("[", op_, "] gradient of input ", input, " (", x, ") at ",
                           index_text(x.shape(), element));
    return x.is_per_sample() ? cat(text, ", lane ", lane) : text;
  }

  std::string same(const std::vector<Tensor>& a, const std::vector<Tensor>& b, const char* how) {
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (!b[k]) return cat("[", op_, "] no gradient of input ", k, " ", how);
      const int width = a[k].is_per_sample() ? lane_count : 1;
      for (std::size_t i = 0; i < a[k].real_count(); ++i) {
        const auto x = static_cast<double>(a[k].data()[i]), y = static_cast<double>(b[k].data()[i]);
        if (!close(y, x))
          return cat(describe(k, static_cast<int>(i) / width, static_cast<int>(i) % width), ": ", x,
                     " when added, but ", y, " ", how);
      }
    }
    return "";
  }

  std::string against_differences(int input, const Tensor& gradient) {
    const NoGrad guard;
    const Tensor& x = inputs_[input];
    for (int i = 0; i < x.size(); ++i) {
      const int lane = (i * 7 + input * 3) % lane_count;
      const int at = x.is_per_sample() ? i * lane_count + lane : i;
      Real& value = x.data()[at];
      const Real middle = value;
      value = static_cast<Real>(static_cast<double>(middle) + options_.eps);
      const double high = static_cast<double>(value);
      const Tensor above = function_(inputs_);
      value = static_cast<Real>(static_cast<double>(middle) - options_.eps);
      const double low = static_cast<double>(value);
      const Tensor below = function_(inputs_);
      value = middle;
      double numeric = 0;
      for (std::size_t j = 0; j < above.real_count(); ++j)
        numeric += (static_cast<double>(above.data()[j]) - static_cast<double>(below.data()[j])) *
                   static_cast<double>(cotangent_.data()[j]);
      numeric /= high - low;
      const auto analytic = static_cast<double>(gradient.data()[at]);
      if (!close(analytic, numeric))
        return cat(describe(input, i, lane), ": analytic ", analytic, ", numeric ", numeric);
    }
    return "";
  }

  std::string op_;
  const TensorFunction& function_;
  GradCheckOptions options_;
  std::vector<Tensor> inputs_;
  Tensor cotangent_;
};

}  // namespace

std::string gradient_error(const std::string& op, const TensorFunction& function,
                           const std::vector<Tensor>& inputs, const GradCheckOptions& options) {
  return Checker(op, function, inputs, options).run();
}

void check_gradients(const std::string& op, const TensorFunction& function,
                     const std::vector<Tensor>& inputs, const GradCheckOptions& options) {
  const std::string error = gradient_error(op, function, inputs, options);
  INFO(error);
  CHECK(error.empty());
}

Tensor random_tensor(const Shape& shape, Kind kind, int seed, double low, double high) {
  Random rng(mix(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(shape.size())));
  Tensor t = kind == Kind::per_sample ? Tensor::per_sample(shape) : Tensor::shared(shape);
  for (Real& value : t.values()) value = static_cast<Real>(rng.uniform(low, high));
  return t;
}

Tensor random_nonzero(const Shape& shape, Kind kind, int seed) {
  Tensor t = random_tensor(shape, kind, seed);
  for (Real& value : t.values())
    value = value < 0 ? Real(0.8) * value - Real(0.2) : Real(0.8) * value + Real(0.2);
  return t;
}

Tensor random_distinct(const Shape& shape, Kind kind, int seed) {
  Random rng(static_cast<std::uint64_t>(seed));
  Tensor t = kind == Kind::per_sample ? Tensor::per_sample(shape) : Tensor::shared(shape);
  std::vector<int> order(static_cast<std::size_t>(shape.size()));
  std::iota(order.begin(), order.end(), -shape.size() / 2);
  const int width = t.is_per_sample() ? lane_count : 1;
  for (int lane = 0; lane < width; ++lane) {
    rng.shuffle(std::span(order));
    for (int i = 0; i < shape.size(); ++i)
      t.data()[i * width + lane] = static_cast<Real>(0.05 * order[static_cast<std::size_t>(i)]);
  }
  return t;
}

}  // namespace fovea::testing
