#include "apps/web/engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "apps/networks/network.h"
#include "apps/web/seen.h"
#include "apps/web/trainer.h"
#include "core/error.h"
#include "data/strokes.h"

using namespace fovea;

struct WebNetwork {
  int side;
  std::unique_ptr<Module> module;
  std::vector<NamedTensor> parameters;
  web::Seen seen = {};
};

struct WebTrainer {
  web::Trainer trainer;
};

namespace {

std::string last_error;
std::vector<float> strokes;  // of the last web_strokes()

// What `action` returns, or `failed` with the reason kept.
template <class Action, class Result>
Result attempt(const Action& action, Result failed) {
  try {
    return action();
  } catch (const std::exception& error) {
    last_error = error.what();
  }
  return failed;
}

const NamedTensor& parameter(WebNetwork* network, int index) {
  return network->parameters[static_cast<std::size_t>(index)];
}

}  // namespace

const char* web_error() {
  return last_error.c_str();
}

WebNetwork* web_network(const char* name, const char* options, int side, int seed) {
  return attempt(
      [&] {
        std::vector<std::string> texts;
        for (std::string_view rest = options; !rest.empty();) {
          const std::size_t end = std::min(rest.find(' '), rest.size());
          if (end > 0) texts.emplace_back(rest.substr(0, end));
          rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        Random rng(mix(static_cast<std::uint64_t>(seed)));
        auto module = make_network(name,
                                   {.input = {1, side, side},
                                    .classes = web::classes,
                                    .options = options_with(name, texts)},
                                   rng);
        auto parameters = module->named_parameters();
        return new WebNetwork{side, std::move(module), std::move(parameters)};
      },
      static_cast<WebNetwork*>(nullptr));
}

void web_delete_network(WebNetwork* network) {
  delete network;
}

int web_parameters(WebNetwork* network) {
  return static_cast<int>(network->parameters.size());
}

const char* web_parameter_name(WebNetwork* network, int index) {
  return parameter(network, index).name.c_str();
}

int web_parameter_size(WebNetwork* network, int index) {
  return parameter(network, index).tensor.size();
}

float* web_parameter(WebNetwork* network, int index) {
  return parameter(network, index).tensor.data();
}

std::uint32_t web_checksum(WebNetwork* network) {
  std::uint32_t sum = 2166136261u;
  for (const NamedTensor& p : network->parameters)
    for (const Real value : p.tensor.values()) {
      unsigned char bytes[sizeof value];
      std::memcpy(bytes, &value, sizeof value);
      for (const unsigned char byte : bytes) sum = (sum ^ byte) * 16777619u;
    }
  return sum;
}

int web_look(WebNetwork* network, const std::uint8_t* images, int count) {
  return attempt(
      [&] {
        require(count >= 1, "no image to look at");
        const auto area = static_cast<std::size_t>(network->side * network->side);
        network->seen = web::look(*network->module, network->side,
                                  {images, static_cast<std::size_t>(count) * area});
        return 1;
      },
      0);
}

const float* web_probabilities(WebNetwork* network) {
  return network->seen.probabilities.data();
}

const std::uint8_t* web_seen(WebNetwork* network) {
  return network->seen.images.data();
}

int web_seen_side(WebNetwork* network) {
  return network->seen.side;
}

int web_net_side() {
  return web::net_points;
}

const float* web_net(WebNetwork* network) {
  return network->seen.net.data();
}

const double* web_readings(WebNetwork* network) {
  return network->seen.readings.data();
}

int web_styles(int digit) {
  return attempt([&] { return static_cast<int>(digit_styles(digit).size()); }, 0);
}

const float* web_strokes(int digit, int style) {
  if (style < 0 || style >= web_styles(digit)) return nullptr;
  strokes.clear();
  for (const Stroke& stroke : digit_styles(digit)[static_cast<std::size_t>(style)]) {
    for (const PenPoint& p : stroke)
      for (const double at : {p.x, p.y}) strokes.push_back(static_cast<float>(at));
    strokes.insert(strokes.end(), 2, std::nanf(""));
  }
  return strokes.data();
}

int web_stroke_size() {
  return static_cast<int>(strokes.size());
}

WebTrainer* web_trainer(WebNetwork* network, int seed) {
  return attempt(
      [&] {
        require(network->side == 28, "training takes a network for images of 28 x 28 pixels");
        return new WebTrainer{web::Trainer(*network->module, static_cast<std::uint64_t>(seed))};
      },
      static_cast<WebTrainer*>(nullptr));
}

void web_delete_trainer(WebTrainer* trainer) {
  delete trainer;
}

double web_train(WebTrainer* trainer, int steps, double lr) {
  return attempt([&] { return trainer->trainer.train(steps, lr); }, std::nan(""));
}

double web_accuracy(WebTrainer* trainer) {
  return attempt([&] { return trainer->trainer.accuracy(); }, std::nan(""));
}

int web_test_count(WebTrainer* trainer) {
  return trainer->trainer.test().size();
}

const std::uint8_t* web_test_images(WebTrainer* trainer) {
  return trainer->trainer.test().pixels.data();
}

const std::int32_t* web_test_labels(WebTrainer* trainer) {
  return trainer->trainer.test().labels.data();
}
