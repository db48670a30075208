// Being asked to stop: SIGINT, SIGTERM, SIGHUP and SIGQUIT.
#pragma once

namespace fovea {

/// While it lives, these signals are noted down instead of ending the program; a second one, but
/// for SIGHUP, ends it at once (files are written atomically, so they stay intact). SIGHUP stays
/// ignored where it was (nohup). SIGPIPE is ignored: writing fails instead. One at a time.
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
