// Drawing curves, see plot.h: scale the points, raster the lines onto dots, put axes around.
#include "terminal/plot.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace thalweg::runtime {

namespace {

constexpr std::array<Paint, 6> kColors = {Paint::cyan,  Paint::yellow, Paint::magenta,
                                          Paint::green, Paint::red,    Paint::blue};
constexpr std::string_view kMarks = "*o+x#@";

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Where the value lies, from 0 to 1; halves, because high - low may overflow.
  double place(double value) const {
    return high == low ? 0.5 : (value / 2 - low / 2) / (high / 2 - low / 2);
  }
};

bool drawable(const std::pair<double, double>& point) {
  return std::isfinite(point.first) && std::isfinite(point.second);
}

// Dots of a grid of character cells: 2 x 4 in a cell for braille, 1 x 1 otherwise. A cell takes the
// colour and mark of the curve drawn last through it.
class Canvas {
public:
  Canvas(size_t columns, size_t lines, bool braille)
      : columns_(columns), lines_(lines), across_(braille ? 2 : 1), down_(braille ? 4 : 1),
        dots_(columns * lines, 0), owner_(columns * lines, 0) {}

  size_t width() const { return columns_ * across_; }
  size_t height() const { return lines_ * down_; }

  void dot(size_t x, size_t y, size_t curve) { // y counts from below
    const size_t from_top = height() - 1 - y;
    const size_t cell = from_top / down_ * columns_ + x / across_;
    constexpr uint8_t kBits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    dots_[cell] |= kBits[from_top % down_][x % across_];
    owner_[cell] = curve;
  }

  std::string line(size_t number, const Terminal& terminal) const {
    std::string out;
    for (size_t x = 0; x < columns_; ++x) {
      const size_t cell = number * columns_ + x;
      if (dots_[cell] == 0) {
        out += ' ';
        continue;
      }
      std::string mark(1, kMarks[owner_[cell] % kMarks.size()]);
      if (across_ == 2) { // U+2800 + dots, in UTF-8
        mark = {'\xe2', static_cast<char>(0xa0 | dots_[cell] >> 6),
                static_cast<char>(0x80 | (dots_[cell] & 0x3f))};
      }
      out += painted(mark, kColors[owner_[cell] % kColors.size()], terminal.color);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
  }

private:
  size_t columns_, lines_, across_, down_;
  std::vector<uint8_t> dots_;
  std::vector<size_t> owner_;
};

struct Scales {
  Range x, y; // y is of log10 when `log` is set
  bool log = false;
  double y_of(double value) const { return log ? std::log10(value) : value; }
};

std::optional<Scales> scales_of(const std::vector<Curve>& curves, const PlotOptions& options) {
  Range x, y;
  for (const Curve& curve : curves) {
    for (const auto& point : curve.points) {
      if (!drawable(point)) continue;
      x.add(point.first);
      y.add(point.second);
    }
  }
  if (!(x.low <= x.high)) return std::nullopt;
  constexpr double kDecades = 100;
  Scales scales{x, y, y.low > 0 && options.log_y.value_or(y.high / y.low > kDecades)};
  if (scales.log) scales.y = {std::log10(y.low), std::log10(y.high)};
  return scales;
}

void draw(const Curve& curve, size_t number, const Scales& scales, Canvas& canvas) {
  const auto cell = [](double place, size_t cells) {
    return static_cast<int64_t>(std::lround(place * static_cast<double>(cells - 1)));
  };
  bool joined = false;
  int64_t last_x = 0, last_y = 0;
  for (const auto& point : curve.points) {
    if (!drawable(point)) {
      joined = false; // a gap stays a gap
      continue;
    }
    const int64_t x = cell(scales.x.place(point.first), canvas.width());
    const int64_t y = cell(scales.y.place(scales.y_of(point.second)), canvas.height());
    const int64_t steps =
        joined ? std::max({std::abs(x - last_x), std::abs(y - last_y), int64_t{1}}) : 1;
    for (int64_t i = joined ? 0 : 1; i <= steps; ++i) {
      const double part = static_cast<double>(i) / static_cast<double>(steps);
      const auto along = [&](int64_t from, int64_t to) {
        return static_cast<size_t>(
            std::lround(static_cast<double>(from) + part * static_cast<double>(to - from)));
      };
      canvas.dot(joined ? along(last_x, x) : static_cast<size_t>(x),
                 joined ? along(last_y, y) : static_cast<size_t>(y), number);
    }
    joined = true;
    last_x = x;
    last_y = y;
  }
}

// Name after mark, in as many lines of `width` as it takes, each begun with `margin` blanks.
std::string legend(const std::vector<Curve>& curves, const Terminal& terminal, bool braille,
                   size_t margin, size_t width) {
  std::string out;
  size_t used = 0;
  for (size_t k = 0; k < curves.size(); ++k) {
    const char sign = kMarks[k % kMarks.size()];
    const std::string mark = braille ? "━━" : std::string{sign, sign};
    const std::string name = cut_to_width(curves[k].name, width > 3 ? width - 3 : 1);
    const size_t need = 3 + display_width(name);
    const bool fits = used > 0 && used + 3 + need <= width;
    if (used > 0 && !fits) out += '\n';
    out.append(fits ? 3 : margin, ' ');
    used = fits ? used + 3 + need : need;
    out += painted(mark, kColors[k % kColors.size()], terminal.color);
    out += ' ';
    out += name;
  }
  return out + '\n';
}

// The x axis' labels: the ends below their places, the name between them.
std::string x_axis_labels(const Scales& scales, size_t columns, const std::string& name) {
  const std::string left = short_number(scales.x.low, 7), right = short_number(scales.x.high, 7);
  if (left.size() + right.size() + 2 > columns) return left;
  const size_t room = columns - left.size() - right.size();
  if (display_width(name) + 2 > room) return left + std::string(room, ' ') + right;
  const size_t before = (room - display_width(name)) / 2;
  return left + std::string(before, ' ') + name +
         std::string(room - display_width(name) - before, ' ') + right;
}

} // namespace

