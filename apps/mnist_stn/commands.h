// The commands of mnist_stn. Each function registers one with the command line; its callback runs
// it, throws Error for failures (one line, exit 1) and UsageError for misuse (exit 2).
#pragma once

namespace CLI {
class App;
}

namespace fovea {

void add_train(CLI::App& app);
void add_eval(CLI::App& app);
void add_summary(CLI::App& app);
void add_predict(CLI::App& app);
void add_visualize(CLI::App& app);
void add_export(CLI::App& app);

/// Thrown by a command to end the program with this code, after it has said what there is to say.
struct ExitStatus {
  int code;
};

}  // namespace fovea
