#include "layers/group_norm.h"

#include "core/autograd.h"
#include "core/lane_math.h"
#include "core/long_sum.h"

namespace fovea {

namespace {

void require_eps(const char* op, Real eps) {
  require(eps >= 0 && std::isfinite(eps), "[", op,
          "] eps must be a finite number, zero or more, got ", static_cast<double>(eps));
}

struct Sizes {
  int groups, channels, plane;  // channels of one group, elements of one channel
  int group() const { return channels * plane; }
};

Sizes checked(const Tensor& x, int groups, const Tensor& weight, const Tensor& bias) {
  require(x.is_per_sample() && x.shape().rank() >= 1 && x.size() > 0,
          "[group_norm] The input must be per-sample [channels, ...], got ", x);
  const int channels = x.shape()[0];
  require(groups > 0 && channels % groups == 0, "[group_norm] The ", channels,
          " channels of the input with shape ", x.shape(), " cannot be cut into ", groups,
          " equal groups");
  for (const Tensor* p : {&weight, &bias})
    require(!*p || (!p->is_per_sample() && p->shape() == Shape{channels}), "[group_norm] The ",
            p == &weight ? "weight" : "bias", " of an input with shape ", x.shape(),
            " must be shared [", channels, "], got ", *p);
  return {groups, channels / groups, x.size() / channels};
}

// Of one group: what turns x into (x - mean) / sqrt(variance + eps).
struct Moments {
  Lanes mean, mean_rest;  // the mean is their sum: a float alone is too coarse for N(1e6, 1)
  Lanes inverse;          // 1 / sqrt(variance + eps)

  Lanes centred(const Lanes& x) const { return x - mean - mean_rest; }
};

// Two passes, because E[x^2] - E[x]^2 cancels.
Moments moments_of(const Lanes* x, int count, Real eps) {
  Moments m;
  WideSum<Lanes> sum, squares;
  for (int i = 0; i < count; ++i) sum.add(x[i]);
  m.mean = sum.over(count), m.mean_rest = sum.rest(count);
  for (int i = 0; i < count; ++i) squares.add(m.centred(x[i]) * m.centred(x[i]));
  m.inverse = Real(1) / lane_math::sqrt(squares.over(count) + eps);
  return m;
}

// With n = (x - mean) * inverse and g = dy * weight, over a group of N elements:
//   dx = inverse * (g - sum(g) / N - n * sum(g * n) / N),  dweight = sum(dy * n),  dbias = sum(dy)
void input_gradient(const Sizes& size, const Lanes* x, const Lanes* dy, const Real* weight,
                    const Moments& m, Lanes* dx) {
  WideSum<Lanes> sum, product;
  for (int c = 0; c < size.channels; ++c) {
    const Real factor = weight ? weight[c] : 1;
    for (int i = c * size.plane; i < (c + 1) * size.plane; ++i) {
      const Lanes g = dy[i] * factor;
      sum.add(g);
      product.add(g * m.centred(x[i]));
    }
  }
  const Lanes offset = sum.over(size.group()) * m.inverse;
  const Lanes slope = product.over(size.group()) * m.inverse * m.inverse * m.inverse;
  for (int c = 0; c < size.channels; ++c) {
    const Lanes factor = m.inverse * (weight ? weight[c] : 1);
    for (int i = c * size.plane; i < (c + 1) * size.plane; ++i)
      dx[i] += dy[i] * factor - offset - m.centred(x[i]) * slope;
  }
}

}  // namespace

Tensor group_norm(const Tensor& x, int groups, const Tensor& weight, const Tensor& bias, Real eps) {
  const Sizes size = checked(x, groups, weight, bias);
  require_eps("group_norm", eps);
  Tensor y = Tensor::like(x);
  Buffer<Moments> moments(static_cast<std::size_t>(groups));
  for (int g = 0; g < groups; ++g) {
    const Moments& m = moments[g] = moments_of(x.lanes() + g * size.group(), size.group(), eps);
    for (int c = g * size.channels; c < (g + 1) * size.channels; ++c) {
      const Lanes factor = m.inverse * (weight ? weight.data()[c] : 1);
      const Real offset = bias ? bias.data()[c] : 0;
      for (int i = c * size.plane; i < (c + 1) * size.plane; ++i)
        y[i] = m.centred(x[i]) * factor + offset;
    }
  }
  return record(
      "group_norm", y, {x, weight, bias},
      [size, x = x.detach(), weight = weight ? weight.detach() : Tensor(),
       moments = std::move(moments)](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0))
          for (int g = 0; g < size.groups; ++g) {
            const int first = g * size.group();
            input_gradient(size, x.lanes() + first, dy.lanes() + first,
                           weight ? weight.data() + g * size.channels : nullptr, moments[g],
                           dx->lanes() + first);
          }
        const auto add_sums = [&](Tensor* sums, auto term) {
          for (int c = 0; sums && c < size.groups * size.channels; ++c) {
            WideSum<Lanes> sum;
            for (int i = c * size.plane; i < (c + 1) * size.plane; ++i) sum.add(term(c, i));
            sums->data()[c] += sum_lanes(sum.value());
          }
        };
        add_sums(grad.wanted(1), [&](int c, int i) {
          const Moments& m = moments[c / size.channels];
          return dy[i] * m.centred(x[i]) * m.inverse;
        });
        add_sums(grad.wanted(2), [&](int, int i) { return dy[i]; });
      },
      [=] {
        return Attributes{{"groups", groups}, {"eps", eps}};
      });
}

GroupNorm::GroupNorm(const Options& options) : options_(options) {
  require(options.groups > 0 && options.channels > 0 && options.channels % options.groups == 0,
          "[GroupNorm] ", options.channels, " channels cannot be cut into ", options.groups,
          " equal groups");
  require_eps("GroupNorm", options.eps);
  if (!options.affine) return;
  weight_ = add_parameter("weight", Tensor::filled({options.channels}, 1));
  bias_ = add_parameter("bias", Tensor::filled({options.channels}, 0));
}

Tensor GroupNorm::forward(const Tensor& x) const {
  require(x.shape().rank() >= 1 && x.shape()[0] == options_.channels, "[GroupNorm] Made for ",
          options_.channels, " channels, got an input of shape ", x.shape());
  return group_norm(x, options_.groups, weight_, bias_, options_.eps);
}

std::string GroupNorm::describe() const {
  return cat("GroupNorm(", options_.groups, ", ", options_.channels,
             ", eps=", static_cast<double>(options_.eps),
             options_.affine ? ", affine=True)" : ", affine=False)");
}

}  // namespace fovea
