// Networks as C: compiled by the system's compiler, loaded, and asked the same as the library.
#include <cmath>

#include "core/autograd.h"
#include "core/file.h"
#include "core/step.h"
#include "layers/all.h"
#include "tests/compiled_c.h"
#include "tests/digits.h"
#include "tests/function_module.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// Digits, one after the other, in all channels and cut or repeated to the size of the model.
std::vector<std::uint8_t> pictures(const Shape& shape, int count) {
  const std::vector<std::uint8_t>& drawn = digits().test.pixels;
  std::vector<std::uint8_t> pixels;
  for (int n = 0; n < count; ++n)
    for (int c = 0; c < shape[0]; ++c)
      for (int i = 0; i < shape[1]; ++i)
        for (int j = 0; j < shape[2]; ++j)
          pixels.push_back(drawn[static_cast<std::size_t>((n + c) * 784 + i % 28 * 28 + j % 28)]);
  return pixels;
}

// The last layer of localisation networks says "change nothing": move it, so that grids are used.
void disturb(const Model& model) {
  Random random(9);
  for (const NamedTensor& p : model.network->named_parameters()) {
    Tensor tensor = p.tensor;
    for (Real& value : tensor.values()) value += static_cast<Real>(random.normal(0, 0.02));
  }
}

// The largest difference of log-probabilities, relative where they are beyond 1.
double largest_difference(const Model& model, const CExportOptions& options = {}) {
  constexpr int count = 5;
  const Compiled compiled(model, options);
  const std::vector<std::uint8_t> pixels = pictures(model.info.input, count);
  const auto each = static_cast<std::size_t>(model.info.input.size());
  const Batch batch = batch_of(model.info, pixels);
  const NoGrad guard;
  const Tensor expected = (*model.network)(make_tile(batch, 0).images);
  double worst = 0;
  for (int n = 0; n < count; ++n) {
    const std::vector<float> got = compiled(
        std::span(pixels).subspan(static_cast<std::size_t>(n) * each, each), model.info.classes());
    for (int k = 0; k < model.info.classes(); ++k) {
      const double value = static_cast<double>(expected[k][n]);
      const double off = std::abs(static_cast<double>(got[static_cast<std::size_t>(k)]) - value);
      if (!(off / std::max(1.0, std::abs(value)) <= worst))  // NaN too
        worst = off / std::max(1.0, std::abs(value));
    }
  }
  return worst;
}

Model with_options(const std::string& name, const std::vector<std::string>& options) {
  ModelInfo info = describe_model(name, find_network(name).input, digits().test.class_names);
  info.mean.resize(static_cast<std::size_t>(info.input[0]), 0.5f);
  info.stddev.resize(static_cast<std::size_t>(info.input[0]), 0.25f);
  for (const std::string& option : options) set_option(info.options, option);
  Model model = make_model(std::move(info), 1);
  disturb(model);
  return model;
}

// A model whose network is the function of an image [2, 6, 6], brought to two classes.
Model of(std::function<Tensor(const Tensor&)> f) {
  Model model;
  model.info.name = "function";
  model.info.input = {2, 6, 6};
  model.info.mean = {0.2f, 0.4f}, model.info.stddev = {0.5f, 0.6f};
  model.info.class_names = {"*/ a", "/* ?\?/"};
  model.network = std::make_unique<Function>([f](const Tensor& x) {
    const Tensor y = f(x);
    const int half = y.size() / 2;
    const Tensor flat = y.reshape({y.size()});
    return stack({mean(slice(flat, 0, 0, half)), mean(slice(flat, 0, half, y.size()))});
  });
  return model;
}

}  // namespace

TEST_CASE("every network as C gives the library's log-probabilities", "[c]") {
  if (!has_compiler()) return;
  for (const NetworkKind& kind : networks()) {
    INFO(kind.name);
    std::vector<std::string> small;
    for (const char* width : {"conv1", "conv2", "fc", "localization1", "localization2"})
      if (kind.options.find(width)) small.push_back(cat(width, "=8"));
    if (kind.options.find("budget")) small.push_back("budget=40");
    if (kind.options.find("blocks")) small.push_back("blocks=8,12");
    if (kind.options.find("transformers")) small.push_back("transformers=2");
    CHECK(largest_difference(with_options(kind.name, small)) < 1e-5);
  }
}

