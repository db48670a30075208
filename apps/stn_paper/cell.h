// A cell of the paper's table: one network, one family of transforms, one set of distorted digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/train/options.h"

namespace fovea::paper {

struct Cell {
  std::string net;         ///< a network of apps/networks/paper.cpp or best.cpp
  std::string warp;        ///< family of its transformers; empty: it has none
  std::string set;         ///< a name of data/distort.h
  int transformers = 0;    ///< 0: none
  std::uint64_t seed = 1;  ///< of training
  std::string tag = {};    ///< of a trial, which is not for the table; empty: for the table

  /// "R-st-cnn-affine-1", "addition-st-fcn-2xtps-1": also the folder of its run.
  std::string name() const;
  bool operator==(const Cell&) const = default;
};

/// The cell that these words mean; `transformers` 0 is what the set needs. Throws UsageError, with
/// the nearest name, for words that do not exist or fit together.
Cell make_cell(const std::string& net, const std::string& warp, const std::string& set,
               int transformers, std::uint64_t seed);

/// What is the same for all seeds: training's options but for data, folder and epochs.
TrainOptions recipe_of(const Cell& cell);

/// A row of the table: all its cells but for sets and seeds.
struct Row {
  std::string title;
  std::string net, warp;
  int transformers = 0;  ///< of sets but addition
  std::string control;   ///< the network without transformers that has the same recipe; empty: none
};
const std::vector<Row>& rows();
const std::vector<std::string>& sets();

/// Test error in percent as the paper has it; none where it has no figure.
std::optional<double> published(const Row& row, const std::string& set, int transformers);

/// One seed of every cell and three of the last rows', the cheapest first; and the minutes that
/// each is given.
struct Planned {
  Cell cell;
  int minutes;
};
std::vector<Planned> plan();

}  // namespace fovea::paper
