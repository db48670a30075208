// The tests' main. Compiled once because version 2 of Catch is a single large header.
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <csignal>

int main(int argc, char* argv[]) {
  // Programs that tests start inherit what is ignored: by nohup, or in the background of a script.
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE}) std::signal(signal, SIG_DFL);
  return Catch::Session().run(argc, argv);
}