TEST_CASE("every family and sampler as C gives the library's log-probabilities", "[c]") {
  if (!has_compiler()) return;
  for (const std::string& warp : warp_names()) {
    INFO(warp);
    CHECK(largest_difference(with_options("tutorial", {"warp=" + warp})) < 1e-5);
  }
  for (const char* warp : {"tps:points=3,limit=0.3", "flow:rows=5,columns=4,limit=0.2"}) {
    INFO(warp);
    CHECK(largest_difference(with_options("tutorial", {cat("warp=", warp)})) < 1e-5);
  }
  for (const std::vector<std::string>& options : {std::vector<std::string>{"steps=2", "fill=-0.4"},
                                                  {"output=20"},
                                                  {"output=16", "antialias=true"}}) {
    INFO(options.back());
    CHECK(largest_difference(with_options("tutorial", options)) < 1e-5);
  }
  for (const char* sampler : {"bilinear", "nearest", "bicubic"})
    for (const char* padding : {"zeros", "border", "reflection"}) {
      INFO(sampler << " " << padding);
      CHECK(largest_difference(with_options(
                "tutorial", {cat("sampler=", sampler), cat("padding=", padding)})) < 1e-5);
    }
}

TEST_CASE("layers and arithmetic as C", "[c]") {
  if (!has_compiler()) return;
  Random random(4);
  const auto shared = [&](const Shape& shape) {
    Tensor t = Tensor::zeros(shape);
    for (Real& value : t.values()) value = static_cast<Real>(random.normal(0, 0.5));
    return t;
  };
  const Tensor w = shared({4, 1, 3, 2}), bias = shared({4}), gain = shared({2}),
               table = shared({6, 3});
  const std::function<Tensor(const Tensor&)> functions[] = {
      [&](const Tensor& x) {
        return conv2d(x, w, bias,
                      {.in = 2,
                       .out = 4,
                       .kernel = {3, 2},
                       .stride = {2, 1},
                       .padding = {2, 1},
                       .dilation = {1, 2},
                       .groups = 2});
      },
      [](const Tensor& x) {
        return max_pool2d(x, {.kernel = 3, .stride = 4, .padding = 1, .ceil_mode = true});
      },
      [](const Tensor& x) {
        return avg_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1, .ceil_mode = true});
      },
      [](const Tensor& x) {
        return avg_pool2d(x, {.kernel = 3, .stride = 2, .padding = 1, .count_include_pad = false});
      },
      [](const Tensor& x) { return adaptive_avg_pool2d(x, 4, 5); },
      [&](const Tensor& x) { return group_norm(x, 1, gain, gain); },
      [&](const Tensor& x) {
        return matmul(x.reshape({12, 6}), table);
      },
      [](const Tensor& x) {
        return softmax(permute(x, {-1, 0, 1}), -2) * log_softmax(x, 2).reshape({6, 2, 6});
      },
      [](const Tensor& x) { return tanh(sigmoid(leaky_relu(elu(x)))) + gelu(x) - silu(x); },
      [](const Tensor& x) { return softplus(x, 2) * logsigmoid(x) / (abs(x) + exp(x)); },
      [&](const Tensor& x) {
        return prelu(x, gain) + sin(x) * cos(x) + sqrt(clamp(x, Real(0.01), 2));
      },
      [](const Tensor& x) {
        return where(greater(x, x * x), maximum(x, negate(x)), minimum(x, scale(x, 2, 1)));
      },
      [](const Tensor& x) {
        return x + sum(x, {0}) * amax(x, {1, -1}, true) - amin(x, {2}, true) + mean(x, {1}, true);
      },
      [](const Tensor& x) {
        return pad(concatenate({slice(x, 1, 1, 6, 2), x}, 1), {1, 2, 0, 3}, PadMode::constant,
                   Real(0.7));
      },
      [](const Tensor& x) { return atan2(x, log(power(x, 2) + less(x, x * 2))); },
      // NaN is passed on: a third of these are roots of what is negative, and count as 7.
      [](const Tensor& x) {
        const Tensor roots = sqrt(scale(x, 1, Real(-0.3)));
        const auto told = [](const Tensor& y) {
          return where(less(abs(y), Tensor::filled({1}, Real(1e30))), y, Tensor::filled({1}, 7));
        };
        return told(relu(roots)) + told(maximum(roots, x)) + told(maximum(x, roots)) +
               told(minimum(roots, x)) + told(minimum(x, roots)) + told(amax(roots, {1}, true)) +
               told(amin(roots, {2}, true)) + told(clamp(roots, 0, 1)) +
               told(max_pool2d(roots, {.kernel = 3, .stride = 1, .padding = 1}));
      },
  };
  int number = 0;
  for (const auto& f : functions) {
    INFO("function " << number++);
    CHECK(largest_difference(of(f)) < 1e-5);
  }
}

