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

/// Loss, accuracy (in percent) and learning rate over epochs, and the mean deviation of theta from
/// the identity over steps; those without data are left out.
std::vector<RunChart> run_charts(const RunLog& log);

/// The table of epochs of a report.
void add_epoch_table(const RunLog& log, ReportData& report);

}  // namespace fovea
