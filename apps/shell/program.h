// What is around the work of every program: signals, standard streams, errors in one line.
#pragma once

#include <string>

namespace fovea {

/// Returns work(argc, argv) for main() to return. Before it: numbers 0 to 2 are taken if they were
/// closed, so that no file gets one of them; a closed pipe and a file beyond `ulimit -f` are errors
/// of writing instead of signals. After it: "NAME: error: ..." on standard error and 1 for an
/// exception (2 for UsageError), or where standard output lost something. `speaker`, if given, is
/// asked then what is to stand before the text.
int run_program(const char* name, int argc, char** argv, int (*work)(int argc, char** argv),
                std::string (*speaker)() = nullptr);

/// One line "NAME: error: TEXT" on standard error, NAME being the program's.
void complain(const char* text);

}  // namespace fovea
