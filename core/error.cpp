#include "core/error.h"

#include <cstdio>

namespace fovea {

void append_text(std::string& out, double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  out += text;
}

}  // namespace fovea
