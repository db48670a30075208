// What a finished run shows of itself: curves, pictures, an animation and report.html.
#pragma once

#include <string>

#include "apps/networks/model.h"
#include "data/dataset.h"

namespace fovea {

/// Reads the files that training left in the run's folder (files.h) and writes beside them:
///   loss.svg, error.svg                         curves over epochs, training and test
///   step-loss.svg, gradient-norm.svg, learning-rate.svg   over steps
///   theta.svg, theta-size.svg, theta-shift.svg  turn, slant, size and shift (pose.h)
///   calibration.svg                             how sure answers are, and how often right
///   class-means.png                             mean images of the classes, before and after
///   confusion.svg                               the confusion matrix
///   before-after.png, mistakes.png              contact sheets of test images (contact_sheet.h)
///   training.gif                                the images of frames/theta.jsonl as `model`'s
///                                               transformer came to see them
///   report.html                                 all of it on one self-contained page
/// `model` has the weights that confusion.json judges, `data` is what it was trained on. A picture
/// whose file is missing or empty (a run cut short, a network without a transformer) is left out.
/// Throws Error if a file is there but damaged, or if one cannot be written; all files are written
/// whole or not at all. Leaves the network in evaluation mode.
void write_run_report(const std::string& directory, const Model& model, const DataSplit& data);

}  // namespace fovea
