#include "layers/grid_sample.h"

#include "core/autograd.h"
#include "layers/kernels/grid_sampler.h"
#include "layers/kernels/tap_sampler.h"

namespace fovea {

namespace {

Attributes attributes_of(const GridSampleOptions& o) {
  return {{"mode", name_of(o.mode)},
          {"padding", name_of(o.padding)},
          {"align_corners", o.align_corners},
          {"fill", o.fill}};
}

// Bicubic images, and volumes; `op` is what a trace shows.
Tensor sample_taps(OpName op, const Tensor& x, const Tensor& grid, const GridSampleOptions& o) {
  const Shape &in = x.shape(), &points = grid.shape();
  const int axes = in.rank() - 1, outputs = grid.size() / axes;
  const TapSampler sampler({.channels = in[0],
                            .depth = axes == 3 ? in[1] : 1,
                            .height = in[axes - 1],
                            .width = in[axes]},
                           axes, o);
  Shape shape = {in[0]};
  for (int i = 0; i < axes; ++i) shape.append(points[i]);
  Tensor y = Tensor::per_sample(shape);
  sampler.sample(x.lanes(), grid.lanes(), outputs, y.lanes());
  return record(
      op, y, {x, grid},
      [sampler, outputs, x = x.detach(), grid = grid.detach()](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0))
          sampler.add_image_grad(grid.lanes(), outputs, dy.lanes(), dx->lanes());
        if (Tensor* dgrid = grad.wanted(1))
          sampler.add_grid_grad(x.lanes(), grid.lanes(), outputs, dy.lanes(), dgrid->lanes());
      },
      [&] { return attributes_of(o); });
}

Tensor sample_volume(const Tensor& x, const Tensor& grid, const GridSampleOptions& o) {
  require(grid.is_per_sample() && grid.shape().rank() == 4 && grid.shape()[3] == 3,
          "[grid_sample] the grid of a volume must be per-sample [D, H, W, 3], got ", grid);
  require(o.mode != Interpolation::bicubic,
          "[grid_sample] bicubic is for images: sample the volume ", x, " bilinearly");
  return sample_taps("grid_sample_volume", x, grid, o);
}

template <class Enum>
Enum named(const char* what, const std::string& name, std::initializer_list<Enum> all) {
  std::string known;
  for (Enum value : all) {
    if (name == name_of(value)) return value;
    known += (known.empty() ? "" : ", ") + std::string(name_of(value));
  }
  fail("there is no ", what, " \"", name, "\"; known are ", known);
}

}  // namespace

Interpolation interpolation_named(const std::string& name) {
  return named("sampler", name,
               {Interpolation::bilinear, Interpolation::nearest, Interpolation::bicubic});
}

Padding padding_named(const std::string& name) {
  return named("padding", name, {Padding::zeros, Padding::border, Padding::reflection});
}

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o) {
  require(x.is_per_sample() && (x.shape().rank() == 3 || x.shape().rank() == 4) && x.size() > 0,
          "[grid_sample] input must be per-sample [C, H, W] or [C, D, H, W], got ", x);
  if (x.shape().rank() == 4) return sample_volume(x, grid, o);
  require(grid.is_per_sample() && grid.shape().rank() == 3 && grid.shape()[2] == 2,
          "[grid_sample] grid must be per-sample [H, W, 2], got ", grid);
  if (o.mode == Interpolation::bicubic) return sample_taps("grid_sample", x, grid, o);
  const int out_h = grid.shape()[0], out_w = grid.shape()[1];
  Tensor y = Tensor::per_sample({x.shape()[0], out_h, out_w});
  GridSampler sampler({.channels = x.shape()[0], .height = x.shape()[1], .width = x.shape()[2]},
                      x.lanes(), out_h * out_w, o, grad_wanted({grid}), grad_wanted({x}));
  sampler.sample(grid.lanes(), 0, out_h * out_w, y.lanes());
  sampler.release_image();
  return record(
      "grid_sample", y, {x, grid},
      [sampler = std::move(sampler), out_h, out_w](const Tensor& dy, GradSink& grad) {
        if (Tensor* dx = grad.wanted(0)) sampler.image_grad(dy.lanes(), dx->lanes());
        bool fresh = false;
        Tensor* dgrid = grad.wanted(1, &fresh);
        if (!dgrid) return;
        const Buffer<Lanes> row(2 * static_cast<std::size_t>(out_w));
        for (int i = 0; i < out_h; ++i) {
          Lanes* const target = dgrid->lanes() + 2 * i * out_w;
          sampler.grid_grad(dy.lanes(), i * out_w, out_w, fresh ? target : row.data());
          for (int j = 0; !fresh && j < 2 * out_w; ++j) target[j] += row[j];
        }
      },
      [&] { return attributes_of(o); });
}

}  // namespace fovea
