// A network as programs know it: a name, options, and how it is built from them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/attributes.h"
#include "core/random.h"
#include "layers/module.h"

namespace fovea {

/// Everything that a network is built from; saved beside its weights.
struct NetworkSpec {
  Shape input;  ///< of one image, [C, H, W]
  int classes = 0;
  Attributes options;  ///< those of its kind, with their values
};

/// An entry of the table of networks. What make() returns takes images [C, H, W] and gives
/// log-probabilities, per sample [classes]; everything else finds what it needs to know, such as
/// spatial transformers, by walking its modules.
struct NetworkKind {
  std::string name;         ///< --model NAME
  std::string description;  ///< one line
  Attributes options;       ///< with their defaults; an integer whose default is positive is one
                            ///< always, and none is beyond 65536 either way
  std::unique_ptr<Module> (*make)(const NetworkSpec& spec, Random& rng);
  Shape input = {1, 28, 28};  ///< what it is usually given
};

/// `kind`, whose options have a "transformer", without it: the control, NAME-cnn.
NetworkKind control_of(NetworkKind kind);

/// All networks, the default first: apps/networks/table.cpp, and what add_network() added.
const std::vector<NetworkKind>& networks();

/// Makes a network of your own known by name, to train(), load_model() and all else. Call it before
/// them. Throws Error if the name is taken, or that of an option is used by files of weights.
void add_network(NetworkKind kind);

/// Throws UsageError, with the nearest name, for an unknown one.
const NetworkKind& find_network(const std::string& name);

/// Throws Error if an option of the network is missing, of another type or out of range.
void check_options(const std::string& network, const Attributes& options);

/// A freshly initialised network. Error: options of another kind, images that it cannot take.
std::unique_ptr<Module> make_network(const std::string& name, const NetworkSpec& spec, Random& rng);

/// "conv1=10 conv2=20 warp=affine": as set_option() takes them.
std::string options_line(const Attributes& options);

/// Sets an option from "NAME=VALUE". Throws UsageError if there is no such option or the value is
/// not of its type, out of range or, of "warp", "sampler" and "padding", no name that there is;
/// lists are written 32,64,128.
void set_option(Attributes& options, const std::string& text);

/// The options of a network with these set. Throws UsageError as set_option() does, for options of
/// a transformer where there is none, and if the network, which its defaults build on its usual
/// images, can so be built neither on them nor on larger ones.
Attributes options_with(const std::string& network, const std::vector<std::string>& texts);

/// Throws UsageError "--NAME: ...", listing what there is, if the network, by its `options`, does
/// not read the option `name`.
void require_network_option(const std::string& network, const Attributes& options,
                            const std::string& name);

}  // namespace fovea
