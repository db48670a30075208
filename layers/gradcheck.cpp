#include "layers/gradcheck.h"

#include <cmath>
#include <limits>

#include "core/autograd.h"
#include "core/random.h"
#include "core/step.h"

namespace fovea {

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
  Checker(std::string op, const TensorFunction& function, const std::vector<Tensor>& inputs,
          const GradCheckOptions& options, std::vector<std::string> names = {})
      : op_(std::move(op)), function_(function), options_(options), names_(std::move(names)) {
    for (const Tensor& input : inputs) inputs_.push_back(input.clone());
    while (names_.size() < inputs_.size()) names_.push_back(cat("input ", names_.size()));
    const NoGrad guard;
    const Tensor y = function_(inputs_);
    cotangent_ = random_nonzero(y.shape(), y.is_per_sample(), 99);
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
      const int seed = 7 + static_cast<int>(before.size());
      before.push_back(random_nonzero(leaf.shape(), leaf.is_per_sample(), seed));
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
    std::string text = cat("[", op_, "] gradient of ", names_[input], " (", x, ") at ",
                           index_text(x.shape(), element));
    return x.is_per_sample() ? cat(text, ", lane ", lane) : text;
  }

  std::string same(const std::vector<Tensor>& a, const std::vector<Tensor>& b, const char* how) {
    for (std::size_t k = 0; k < a.size(); ++k) {
      if (!b[k]) return cat("[", op_, "] no gradient of ", names_[k], " ", how);
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
  std::vector<std::string> names_;
  std::vector<Tensor> inputs_;
  Tensor cotangent_;
};

// The parameters of a layer while they stand for other tensors: the layer reads the values of those
// and sends its gradients to them.
class Parameters {
 public:
  explicit Parameters(const Module& layer) : own_(layer.parameters()) {
    for (const Tensor& p : own_) values_.push_back(p.clone()), nodes_.push_back(p.node());
  }
  ~Parameters() {
    stand_for(values_);
    for (std::size_t k = 0; k < own_.size(); ++k) own_[k].set_node(nodes_[k]);
  }
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  void stand_for(std::span<const Tensor> others) const {
    for (std::size_t k = 0; k < own_.size(); ++k) {
      own_[k].copy_from(others[k]);
      own_[k].set_node(others[k].node());
    }
  }
  const std::vector<Tensor>& values() const { return values_; }

 private:
  std::vector<Tensor> own_, values_;
  std::vector<std::shared_ptr<Node>> nodes_;
};

}  // namespace

std::string gradient_error(const std::string& op, const TensorFunction& function,
                           const std::vector<Tensor>& inputs, const GradCheckOptions& options) {
  return Checker(op, function, inputs, options).run();
}

void gradcheck(const std::string& op, const TensorFunction& function,
               const std::vector<Tensor>& inputs, const GradCheckOptions& options) {
  const std::string error = gradient_error(op, function, inputs, options);
  require(error.empty(), "gradcheck: ", error);
}

void gradcheck(const Module& layer, const Tensor& x, const GradCheckOptions& options) {
  const Parameters parameters(layer);
  std::vector<Tensor> inputs = {x};
  inputs.insert(inputs.end(), parameters.values().begin(), parameters.values().end());
  std::vector<std::string> names = {"x"};
  for (const NamedTensor& p : layer.named_parameters()) names.push_back(p.name);
  const auto run = [&](std::span<const Tensor> in) {
    parameters.stand_for(in.subspan(1));
    seed_lane_random(1);
    return layer(in[0]);
  };
  const std::string error = Checker(layer.describe(), run, inputs, options, names).run();
  require(error.empty(), "gradcheck: ", error);
}

void gradcheck(const Module& layer, const Shape& shape, const GradCheckOptions& options) {
  gradcheck(layer, random_nonzero(shape, true), options);
}

Tensor random_nonzero(const Shape& shape, bool per_sample, int seed) {
  Random rng(mix(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(shape.size())));
  Tensor t = per_sample ? Tensor::per_sample(shape) : Tensor::shared(shape);
  for (Real& value : t.values()) {
    value = static_cast<Real>(rng.uniform(-1, 1));
    value = value < 0 ? Real(0.8) * value - Real(0.2) : Real(0.8) * value + Real(0.2);
  }
  return t;
}

}  // namespace fovea
