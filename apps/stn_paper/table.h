// Measured beside published.
#pragma once

#include <span>
#include <string>

#include "apps/stn_paper/results.h"

namespace fovea::paper {

/// Tables in Markdown of test errors, minutes and parameters. Lines with a tag are left out, and
/// those of drawn digits unless they alone are wanted; how many is said.
std::string paper_tables(std::span<const Result> results, bool synthetic);

}  // namespace fovea::paper
