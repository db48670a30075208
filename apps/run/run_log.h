// The log of a run, and its curves.
#pragma once

#include <string>
#include <vector>

#include "apps/report/report.h"

namespace fovea {

/// Lines of log.jsonl (run_files.h); what a line does not have is NaN.
struct RunLog {
  struct Step {
    double step, epoch, loss, accuracy, learning_rate, theta_deviation;
  };
  struct Epoch {
    double epoch, step, train_loss, train_accuracy, test_loss, test_accuracy, learning_rate,
        samples_per_second, seconds;
  };
  std::vector<Step> steps;
  std::vector<Epoch> epochs;
};

/// Empty if the file is missing. Throws Error naming file and line for a damaged line.
RunLog read_run_log(const std::string& path);

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
