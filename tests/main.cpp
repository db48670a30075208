// The tests' main. Compiled once because version 2 of Catch is a single large header.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_all.hpp>
using Listener = Catch::EventListenerBase;
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
using Listener = Catch::TestEventListenerBase;
#endif

#include <csignal>

#include "core/empty_cache.h"

namespace {

// No case pays for the memory of those before it: all of them fit a machine of 2 GB.
struct MemoryGivenBack : Listener {
  using Listener::Listener;
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    Listener::testCaseEnded(stats);
    fovea::empty_cache();
  }
};
CATCH_REGISTER_LISTENER(MemoryGivenBack)

}  // namespace

int main(int argc, char* argv[]) {
  // Programs that tests start inherit what is ignored: by nohup, or in the background of a script.
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
  return Catch::Session().run(argc, argv);
}
