#include "layers/pad.h"

#include <algorithm>

#include "core/autograd.h"

namespace fovea {

namespace {

// Where the elements of the result come from.
class Source {
 public:
  Source(const Shape& in, std::initializer_list<int> padding, PadMode mode) : in_(in), mode_(mode) {
    const int rank = in.rank(), pads = static_cast<int>(padding.size());
    require(pads % 2 == 0 && pads / 2 <= rank,
            "[pad] Takes two numbers a dimension, for at most the ", rank, " of shape ", in,
            ", got ", pads);
    for (int i = 0; i < pads; ++i) {
      int* const side = i % 2 ? after_ : before_;
      side[rank - 1 - i / 2] = padding.begin()[i];
    }
    for (int d = 0; d < rank; ++d) out_.append(checked_extent(d));
  }

  const Shape& shape() const { return out_; }
  int before(int d) const { return before_[d]; }
  int after(int d) const { return after_[d]; }

  // Calls f(index in x or -1, index in the result) for every element of the result, in order.
  template <class F>
  void visit(F f) const {
    int j = 0;
    walk(0, 0, j, f);
  }

 private:
  int checked_extent(int d) const {
    const long before = before_[d], after = after_[d], extent = in_[d];
    const long size = extent + before + after;
    const long kept = extent + std::min(before, 0L) + std::min(after, 0L);
    const auto require_that = [&](bool condition, const char* problem) {
      require(condition, "[pad] Padding ", before, " and ", after, " of dimension ", d,
              " of shape ", in_, " ", problem);
    };
    require_that(size < 0x80000000L, "makes more than 2^31 elements");
    require_that(kept >= 0, "cuts off more than there is");
    if (mode_ == PadMode::constant || (before == 0 && after == 0)) return static_cast<int>(size);
    require_that(kept > 0, "leaves no element to repeat");
    if (mode_ == PadMode::reflect)
      require_that(std::max(before, after) < extent, "reflects more than there is");
    if (mode_ == PadMode::circular)
      require_that(std::max(before, after) <= kept, "wraps around more than once");
    return static_cast<int>(size);
  }

  // The element of dimension d of x that is element i of the result; -1: the value.
  int at(int d, int i) const {
    const int extent = in_[d], k = i - before_[d];
    switch (mode_) {
      case PadMode::constant: return k < 0 || k >= extent ? -1 : k;
      case PadMode::reflect: return k < 0 ? -k : k >= extent ? 2 * (extent - 1) - k : k;
      case PadMode::replicate: return std::clamp(k, 0, extent - 1);
      case PadMode::circular: break;
    }
    // What is cut off does not come back on the other side.
    const int first = std::max(0, -before_[d]), end = extent - std::max(0, -after_[d]);
    return k < first ? k + (end - first) : k >= end ? k - (end - first) : k;
  }

  template <class F>
  void walk(int d, int i, int& j, F& f) const {
    if (d == in_.rank() || d == Shape::max_rank) return f(i, j++);  // the latter for g++ on arm64
    for (int k = 0; k < out_[d]; ++k) {
      const int from = at(d, k);
      walk(d + 1, i < 0 || from < 0 ? -1 : i * in_[d] + from, j, f);
    }
  }

  Shape in_, out_;
  PadMode mode_;
  int before_[Shape::max_rank] = {}, after_[Shape::max_rank] = {};
};

}  // namespace

const char* name_of(PadMode mode) {
  const char* const names[] = {"constant", "reflect", "replicate", "circular"};
  return names[static_cast<int>(mode)];
}

Tensor pad(const Tensor& x, std::initializer_list<int> padding, PadMode mode, Real value) {
  const Source source(x.shape(), padding, mode);
  Tensor y =
      x.is_per_sample() ? Tensor::per_sample(source.shape()) : Tensor::shared(source.shape());
  if (x.is_per_sample())
    source.visit([&](int i, int j) { y[j] = i < 0 ? broadcast(value) : x[i]; });
  else
    source.visit([&](int i, int j) { y.data()[j] = i < 0 ? value : x.data()[i]; });
  return record(
      "pad", y, {x},
      [source](const Tensor& dy, GradSink& grad) {
        Tensor* dx = grad.wanted(0);
        if (!dx) return;
        source.visit([&](int i, int j) {
          if (i < 0) return;
          if (dx->is_per_sample())
            (*dx)[i] += dy[j];
          else
            dx->data()[i] += dy.data()[j];
        });
      },
      [&] {
        Attribute::Integers before, after;
        for (int d = 0; d < x.shape().rank(); ++d)
          before.push_back(source.before(d)), after.push_back(source.after(d));
        return Attributes{
            {"before", before}, {"after", after}, {"mode", name_of(mode)}, {"value", value}};
      });
}

}  // namespace fovea
