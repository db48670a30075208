// What the page (apps/web/*.js) calls: networks, what they see, and training, in C. JavaScript
// knows handles and places in the module's memory. Functions that can fail return 0 (or a NaN) and
// leave the reason in web_error().
#pragma once

#include <cstdint>

extern "C" {

struct WebNetwork;
struct WebTrainer;

/// Why the last call failed.
const char* web_error();

/// A freshly initialised network of apps/networks/table.cpp for grey images of `side` x `side`
/// pixels and ten classes. `options` are "NAME=VALUE", separated by spaces.
WebNetwork* web_network(const char* name, const char* options, int side, int seed);
void web_delete_network(WebNetwork* network);

/// Its parameters, in order of registration, to be read and written: names are PyTorch's.
int web_parameters(WebNetwork* network);
const char* web_parameter_name(WebNetwork* network, int index);
int web_parameter_size(WebNetwork* network, int index);
float* web_parameter(WebNetwork* network, int index);
/// FNV-1a over the bits of all parameters.
std::uint32_t web_checksum(WebNetwork* network);

/// Looks at `count` images of side * side bytes each, 1 or more, in evaluation mode. Returns 1, and
/// the functions below tell what was found.
int web_look(WebNetwork* network, const std::uint8_t* images, int count);
/// [count, 10]
const float* web_probabilities(WebNetwork* network);
/// [count, side, side] with a side of web_seen_side(): the images as the classifier saw them.
const std::uint8_t* web_seen(WebNetwork* network);
int web_seen_side(WebNetwork* network);
/// The points of an even net over what the classifier sees, web_net_side() of them a row: where
/// each lies in the image, [count, points, points, (x, y)], 0 and 1 being its edges.
int web_net_side();
const float* web_net(WebNetwork* network);
/// [count, (angle in degrees clockwise, scale, shift in x, in y, bend)]: layers/warp_map.h. Without
/// a transformer those of the identity.
const double* web_readings(WebNetwork* network);

/// One way of writing `digit`, of web_styles() there are, as web_stroke_size() numbers: points (x,
/// y) of data/strokes.h, and two NaNs behind each stroke. Null: there is no such style.
int web_styles(int digit);
const float* web_strokes(int digit, int style);
int web_stroke_size();

/// Trains `network`, for images of 28 x 28 pixels, on digits that it draws and tilts: AdamW on
/// batches of 32. The network must outlive it.
WebTrainer* web_trainer(WebNetwork* network, int seed);
void web_delete_trainer(WebTrainer* trainer);
/// The mean loss of that many steps at the learning rate `lr`, which falls from step to step.
double web_train(WebTrainer* trainer, int steps, double lr);
/// The share of test digits, tilted as well, that the network reads; the digits, [N, 28, 28], and
/// their classes.
double web_accuracy(WebTrainer* trainer);
int web_test_count(WebTrainer* trainer);
const std::uint8_t* web_test_images(WebTrainer* trainer);
const std::int32_t* web_test_labels(WebTrainer* trainer);
}
