// Curves drawn in the terminal, as text.
#pragma once

#include "terminal/terminal.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace thalweg::runtime {

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points; // (x, y); points that are not finite are left out
};

struct PlotOptions {
  Terminal terminal;
  size_t width = 0;   // columns of the whole picture; 0: the terminal's, at most 100
  size_t height = 12; // lines of the drawing itself
  std::string title;  // above; may be empty
  std::string x_label = "step";
  std::optional<bool> log_y; // unset: logarithmic when all values are positive and span > 2 decades
};

// Braille dots where Unicode is to be had, letters and signs per curve elsewhere. Several curves
// get a legend, and colours where the terminal has them. Empty when there is nothing to draw.
std::string plot_curves(const std::vector<Curve>& curves, const PlotOptions& options);

} // namespace thalweg::runtime
