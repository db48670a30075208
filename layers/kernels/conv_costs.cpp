#include "layers/kernels/conv_costs.h"

#include "layers/kernels/conv2d_kernels.h"

namespace fovea {

namespace {

// Cycles of each kind of work. Arrays go by the passes of ConvPass.
struct Constants {
  double multiply_add[3];  // of a vector, in the direct kernels
  double product[3];       // of a vector, in Winograd's
  double in[3], out[3];    // of a vector of values of a tile, to or from the input's or output's
  double transposed, sum;  // weight gradient: of a vector of values, of a vector of sums
  double pooled;           // of a vector of a patch and an output channel
  struct Sparse {
    double slot, element;          // of a place that may hold an entry, of a number of the input
    double visit, patch, product;  // of a meeting of patch and entries: by itself, for each vector
                                   // of the patch, and for each vector and entry
    double weight;                 // to lay out a weight
  } input, weights;
};

// Fitted to what `build/bench --only ways` measures on a Zen 5 with ARCH=native, x86-64-v3 and
// x86-64-v2, by apps/bench/fit_costs.py; within two fifths of every time there.
#if defined(__AVX512F__)
constexpr Constants c{.multiply_add = {0.60, 0.55, 0.61},
                      .product = {0.52, 0.53, 0.46},
                      .in = {4.5, 7.3, 6.4},
                      .out = {4.4, 4.1, 6.4},
                      .transposed = 4.3,
                      .sum = 16.7,
                      .pooled = 1.47,
                      .input = {2.6, 0.09, 7.5, 1.05, 1.42, 3.4},
                      .weights = {2.0, 0.47, 0, 3.16, 1.15, 3.7}};
#elif defined(__FMA__) || defined(__aarch64__)
constexpr Constants c{.multiply_add = {0.54, 0.63, 0.57},
                      .product = {0.49, 0.51, 0.39},
                      .in = {4.6, 6.8, 5.8},
                      .out = {3.4, 2.2, 5.8},
                      .transposed = 4.7,
                      .sum = 9.8,
                      .pooled = 0.86,
                      .input = {2.2, 0.22, 0.8, 1.36, 0.86, 3.3},
                      .weights = {1.8, 0.46, 0, 2.56, 0.77, 3.8}};
#else
constexpr Constants c{.multiply_add = {0.98, 0.72, 0.64},
                      .product = {0.67, 0.70, 0.66},
                      .in = {4.4, 6.1, 4.0},
                      .out = {3.5, 2.1, 4.0},
                      .transposed = 0.9,
                      .sum = 11.1,
                      .pooled = 0.99,
                      .input = {2.2, 0.38, 0, 1.16, 0.83, 4.0},
                      .weights = {1.5, 0.60, 0, 3.04, 0.72, 0}};
#endif

int vectors(int reals) {
  return (reals + native_width - 1) / native_width;
}

// `row`: vectors in a row of a patch; `visits`: meetings of a patch with entries, of all samples.
double sparse_cost(const Constants::Sparse& k, const ConvGeometry& g, int rows, int row,
                   double visits, double entries) {
  const double patch = static_cast<double>(rows) * row;
  return k.slot * g.out * g.windows() * lane_count +
         k.element * g.in * g.height * g.width * lane_count + (k.visit + k.patch * patch) * visits +
         k.product * patch * entries + k.weight * g.out * g.taps();
}

}  // namespace

double direct_cost(ConvPass pass, const ConvGeometry& g) {
  return c.multiply_add[static_cast<int>(pass)] * natives_a_lanes * g.out * g.taps() *
         g.positions();
}

double winograd_cost(ConvPass pass, const ConvGeometry& g, const WinogradForm& form) {
  const auto along = [&](int extent) { return (extent + form.outputs - 1) / form.outputs; };
  const double values = form.values(), tiles = 1.0 * along(g.out_h) * along(g.out_w);
  const int p = static_cast<int>(pass);
  const double transforms = values * tiles * (c.in[p] * g.in + c.out[p] * g.out);
  if (pass != ConvPass::weight_grad)
    return natives_a_lanes * (c.product[p] * values * tiles * g.in * g.out + transforms);
  const double padded_in = vectors(g.in) * native_width;  // input channels lie along the vectors
  return natives_a_lanes * (c.product[p] * values * tiles * padded_in * g.out + transforms +
                            c.transposed * values * tiles * padded_in) +
         c.sum * values * vectors(g.in) * g.out;
}

double pooled_input_cost(const ConvGeometry& g) {
  const double patch = static_cast<double>(g.kernel_h + g.stride_h) * (g.kernel_w + g.stride_w);
  return c.pooled * natives_a_lanes * patch * g.windows() * g.in * g.out;
}

double sparse_input_cost(const ConvGeometry& g, double entries) {
  return sparse_cost(c.input, g, g.kernel_h + g.stride_h, vectors((g.kernel_w + g.stride_w) * g.in),
                     g.windows() * lane_count, entries);
}

double sparse_weight_cost(const ConvGeometry& g, double entries) {
  return sparse_cost(c.weights, g, g.kernel_h, vectors(g.kernel_w * g.in), g.out * lane_count,
                     entries);
}

}  // namespace fovea
