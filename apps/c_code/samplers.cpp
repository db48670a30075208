// Those of the functions in functions.cpp that make grids and sample by them.
#include "apps/c_code/builder.h"

namespace fovea {

const std::vector<CFunction>& c_samplers() {
  static const std::vector<CFunction> functions = {
      {"affine_grid", nullptr, R"(
/* the centre of pixel i, or its corner, in [-1, 1] */
static float centre(int i, int size, int align_corners) {
  float step, corner;
  if (size == 1) return 0;
  step = 2.0f / (float)(size - 1);
  corner = i < size / 2 ? fmaf(step, (float)i, -1.0f) : fmaf(-step, (float)(size - 1 - i), 1.0f);
  return align_corners ? corner : corner * (float)(size - 1) / (float)size;
}

/* theta [2, 3], grid [h, w, 2] */
static void affine_grid(const float *theta, float *grid, int h, int w, int align_corners) {
  for (int i = 0; i < h; ++i)
    for (int j = 0; j < w; ++j) {
      const float x = centre(j, w, align_corners), y = centre(i, h, align_corners);
      *grid++ = theta[1] * y + theta[0] * x + theta[2];
      *grid++ = theta[4] * y + theta[3] * x + theta[5];
    }
}
)"},
      {"place", nullptr, R"(
/* the pixel of a coordinate that goes from -1 to 1 */
static float pixel_at(float at, int size, int align_corners) {
  const int edge = align_corners ? 1 : 0;
  return (at + 1) * ((float)(size - edge) / 2) - (align_corners ? 0.0f : 0.5f);
}

/* padding: 0 `fill` is outside, 1 the border, 2 mirrored */
static float place(float v, int size, int padding, int align_corners) {
  const float low = align_corners ? 0.0f : -0.5f, span = (float)(size - 1) - 2 * low;
  if (padding == 2 && span <= 0) v = low;
  if (padding == 2 && span > 0) {
    const float distance = fabsf(v - low), flips = floorf(distance / span);
    const float rest = distance - flips * span;
    v = fmodf(flips, 2.0f) != 0 ? low + span - rest : low + rest;
  }
  if (padding == 0) return v >= -2 ? (v < (float)size + 1 ? v : (float)size + 1) : -2.0f;
  return v > 0 ? (v < (float)(size - 1) ? v : (float)(size - 1)) : 0.0f;
}

static float pixel(const float *plane, int h, int w, float row, float column, float fill) {
  const int inside = row >= 0 && row < (float)h && column >= 0 && column < (float)w;
  return inside ? plane[(size_t)row * w + (size_t)column] : fill;
}
)"},
      {"grid_sample_nearest", "place", R"(
/* x [channels, h, w], grid [n, 2], y [channels, n] */
static void grid_sample_nearest(const float *x, int channels, int h, int w, const float *grid,
                                float *y, int n, int padding, float fill, int align_corners) {
  for (int k = 0; k < n; ++k) {
    const float u = pixel_at(grid[2 * k], w, align_corners);
    const float v = pixel_at(grid[2 * k + 1], h, align_corners);
    const float column = nearbyintf(place(u, w, padding, align_corners));
    const float row = nearbyintf(place(v, h, padding, align_corners));
    for (int c = 0; c < channels; ++c)
      y[(size_t)c * n + k] = pixel(x + (size_t)c * h * w, h, w, row, column, fill);
  }
}
)"},
      {"grid_sample_bilinear", "place", R"(
/* x [channels, h, w], grid [n, 2], y [channels, n] */
static void grid_sample_bilinear(const float *x, int channels, int h, int w, const float *grid,
                                 float *y, int n, int padding, float fill, int align_corners) {
  for (int k = 0; k < n; ++k) {
    float u = pixel_at(grid[2 * k], w, align_corners);
    float v = pixel_at(grid[2 * k + 1], h, align_corners);
    float left, top;
    u = place(u, w, padding, align_corners), v = place(v, h, padding, align_corners);
    left = floorf(u), top = floorf(v);
    u -= left, v -= top;
    for (int c = 0; c < channels; ++c) {
      const float *const plane = x + (size_t)c * h * w;
      y[(size_t)c * n + k] = pixel(plane, h, w, top, left, fill) * ((1 - u) * (1 - v)) +
                             pixel(plane, h, w, top, left + 1, fill) * (u * (1 - v)) +
                             pixel(plane, h, w, top + 1, left, fill) * ((1 - u) * v) +
                             pixel(plane, h, w, top + 1, left + 1, fill) * (u * v);
    }
  }
}
)"},
      {"grid_sample_bicubic", "place", R"(
/* Keys's kernel with a = -0.75 at the four pixels around v, which is `f` behind the second */
static void cubic(float f, float *weights) {
  const float a = -0.75f, g = 1 - f;
  weights[0] = ((a * (f + 1) - 5 * a) * (f + 1) + 8 * a) * (f + 1) - 4 * a;
  weights[1] = ((a + 2) * f - (a + 3)) * f * f + 1;
  weights[2] = ((a + 2) * g - (a + 3)) * g * g + 1;
  weights[3] = ((a * (g + 1) - 5 * a) * (g + 1) + 8 * a) * (g + 1) - 4 * a;
}

/* x [channels, h, w], grid [n, 2], y [channels, n] */
static void grid_sample_bicubic(const float *x, int channels, int h, int w, const float *grid,
                                float *y, int n, int padding, float fill, int align_corners) {
  for (int k = 0; k < n; ++k) {
    const float u = pixel_at(grid[2 * k], w, align_corners);
    const float v = pixel_at(grid[2 * k + 1], h, align_corners);
    float across[4], down[4];
    cubic(u - floorf(u), across), cubic(v - floorf(v), down);
    for (int c = 0; c < channels; ++c) {
      float sum = 0;
      for (int a = 0; a < 4; ++a)
        for (int b = 0; b < 4; ++b)
          sum += across[b] * down[a] *
                 pixel(x + (size_t)c * h * w, h, w,
                       place(floorf(v) + (float)(a - 1), h, padding, align_corners),
                       place(floorf(u) + (float)(b - 1), w, padding, align_corners), fill);
      y[(size_t)c * n + k] = sum;
    }
  }
}
)"},
  };
  return functions;
}

}  // namespace fovea
