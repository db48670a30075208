// The curves of a run.
#pragma once

#include <string>
#include <vector>

#include "apps/report/report.h"
#include "apps/run/log.h"

namespace fovea {

/// A chart and the file it is written to.
struct RunChart {
  std::string file;  ///< "loss.svg"
  ReportData::Chart chart;
};

/// Loss and error (in percent) over epochs, loss of single steps, gradient norm and learning rate;
/// those without data are left out. `training_has` is what only training sees and the test does
/// not, "dropout, augmentation": it stands beside the curves of training.
std::vector<RunChart> run_charts(const RunLog& log, const std::string& training_has = "");

/// The table of epochs of a report.
void add_epoch_table(const RunLog& log, ReportData& report);

}  // namespace fovea
