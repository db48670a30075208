// The functions that exported C code calls; each is written into the file only if it is used.
#include <array>

#include "apps/c_code/builder.h"

namespace fovea {

namespace {

// @ stands for what differs between weights as floats and packed in eight bits.
const CFunction functions[] = {
    {"conv2d", nullptr, R"(
/* x [in, h, w], weights [out, in / groups, kh, kw], bias [out] or NULL, y [out, oh, ow] */
static void conv2d@(@ const float *bias, const float *x, int in, int h,
                   int w, float *y, int out, int oh, int ow, int kh, int kw, int sh, int sw,
                   int ph, int pw, int dh, int dw, int groups) {
  const int each = in / groups;
  for (int o = 0; o < out; ++o) {
    float *const plane = y + (size_t)o * oh * ow;
    for (int i = 0; i < oh * ow; ++i) plane[i] = 0;
    for (int c = 0; c < each; ++c) {
      const float *const image = x + (size_t)(o / (out / groups) * each + c) * h * w;
      for (int a = 0; a < kh; ++a)
        for (int b = 0; b < kw; ++b) {
          const float factor = (float)weights[((size_t)(o * each + c) * kh + a) * kw + b];
          const int top = a * dh - ph, left = b * dw - pw;
          int first = 0, last = ow;
          while (first < ow && first * sw + left < 0) ++first;
          while (last > first && (last - 1) * sw + left >= w) --last;
          for (int i = 0; i < oh; ++i) {
            const int row = i * sh + top;
            if (row < 0 || row >= h) continue;
            for (int j = first; j < last; ++j)
              plane[(size_t)i * ow + j] += factor * image[(size_t)row * w + j * sw + left];
          }
        }
    }
    for (int i = 0; i < oh * ow; ++i) plane[i] = plane[i]@ + (bias ? bias[o] : 0);
  }
}
)"},
    {"linear", nullptr, R"(
/* x [in], weights [out, in], bias [out] or NULL, y [out] */
static void linear@(@ const float *bias, const float *x, int in, float *y,
                   int out) {
  for (int o = 0; o < out; ++o) {
    float sum = 0;
    for (int i = 0; i < in; ++i) sum += (float)weights[(size_t)o * in + i] * x[i];
    y[o] = sum@ + (bias ? bias[o] : 0);
  }
}
)"},
    {"matmul", nullptr, R"(
/* a [n, k], b [k, m], y [n, m] */
static void matmul(const float *a, const float *b, float *y, int n, int k, int m) {
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < m; ++j) {
      float sum = 0;
      for (int l = 0; l < k; ++l) sum += a[(size_t)i * k + l] * b[(size_t)l * m + j];
      y[(size_t)i * m + j] = sum;
    }
}
)"},
    {"max_pool2d", nullptr, R"(
/* x [channels, h, w], y [channels, oh, ow] */
static void max_pool2d(const float *x, int channels, int h, int w, float *y, int oh, int ow, int kh,
                       int kw, int sh, int sw, int ph, int pw, int dh, int dw) {
  for (int c = 0; c < channels; ++c, x += (size_t)h * w)
    for (int i = 0; i < oh; ++i)
      for (int j = 0; j < ow; ++j) {
        float best = -HUGE_VALF;
        for (int a = 0; a < kh; ++a)
          for (int b = 0; b < kw; ++b) {
            const int row = i * sh - ph + a * dh, column = j * sw - pw + b * dw;
            if (row < 0 || row >= h || column < 0 || column >= w) continue;
            const float value = x[(size_t)row * w + column];
            if (value > best || value != value) best = value;
          }
        *y++ = best;
      }
}
)"},
    {"avg_pool2d", nullptr, R"(
/* x [channels, h, w], y [channels, oh, ow]; `padded` counts the padding too */
static void avg_pool2d(const float *x, int channels, int h, int w, float *y, int oh, int ow, int kh,
                       int kw, int sh, int sw, int ph, int pw, int padded) {
  for (int c = 0; c < channels; ++c, x += (size_t)h * w)
    for (int i = 0; i < oh; ++i)
      for (int j = 0; j < ow; ++j) {
        float sum = 0;
        int count = 0;
        for (int a = i * sh - ph; a < i * sh - ph + kh; ++a)
          for (int b = j * sw - pw; b < j * sw - pw + kw; ++b) {
            const int inside = a >= 0 && a < h && b >= 0 && b < w;
            if (inside) sum += x[(size_t)a * w + b];
            count += inside || (padded && a < h + ph && b < w + pw);
          }
        *y++ = sum / (float)count;
      }
}
)"},
    {"adaptive_avg_pool2d", nullptr, R"(
/* x [channels, h, w], y [channels, oh, ow] */
static void adaptive_avg_pool2d(const float *x, int channels, int h, int w, float *y, int oh,
                                int ow) {
  for (int c = 0; c < channels; ++c, x += (size_t)h * w)
    for (int i = 0; i < oh; ++i)
      for (int j = 0; j < ow; ++j) {
        const int top = i * h / oh, bottom = ((i + 1) * h + oh - 1) / oh;
        const int left = j * w / ow, right = ((j + 1) * w + ow - 1) / ow;
        float sum = 0;
        for (int a = top; a < bottom; ++a)
          for (int b = left; b < right; ++b) sum += x[(size_t)a * w + b];
        *y++ = sum / (float)((bottom - top) * (right - left));
      }
}
)"},
    {"group_norm", nullptr, R"(
/* x and y [channels, size]; weight and bias [channels] or NULL */
static void group_norm(const float *x, const float *weight, const float *bias, float *y,
                       int channels, int size, int groups, float eps) {
  const int each = channels / groups * size;
  for (int g = 0; g < groups; ++g) {
    double sum = 0, squares = 0;
    for (int i = 0; i < each; ++i) sum += x[g * each + i];
    for (int i = 0; i < each; ++i) {
      const double distance = x[g * each + i] - sum / each;
      squares += distance * distance;
    }
    for (int i = g * each; i < (g + 1) * each; ++i)
      y[i] = (float)((x[i] - sum / each) / sqrt(squares / each + eps)) *
                 (weight ? weight[i / size] : 1) +
             (bias ? bias[i / size] : 0);
  }
}
)"},
    {"log_softmax", nullptr, R"(
/* along the middle of x and y [outer, n, inner] */
static void log_softmax(const float *x, float *y, int outer, int n, int inner) {
  for (int k = 0; k < outer * inner; ++k) {
    const int first = k / inner * n * inner + k % inner;
    float largest = -HUGE_VALF, sum = 0;
    for (int i = 0; i < n; ++i) largest = fmaxf(largest, x[first + i * inner]);
    for (int i = 0; i < n; ++i) sum += expf(x[first + i * inner] - largest);
    for (int i = 0; i < n; ++i) y[first + i * inner] = x[first + i * inner] - largest - logf(sum);
  }
}
)"},
    {"softmax", nullptr, R"(
/* along the middle of x and y [outer, n, inner] */
static void softmax(const float *x, float *y, int outer, int n, int inner) {
  for (int k = 0; k < outer * inner; ++k) {
    const int first = k / inner * n * inner + k % inner;
    float largest = -HUGE_VALF, sum = 0;
    for (int i = 0; i < n; ++i) largest = fmaxf(largest, x[first + i * inner]);
    for (int i = 0; i < n; ++i) sum += expf(x[first + i * inner] - largest);
    for (int i = 0; i < n; ++i) y[first + i * inner] = expf(x[first + i * inner] - largest) / sum;
  }
}
)"},
};

const std::string packed_suffix = "_int8";

// The text with each @ in turn replaced.
std::string filled_in(const char* text, const std::array<const char*, 3>& parts) {
  std::string out;
  std::size_t next = 0;
  for (; *text; ++text)
    if (*text == '@')
      out += parts[next++];
    else
      out += *text;
  return out;
}

}  // namespace

std::string c_functions(const std::set<std::string>& names) {
  std::vector<CFunction> all(std::begin(functions), std::end(functions));
  for (const CFunction& f : c_samplers()) all.push_back(f);
  std::set<std::string> wanted = names;
  for (const CFunction& f : all)
    if (f.calls && names.contains(f.name)) wanted.insert(f.calls);
  std::string text;
  for (const CFunction& f : all) {
    if (wanted.contains(f.name)) text += filled_in(f.text, {"", "const float *weights,", ""});
    if (wanted.contains(f.name + packed_suffix))
      text += filled_in(
          f.text, {"_int8", "const signed char *weights, const float *scale,", " * scale[o]"});
  }
  return text;
}

}  // namespace fovea
