// Being asked to stop: SIGINT and SIGTERM.
#pragma once

namespace fovea {

/// While it lives, SIGINT and SIGTERM are noted down instead of ending the program; a second one
/// ends it at once (files are written atomically, so they stay intact). SIGPIPE is ignored: writing
/// fails instead. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal that came, 0 if none did.
  static int received();
};

}  // namespace fovea