TEST_CASE("weights in eight bits as C are the rounded ones", "[c]") {
  if (!has_compiler()) return;
  const Model model = with_options("tutorial", {});
  const Compiled packed(model, {.int8 = true});
  const std::string text = c_source(model, {.int8 = true});
  CHECK(text.size() < c_source(model).size() / 2);
  const Model rounded = with_options("tutorial", {});
  round_to_int8(rounded);
  CHECK(c_source(rounded, {.int8 = true}) != c_source(rounded));
  CHECK(largest_difference(rounded, {.int8 = true}) < 1e-5);
  // What is packed rounds before and after alike; what it rounds differs from the original.
  const std::vector<std::uint8_t> pixels = pictures(model.info.input, 1);
  const std::vector<float> a = packed(pixels, 10), b = Compiled(rounded)(pixels, 10);
  const std::vector<float> exact = Compiled(model)(pixels, 10);
  double off = 0, moved = 0;
  for (std::size_t k = 0; k < 10; ++k) {
    off = std::max(off, static_cast<double>(std::abs(a[k] - b[k])));
    moved = std::max(moved, static_cast<double>(std::abs(a[k] - exact[k])));
  }
  CHECK(off < 1e-5);
  CHECK(moved > 1e-5);
}

TEST_CASE("what is not known in C is named, and nothing is written", "[c]") {
  const TempDir dir;
  const auto message = [&](std::function<Tensor(const Tensor&)> f) {
    const std::string text = message_of([&] { export_c(dir.file("net.c"), of(std::move(f))); });
    CHECK_FALSE(std::filesystem::exists(dir.file("net.c")));
    return text;
  };
  CHECK_THAT(message([](const Tensor& x) { return interpolate(x, {.size = 3}); }),
             contains("\"interpolate\"") && contains("not known in C"));
  CHECK_THAT(message([](const Tensor& x) {
               return pad(x, {1, 1}, PadMode::circular);
             }),
             contains("pad in mode circular"));
  CHECK_THAT(message([](const Tensor& x) {
               return x + Tensor::zeros({2, 6, 6}, true);
             }),
             contains("without a recorded operation"));
  CHECK_THAT(message([](const Tensor& x) { return x * Tensor::filled({6}, Real(INFINITY)); }),
             contains("a constant holds NaN or infinity"));
  const Model model = with_options("tutorial", {});
  CHECK(c_source(model) == c_source(with_options("tutorial", {})));
}

TEST_CASE("the command line of exported C", "[c][cli]") {
  if (!program_built()) return;
  const TempDir dir;
  const auto misuse = [&](const std::string& arguments, const std::string& word) {
    const ProgramOutcome outcome = run_program(dir, "export " + arguments);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, contains(word));
  };
  misuse("", "--onnx FILE or --c FILE");
  misuse("--c a.c --samples b", "--samples goes with --onnx");
  misuse("--onnx a.onnx --int8", "--int8 goes with --c");
  misuse("--c a.c --synthetic", "--synthetic goes with --int8");
  misuse("--c a --onnx ./a", "name the same file");
  dir.write("mine.c", "int main;\n");
  const ProgramOutcome mine = run_program(dir, "export --c mine.c");
  CHECK(mine.code == 1);
  CHECK_THAT(mine.err, contains("was not made by this program"));
  const ProgramOutcome good =
      run_program(dir, "export --c a.c --int8 --synthetic --test-limit 300 && " +
                           std::string("\"$P\" export --c a.c"));  // over its own
  INFO(good.err);
  CHECK(good.code == 0);
  CHECK_THAT(good.out, contains("in 8 bits") && contains("log_probabilities  float [10]"));
}
