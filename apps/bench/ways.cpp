// Every way to compute a convolution with pooling behind it, by itself: what the constants of
// layers/kernels/conv_costs.cpp are fitted to.
#include "apps/bench/bench.h"
#include "apps/bench/timing.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/workers.h"
#include "layers/kernels/conv2d_kernels.h"
#include "layers/kernels/conv_pool_grads.h"
#include "layers/kernels/winograd.h"

namespace fovea::bench {

namespace {

template <class T>
Buffer<T> random_buffer(long count, Random& rng) {
  Buffer<T> out(static_cast<std::size_t>(count));
  auto* values = reinterpret_cast<Real*>(out.data());
  for (std::size_t i = 0; i < out.size() * sizeof(T) / sizeof(Real); ++i)
    values[i] = static_cast<Real>(rng.normal());
  return out;
}

// Operands of one convolution; the map is even, as pooling wants it.
struct Operands {
  Operands(int in, int out, int kernel, int size)
      : side((size - kernel + 1) / 2 * 2),
        g{in, out, size, size, kernel, kernel, 1, 1, 1, 1, side, side},
        x(random_buffer<Lanes>(static_cast<long>(in) * size * size, rng)),
        dx(random_buffer<Lanes>(static_cast<long>(in) * size * size, rng)),
        y(random_buffer<Lanes>(static_cast<long>(out) * g.windows(), rng)),
        dense_dy(random_buffer<Lanes>(static_cast<long>(out) * g.positions(), rng)),
        w(random_buffer<Real>(static_cast<long>(out) * g.taps(), rng)),
        dw(random_buffer<Real>(static_cast<long>(out) * g.taps(), rng)),
        winners(static_cast<std::size_t>(out) * g.windows()) {}

  // So many of the pooled gradients are not zero.
  void choose_winners(double share) {
    for (LaneInts& lanes : std::span(winners.data(), winners.size()))
      for (int lane = 0; lane < lane_count; ++lane)
        lanes[lane] = rng.uniform() < share ? static_cast<int>(rng.below(4)) : dead_window;
  }

  Random rng{1};
  int side;
  ConvGeometry g;
  Buffer<Lanes> x, dx, y, dense_dy;
  Buffer<Real> w, dw;
  Buffer<LaneInts> winners;
};

class Table {
 public:
  Table(Operands& o, double seconds, std::vector<WayTime>& all)
      : o_(o), seconds_(seconds), all_(all) {}

  template <class Run>
  void add(const char* way, const char* pass, double detail, const Run& run) {
    std::vector<double> times;
    const double end = now() + seconds_;
    for (int i = 0; i < 6 || now() < end; ++i) {
      const double start = now();
      run();
      times.push_back((now() - start) * 1e6 / lane_count);
    }
    all_.push_back({o_.g.in, o_.g.out, o_.g.kernel_h, o_.g.height, way, pass, detail,
                    rate_of(std::move(times)).median});
  }

 private:
  Operands& o_;
  double seconds_;
  std::vector<WayTime>& all_;
};

Real* reals(Buffer<Lanes>& lanes) {
  return reinterpret_cast<Real*>(lanes.data());
}

void measure_direct(Operands& o, Table& table) {
  const int plane = o.g.positions();
  auto* winners = reinterpret_cast<RealInt*>(o.winners.data());
  table.add("direct", "forward", 0,
            [&] { conv_pool_forward(o.g, reals(o.x), o.w.data(), nullptr, reals(o.y), winners); });
  table.add("direct", "input_grad", 0, [&] {
    conv_input_grad(o.g, o.w.data(), reals(o.dense_dy), plane, 0, o.side, reals(o.dx));
  });
  table.add("direct", "weight_grad", 0, [&] {
    conv_weight_grad(o.g, reals(o.x), reals(o.dense_dy), plane, 0, o.side, o.dw.data());
  });
}

void measure_winograd(Operands& o, Table& table) {
  auto* winners = reinterpret_cast<RealInt*>(o.winners.data());
  WinogradForm forms[2];
  const int count = winograd_forms(o.g, forms);
  for (int i = 0; i < count; ++i) {
    const WinogradConv conv{o.g, 0, forms[i]};
    const Buffer<Real> w(static_cast<std::size_t>(winograd_weight_count(o.g, forms[i])));
    winograd_weights(o.g, forms[i], o.w.data(), w.data());
    const double outputs = forms[i].outputs;
    table.add("winograd", "forward", outputs, [&] {
      winograd_pool_forward(conv, reals(o.x), w.data(), nullptr, reals(o.y), winners);
    });
    table.add("winograd", "input_grad", outputs, [&] {
      winograd_grads(conv, reals(o.dense_dy), nullptr, nullptr, w.data(), reals(o.dx));
    });
    table.add("winograd", "weight_grad", outputs, [&] {
      winograd_grads(conv, reals(o.dense_dy), reals(o.x), o.dw.data(), nullptr, nullptr);
    });
  }
}

void measure_pooled(Operands& o, Table& table) {
  for (const double share : {0.05, 0.1, 0.2, 0.4, 0.7, 1.0}) {
    o.choose_winners(share);
    table.add("sparse", "input_grad", share, [&] {
      conv_sparse_input_grad(o.g, o.w.data(), o.y.data(), o.winners.data(), o.dx.data());
    });
    table.add("sparse", "weight_grad", share, [&] {
      conv_sparse_weight_grad(o.g, o.x.data(), o.y.data(), o.winners.data(), o.dw.data());
    });
    if (share == 1)
      table.add("pooled", "input_grad", share, [&] {
        conv_pool_input_grad(o.g, o.w.data(), o.y.data(), o.winners.data(), o.dx.data());
      });
  }
}

}  // namespace

std::vector<WayTime> way_times(double seconds_each) {
  struct Size {
    int in, out, kernel, side;
  };
  const Size sizes[] = {{1, 8, 7, 28},   {8, 10, 5, 11},  {1, 10, 5, 28},   {10, 20, 5, 12},
                        {3, 16, 5, 32},  {16, 32, 5, 14}, {3, 64, 7, 32},   {64, 128, 5, 13},
                        {3, 16, 7, 32},  {16, 32, 5, 13}, {3, 32, 3, 34},   {32, 32, 3, 34},
                        {32, 64, 3, 18}, {64, 64, 3, 18}, {64, 128, 3, 10}, {128, 128, 3, 10}};
  std::vector<WayTime> all;
  set_threads(1);
  run_tasks(1, [&](int) {  // as inside a step: denormals are flushed
    for (const Size& s : sizes) {
      Operands operands(s.in, s.out, s.kernel, s.side);
      Table table(operands, seconds_each, all);
      measure_direct(operands, table);
      measure_winograd(operands, table);
      operands.y = random_buffer<Lanes>(static_cast<long>(operands.y.size()), operands.rng);
      measure_pooled(operands, table);
    }
  });
  return all;
}

}  // namespace fovea::bench
