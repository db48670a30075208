#include "layers/activations.h"

#include "core/native.h"
#include "layers/elementwise.h"

namespace fovea {

Tensor relu(const Tensor& x) {
  // The comparisons are the other way round than max()'s: NaN stays NaN and passes its gradient on,
  // as in PyTorch.
  return detail::unary(
      "relu", x, [](const Lanes& v) { return map_natives(rectified, v); },
      [](const Lanes& v, const Lanes&, const Lanes& dy) {
        return map_natives([](const Native& a, const Native& b) { return rectified_grad(a, b); }, v,
                           dy);
      });
}

Tensor leaky_relu(const Tensor& x, Real slope) {
  return detail::unary(
      "leaky_relu", x,
      [slope](const Lanes& v) {
        return map_natives([slope](const Native& p) { return p > 0 ? p : slope * p; }, v);
      },
      [slope](const Lanes& v, const Lanes&, const Lanes& dy) {
        return map_natives(
            [slope](const Native& p, const Native& dp) { return p > 0 ? dp : slope * dp; }, v, dy);
      },
      [=] {
        return Attributes{{"slope", slope}};
      });
}

Tensor elu(const Tensor& x, Real alpha) {
  return detail::unary(
      "elu", x,
      [alpha](const Lanes& v) {
        return v < Real(0) ? alpha * map_lanes(v, [](Real r) { return std::expm1(r); }) : v;
      },
      [alpha](const Lanes& v, const Lanes& y, const Lanes& dy) {
        return v <= Real(0) ? dy * (y + alpha) : dy;  // a NaN passes it on, as in PyTorch
      },
      [=] {
        return Attributes{{"alpha", alpha}};
      });
}

namespace {

Tensor gelu_exact(const Tensor& x) {
  constexpr Real root_half = Real(0.70710678118654752);    // 1 / sqrt(2)
  constexpr Real root_two_pi = Real(0.39894228040143268);  // 1 / sqrt(2 pi)
  const auto phi = [](const Lanes& v) {
    return Real(0.5) * (lane_math::erf(v * root_half) + Real(1));
  };
  return detail::unary(
      "gelu", x, [phi](const Lanes& v) { return v * phi(v); },
      [phi](const Lanes& v, const Lanes&, const Lanes& dy) {
        return dy * (phi(v) + v * root_two_pi * lane_math::exp(v * v * Real(-0.5)));
      });
}

Tensor gelu_tanh(const Tensor& x) {
  constexpr Real root = Real(0.79788456080286536);  // sqrt(2 / pi)
  constexpr Real cubic = Real(0.044715);
  const auto curve = [](const Lanes& v) { return lane_math::tanh(root * (v + cubic * v * v * v)); };
  return detail::unary(
      "gelu_tanh", x, [curve](const Lanes& v) { return Real(0.5) * v * (curve(v) + Real(1)); },
      [curve](const Lanes& v, const Lanes&, const Lanes& dy) {
        const Lanes t = curve(v);
        const Lanes slope = root * (3 * cubic * v * v + Real(1));
        return dy * Real(0.5) * (t + Real(1) + v * (Real(1) - t * t) * slope);
      });
}

}  // namespace

Tensor gelu(const Tensor& x, GeluForm form) {
  return form == GeluForm::exact ? gelu_exact(x) : gelu_tanh(x);
}

Tensor silu(const Tensor& x) {
  const auto gate = [](const Lanes& v) { return Real(1) / (lane_math::exp(-v) + Real(1)); };
  return detail::unary(
      "silu", x, [gate](const Lanes& v) { return v * gate(v); },
      [gate](const Lanes& v, const Lanes&, const Lanes& dy) {
        const Lanes g = gate(v);
        return dy * (g * (Real(1) + v * (Real(1) - g)));
      });
}

namespace {

void require_softplus(Real beta, Real threshold) {
  require(beta > 0 && std::isfinite(beta) && !std::isnan(threshold),
          "[softplus] beta must be positive and finite, threshold a number, got beta ",
          static_cast<double>(beta), " and threshold ", static_cast<double>(threshold));
}

}  // namespace

Tensor softplus(const Tensor& x, Real beta, Real threshold) {
  require_softplus(beta, threshold);
  return detail::unary(
      "softplus", x,
      [=](const Lanes& v) {
        const Lanes curve = lane_math::log1p(lane_math::exp(v * beta)) / beta;
        return v * beta > threshold ? v : curve;
      },
      [=](const Lanes& v, const Lanes&, const Lanes& dy) {
        return v * beta > threshold ? dy : dy / (Real(1) + lane_math::exp(-v * beta));
      },
      [=] {
        return Attributes{{"beta", beta}, {"threshold", threshold}};
      });
}

Tensor logsigmoid(const Tensor& x) {
  return detail::unary(
      "logsigmoid", x,
      [](const Lanes& v) {
        const Lanes size = v < Real(0) ? -v : v;
        return (v < Real(0) ? v : Lanes{}) - lane_math::log1p(lane_math::exp(-size));
      },
      [](const Lanes& v, const Lanes&, const Lanes& dy) {
        return dy / (Real(1) + lane_math::exp(v));
      });
}

Tensor prelu(const Tensor& x, const Tensor& weight) {
  const Shape& shape = x.shape();
  const bool channels = shape.rank() > 0 && weight.shape() == Shape{shape[0]};
  require(!weight.is_per_sample() && (weight.shape() == Shape{1} || channels),
          "[prelu] The weight must be shared [1], or [C] for an input of [C, ...], got ", weight,
          " for ", x);
  Shape spread = shape.rank() > 0 ? weight.shape() : Shape();
  for (int d = 1; channels && d < shape.rank(); ++d) spread.append(1);
  return detail::binary(
      "prelu", x, weight.reshape(spread),
      [](const Lanes& v, const Lanes& w) { return v > Real(0) ? v : w * v; },
      [](const Lanes& v, const Lanes& w, const Lanes& dy) { return v > Real(0) ? dy : w * dy; },
      [](const Lanes& v, const Lanes&, const Lanes& dy) { return v > Real(0) ? Lanes{} : v * dy; });
}

Softplus::Softplus(Real beta, Real threshold) : beta_(beta), threshold_(threshold) {
  require_softplus(beta, threshold);
}

std::string Softplus::describe() const {
  return cat("Softplus(beta=", static_cast<double>(beta_),
             ", threshold=", static_cast<double>(threshold_), ")");
}

PReLU::PReLU(int parameters, Real init) {
  require(parameters > 0, "[PReLU] The number of parameters must be positive, got ", parameters);
  weight_ = add_parameter("weight", Tensor::filled({parameters}, init));
}

std::string PReLU::describe() const {
  return cat("PReLU(num_parameters=", weight_.size(), ")");
}

std::string LeakyReLU::describe() const {
  return cat("LeakyReLU(negative_slope=", static_cast<double>(slope_), ")");
}

std::string ELU::describe() const {
  return cat("ELU(alpha=", static_cast<double>(alpha_), ")");
}

std::string GELU::describe() const {
  return form_ == GeluForm::exact ? "GELU(approximate='none')" : "GELU(approximate='tanh')";
}

std::string LogSoftmax::describe() const {
  return cat("LogSoftmax(dim=", dim_, ")");
}

}  // namespace fovea
