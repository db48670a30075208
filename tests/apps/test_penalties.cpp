// The penalties on what transformers do, as training adds them: value and gradient, by formula.
#include <cmath>
#include <map>

#include "apps/train/learner.h"
#include "data/loader.h"
#include "layers/spatial_transformer.h"
#include "layers/warps/families.h"
#include "tests/digits.h"
#include "tests/train_helpers.h"

using namespace fovea;
using namespace fovea::testing;

namespace {

// A network whose thetas are some way from the identity.
Model warped(const std::string& warp) {
  ModelInfo info = describe_model("tutorial", {1, 28, 28}, digits().test.class_names);
  info.options.set({"warp", warp});
  info.mean = {0.1f}, info.stddev = {0.3f};
  Model model = make_model(std::move(info), 1);
  Random rng(3);
  for (const NamedTensor& p : model.network->named_parameters())
    if (p.name.starts_with("fc_loc.2"))
      for (int i = 0; i < p.tensor.size(); ++i)
        p.tensor.data()[i] += static_cast<Real>(rng.uniform(-0.2, 0.2));
  return model;
}

Tensor last_bias(const Model& model) {
  for (const NamedTensor& p : model.network->named_parameters())
    if (p.name == "fc_loc.2.bias") return p.tensor;
  throw Error("no fc_loc.2.bias");
}

struct Measured {
  double loss;
  std::vector<double> gradient;  // of the last layer's bias, which is that of theta
};

Measured measure(Model& model, const Batch& batch, double warp_penalty, double bending_penalty) {
  TrainOptions options;
  options.optimizer = "sgd";
  options.lr = 0;  // nothing moves
  options.warp_penalty = warp_penalty;
  options.bending_penalty = bending_penalty;
  resolve(options);
  Learner learner(model, options, 10);
  Measured out{learner.step(batch).loss, {}};
  const Tensor gradient = last_bias(model).grad();
  for (int k = 0; k < gradient.size(); ++k)
    out.gradient.push_back(static_cast<double>(gradient.data()[k]));
  return out;
}

double bending_energy(const Warp& warp, const std::vector<Real>& theta) {
  const Tensor lanes = Tensor::per_sample(warp.theta_shape());
  for (int k = 0; k < lanes.size(); ++k) lanes[k] = broadcast(theta[static_cast<std::size_t>(k)]);
  return static_cast<double>(warp.bending_energy(lanes)[0][0]);
}

// Means over a batch of the penalties and of their gradients, from the thetas alone; the energy is
// of second order in theta, or nearly, so that central differences are exact.
Measured expected(const Model& model, const Batch& batch, double warp_penalty,
                  double bending_penalty) {
  const auto warp = spatial_transformers(*model.network).at(0);
  const Warp& family = warp->warp();
  const std::vector<Real> identity = family.identity();
  const auto n = identity.size();
  Measured out{0, std::vector<double>(n)};
  for (int i = 0; i < tile_count(batch.size); ++i) {
    const Tile tile = make_tile(batch, i);
    const Tensor thetas = warp->theta(tile.images);
    for (int lane = 0; lane < tile.valid; ++lane) {
      std::vector<Real> theta;
      for (int k = 0; k < thetas.size(); ++k) theta.push_back(thetas[k][lane]);
      for (std::size_t k = 0; k < n; ++k) {
        const auto away = static_cast<double>(theta[k] - identity[k]);
        out.loss += warp_penalty * away * away / static_cast<double>(n);
        out.gradient[k] += warp_penalty * 2 * away / static_cast<double>(n);
        constexpr Real h = Real(0.125);
        std::vector<Real> more = theta, less = theta;
        more[k] += h, less[k] -= h;
        out.gradient[k] += bending_penalty *
                           (bending_energy(family, more) - bending_energy(family, less)) /
                           static_cast<double>(2 * h);
      }
      out.loss += bending_penalty * bending_energy(family, theta);
    }
  }
  out.loss /= batch.size;
  for (double& value : out.gradient) value /= batch.size;
  return out;
}

}  // namespace

TEST_CASE("penalties are added to the loss, and their gradients, for every family",
          "[trainer][penalty]") {
  Loader loader(digits().test, {.batch = 20});  // a whole tile and a part of one
  const Batch& batch = *loader.next();
  std::map<std::string, bool> bent;
  for (const std::string& name : warp_names()) {
    Model model = warped(name == "flow" ? "flow:rows=4,columns=5" : name);
    const Measured plain = measure(model, batch, 0, 0);
    for (const auto& [warp_penalty, bending_penalty] :
         {std::pair(0.7, 0.0), {0.0, 0.3}, {2.0, 0.1}}) {
      INFO(name << " " << warp_penalty << " " << bending_penalty);
      const Measured with = measure(model, batch, warp_penalty, bending_penalty);
      const Measured wanted = expected(model, batch, warp_penalty, bending_penalty);
      CHECK(with.loss - plain.loss == Approx(wanted.loss).epsilon(1e-4).margin(1e-5));
      bool all = true;
      for (std::size_t k = 0; k < wanted.gradient.size(); ++k)
        all = all && with.gradient[k] - plain.gradient[k] ==
                         Approx(wanted.gradient[k]).epsilon(1e-3).margin(1e-4);
      CHECK(all);
      if (warp_penalty > 0) CHECK(wanted.loss > 0.001);
      if (warp_penalty == 0) bent[name] = wanted.loss > 0.001;
    }
  }
  CHECK(bent.at("tps"));
  CHECK(bent.at("flow"));
  CHECK_FALSE(bent.at("affine"));
}
