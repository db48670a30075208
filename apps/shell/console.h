// What a command says on standard output.
#pragma once

#include <string_view>

namespace fovea {

/// Writes `text` at once. A reader that went away (a pipe into head) is noted, not reported: see
/// output_closed(). Throws Error for other failures, such as a full disk.
void print(std::string_view text);

/// Whether the reader of standard output went away. Nothing is written from then on.
bool output_closed();

/// Whether standard output is a terminal that understands control sequences.
bool output_is_terminal();

/// Columns of the terminal; 80 if unknown.
int terminal_width();

/// One line "warning: ..." on standard error.
void warn(std::string_view text);

}  // namespace fovea
