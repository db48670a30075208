#include "layers/grid_sample.h"

#include "core/autograd.h"
#include "layers/kernels/grid_sampler.h"

namespace fovea {

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o) {
  require(x.is_per_sample() && x.shape().rank() == 3 && x.size() > 0,
          "[grid_sample] input must be per-sample [C, H, W], got ", x);
  require(grid.is_per_sample() && grid.shape().rank() == 3 && grid.shape()[2] == 2,
          "[grid_sample] grid must be per-sample [H, W, 2], got ", grid);
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
      [&] {
        return Attributes{{"mode", name_of(o.mode)},
                          {"padding", name_of(o.padding)},
                          {"align_corners", o.align_corners},
                          {"fill", o.fill}};
      });
}

}  // namespace fovea
