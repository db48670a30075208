// What a command says on standard output.
#pragma once

#include <string>
#include <string_view>

namespace fovea {

/// Takes the numbers 0 to 2 if they were closed when the program was started, so that no file gets
/// one of them and then the lines of standard output. Call it before any file is opened.
void reserve_standard_streams();

/// From here on print() and warn() do nothing: another process says the same.
void mute();

/// Writes `text` at once. A failure (a full disk, a dead terminal, a reader that went away) must
/// not cost what is being computed: it is noted, nothing is written from then on, and the program
/// tells of it at its end, see output_failure().
void print(std::string_view text);

/// Whether the reader of standard output went away (a pipe into head).
bool output_closed();

/// Why standard output could not be written, one line for the user; "" if all went well.
std::string output_failure();

/// Whether standard output is a terminal that understands control sequences.
bool output_is_terminal();

/// Columns of the terminal; 80 if unknown.
int terminal_width();

/// One line "warning: ..." on standard error.
void warn(std::string_view text);

}  // namespace fovea
