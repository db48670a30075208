// What the tests of the optimisers share: the parameters and gradients of tests/golden/optim.py.
#pragma once

#include <cstring>
#include <functional>
#include <memory>

#include "optim/adam.h"
#include "optim/rmsprop.h"
#include "optim/sgd.h"
#include "tests/catch.h"
#include "tests/golden/optim.h"

namespace optim_test {

using namespace fovea;

constexpr double tolerance = sizeof(Real) == 4 ? 1e-6 : 1e-13;
constexpr int step_count = 12;

inline Tensor to_tensor(const Shape& shape, const double* values) {
  Tensor t = Tensor::shared(shape);
  for (int i = 0; i < t.size(); ++i) t.data()[i] = static_cast<Real>(values[i]);
  return t;
}

// The three parameters of optim.py.
inline std::vector<Tensor> initial_parameters() {
  const std::vector<Shape> shapes = {{3, 2}, {2}, {19}};
  std::vector<Tensor> parameters;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    parameters.push_back(to_tensor(shapes[i], optim_golden(cat("initial.", i)).data()));
    parameters.back().set_requires_grad();
  }
  return parameters;
}

using Missing = std::function<bool(int step, int parameter)>;
inline bool none_missing(int, int) {
  return false;
}
// As in optim.py: parameter 1 starts late and pauses.
inline bool some_missing(int step, int parameter) {
  return parameter == 1 && step % 3 == 0;
}

inline void set_gradients(const std::vector<Tensor>& parameters, int step, const Missing& missing) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& p = parameters[i];
    const double* values = optim_golden(cat("gradient.", i)).data() + step * p.size();
    p.set_grad(missing(step, static_cast<int>(i)) ? Tensor() : to_tensor(p.shape(), values));
  }
}

using Make = std::function<std::unique_ptr<Optimizer>(const std::vector<Tensor>&)>;

template <class Kind, class Options>
Make one_group(const Options& options) {
  return [options](const std::vector<Tensor>& p) { return std::make_unique<Kind>(p, options); };
}

// The second group with a tenth of the rate and its own decay.
template <class Kind, class Options>
Make two_groups(const Options& options) {
  return [options](const std::vector<Tensor>& p) {
    const std::vector<ParameterGroup> groups = {
        {.parameters = {p[0]}},
        {.parameters = {p[1], p[2]}, .lr_scale = 0.1, .weight_decay = 0.3, .name = "rest"}};
    return std::make_unique<Kind>(groups, options);
  };
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), a.real_count() * sizeof(Real)) == 0;
}

inline Tensor leaf(const Shape& shape) {
  return Tensor::filled(shape, 1).set_requires_grad();
}

}  // namespace optim_test