std::string plot_curves(const std::vector<Curve>& curves, const PlotOptions& options) {
  const std::optional<Scales> scales = scales_of(curves, options);
  if (!scales) return "";
  const bool unicode = options.terminal.unicode;
  const size_t lines = std::max<size_t>(options.height, 3);
  // Labels at the top, the middle and the bottom line.
  std::vector<std::string> labels(lines);
  const auto label = [&](double place) {
    const double at = scales->y.low * (1 - place) + scales->y.high * place;
    return short_number(scales->log ? std::pow(10.0, at) : at, 3);
  };
  const size_t middle = (lines - 1) / 2;
  labels[middle] = label(1 - static_cast<double>(middle) / static_cast<double>(lines - 1));
  if (scales->y.high > scales->y.low) { // a constant curve lies on the middle line
    labels.front() = label(1);
    labels.back() = label(0);
  }
  size_t margin = 0;
  for (const std::string& text : labels)
    margin = std::max(margin, text.size());
  constexpr size_t kWidest = 100, kNarrowest = 10;
  const size_t whole =
      options.width > 0 ? options.width : std::min(options.terminal.width - 1, kWidest);
  const size_t columns = whole > margin + 2 + kNarrowest ? whole - margin - 2 : kNarrowest;
  // Braille dots look alike: without colours several curves need marks of their own.
  const bool braille = unicode && (curves.size() == 1 || options.terminal.color);
  Canvas canvas(columns, lines, braille);
  for (size_t k = 0; k < curves.size(); ++k)
    draw(curves[k], k, *scales, canvas);
  std::string out;
  std::string title = options.title;
  if (scales->log && !title.empty()) title += " (log scale)";
  if (!title.empty()) out += std::string(margin + 2, ' ') + title + '\n';
  for (size_t i = 0; i < lines; ++i) {
    out += std::string(margin - labels[i].size(), ' ') + labels[i];
    out += unicode ? (labels[i].empty() ? " │" : " ┤") : (labels[i].empty() ? " |" : " +");
    out += canvas.line(i, options.terminal) + '\n';
  }
  out += std::string(margin + 1, ' ') + (unicode ? "└" : "+");
  for (size_t i = 0; i < columns; ++i)
    out += unicode ? "─" : "-";
  out += '\n' + std::string(margin + 2, ' ') + x_axis_labels(*scales, columns, options.x_label);
  out += '\n';
  if (curves.size() > 1) out += legend(curves, options.terminal, braille, margin + 2, columns);
  return out;
}

} // namespace thalweg::runtime
