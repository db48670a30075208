#include "layers/activations.h"

#include "core/long_sum.h"
#include "core/native.h"
#include "layers/elementwise.h"

namespace fovea {

Tensor relu(const Tensor& x) {
  // The comparisons are the other way round than max()'s: NaN stays NaN and passes its gradient on,
  // as in PyTorch.
  return detail::unary(
      "relu", x,
      [](const Lanes& v) {
        return map_natives([](const Native& p) { return p < 0 ? Native{} : p; }, v);
      },
      [](const Lanes& v, const Lanes&, const Lanes& dy) {
        return map_natives([](const Native& p, const Native& dp) { return p <= 0 ? Native{} : dp; },
                           v, dy);
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
        return v > Real(0) ? v : alpha * map_lanes(v, [](Real r) { return std::expm1(r); });
      },
      [alpha](const Lanes& v, const Lanes& y, const Lanes& dy) {
        return v > Real(0) ? dy : dy * (y + alpha);
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

// A tensor seen as [outer, count, inner], to work along the middle one.
struct Along {
  int outer = 1, count = 1, inner = 1;

  Along(const char* op, const Tensor& x, int dim) {
    const int d = detail::normalize_dim(op, dim, x);
    count = x.shape()[d];
    for (int i = 0; i < d; ++i) outer *= x.shape()[i];
    for (int i = d + 1; i < x.shape().rank(); ++i) inner *= x.shape()[i];
  }

  // Calls f(first) with the index of the first of `count` elements, `inner` apart.
  template <class F>
  void for_each(F f) const {
    if (count == 0) return;
    for (int o = 0; o < outer; ++o)
      for (int i = 0; i < inner; ++i) f(o * count * inner + i);
  }

  // The sum of term(i) over those elements, of the type of `like`'s.
  template <class T, class F>
  T sum(T* /*like*/, int first, F term) const {
    return blocked_sum<T>(count, [&](int k) { return term(first + k * inner); });
  }
};

// Calls f(x, y) with both tensors' elements as what they are: Lanes or Real.
template <class F>
void with_elements(const Tensor& x, const Tensor& y, F f) {
  if (x.is_per_sample())
    f(x.lanes(), y.lanes());
  else
    f(x.data(), y.data());
}

template <class T>
T largest(const T* x, const Along& along) {
  T top = x[0];
  for (int k = 1; k < along.count; ++k) top = lane_math::max(x[k * along.inner], top);
  return top;
}

// Calls f(y, dy, dx) with the elements of all three.
template <class F>
void with_gradients(const Tensor& y, const Tensor& dy, const Tensor& dx, F f) {
  if (y.is_per_sample())
    f(y.lanes(), dy.lanes(), dx.lanes());
  else
    f(y.data(), dy.data(), dx.data());
}

}  // namespace

Tensor gelu(const Tensor& x, GeluForm form) {
  return form == GeluForm::exact ? gelu_exact(x) : gelu_tanh(x);
}

Tensor log_softmax(const Tensor& x, int dim) {
  const Along along("log_softmax", x, dim);
  Tensor y = Tensor::like(x);
  with_elements(x, y, [&](const auto* in, auto* out) {
    along.for_each([&](int first) {
      const auto top = largest(in + first, along);
      const auto log_sum = lane_math::log(along.sum(out, first, [&](int i) {
        out[i] = in[i] - top;
        return lane_math::exp(out[i]);
      }));
      for (int k = 0, i = first; k < along.count; ++k, i += along.inner) out[i] -= log_sum;
    });
  });
  return record(
      "log_softmax", y, {x},
      [along, y = y.detach()](const Tensor& dy, GradSink& grad) {
        Tensor* dx = grad.wanted(0);
        if (!dx) return;
        with_gradients(y, dy, *dx, [&](const auto* y, const auto* dy, auto* dx) {
          along.for_each([&](int first) {
            const auto total = along.sum(dx, first, [&](int i) { return dy[i]; });
            for (int k = 0, i = first; k < along.count; ++k, i += along.inner)
              dx[i] += dy[i] - lane_math::exp(y[i]) * total;
          });
        });
      },
      [=] {
        return Attributes{{"dim", dim}};
      });
}

Tensor softmax(const Tensor& x, int dim) {
  const Along along("softmax", x, dim);
  Tensor y = Tensor::like(x);
  with_elements(x, y, [&](const auto* in, auto* out) {
    along.for_each([&](int first) {
      const auto top = largest(in + first, along);
      const auto sum =
          along.sum(out, first, [&](int i) { return out[i] = lane_math::exp(in[i] - top); });
      for (int k = 0, i = first; k < along.count; ++k, i += along.inner) out[i] /= sum;
    });
  });
  return record(
      "softmax", y, {x},
      [along, y = y.detach()](const Tensor& dy, GradSink& grad) {
        Tensor* dx = grad.wanted(0);
        if (!dx) return;
        with_gradients(y, dy, *dx, [&](const auto* y, const auto* dy, auto* dx) {
          along.for_each([&](int first) {
            const auto total = along.sum(dx, first, [&](int i) { return dy[i] * y[i]; });
            for (int k = 0, i = first; k < along.count; ++k, i += along.inner)
              dx[i] += y[i] * (dy[i] - total);
          });
        });
      },
      [=] {
        return Attributes{{"dim", dim}};
      });
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
