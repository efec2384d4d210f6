// Progress display, see progress.h.
#include "terminal/progress.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace thalweg::runtime {

namespace {

// `cells` columns, filled up to `fraction`; in Unicode the last cell is drawn in eighths.
std::string bar_of(double fraction, size_t cells, bool unicode) {
  constexpr std::array<const char*, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const double filled = std::clamp(fraction, 0.0, 1.0) * static_cast<double>(cells);
  auto whole = static_cast<size_t>(filled);
  std::string out;
  for (size_t i = 0; i < whole; ++i)
    out += unicode ? "█" : "#";
  if (unicode && whole < cells) {
    const auto eighth = static_cast<size_t>((filled - static_cast<double>(whole)) * 8);
    out += kEighths[eighth];
    if (eighth > 0) ++whole;
  }
  out.append(cells - whole, unicode ? ' ' : '.');
  return out;
}

std::string counts(const ProgressState& state) {
  return state.total ? fmt::format("{}/{}", state.done, *state.total)
                     : fmt::format("step {}", state.done);
}

} // namespace

std::string progress_line(const std::string& name, const ProgressState& state,
                          const Terminal& terminal) {
  std::string right = counts(state);
  if (state.loss) right += "  loss " + short_number(*state.loss);
  const double rate = state.seconds > 0 ? static_cast<double>(state.done) / state.seconds : 0;
  if (rate > 0) right += fmt::format("  {} steps/s", short_number(rate, 3));
  if (rate > 0 && state.total && *state.total >= state.done)
    right += "  " + duration_text(static_cast<double>(*state.total - state.done) / rate) + " left";
  // One column stays free: some terminals wrap when the last one is written.
  const size_t room = terminal.width - 1;
  const std::string shown_name = cut_to_width(name, room / 4);
  const size_t used = display_width(shown_name) + display_width(right) + 6;
  constexpr size_t kLeast = 8, kMost = 40;
  if (!state.total || used + kLeast > room)
    return cut_to_width(shown_name.empty() ? right : shown_name + "  " + right, room);
  const double fraction =
      *state.total > 0 ? static_cast<double>(state.done) / static_cast<double>(*state.total) : 1;
  const std::string bar = bar_of(fraction, std::min(room - used, kMost), terminal.unicode);
  return fmt::format("{}  {}{}{}  {}", shown_name, terminal.unicode ? "│" : "[",
                     painted(bar, Paint::cyan, terminal.color), terminal.unicode ? "│" : "]",
                     right);
}

std::string plain_progress_line(const std::string& name, const ProgressState& state) {
  std::string line = state.total ? fmt::format("{}: step {}/{}", name, state.done, *state.total)
                                 : fmt::format("{}: step {}", name, state.done);
  if (state.loss) line += "  loss " + short_number(*state.loss, 6);
  return line;
}

void Progress::plain(const ProgressState& state) {
  sink_(plain_progress_line(name_, state) + "\n");
  last_plain_ = state.done;
}

void Progress::update(const ProgressState& state) {
  constexpr double kRedrawSeconds = 0.1;
  constexpr int64_t kPlainLines = 10;
  if (terminal_.is_terminal) {
    if (drawn_at_ >= 0 && state.seconds - drawn_at_ < kRedrawSeconds) return;
    drawn_at_ = state.seconds;
    drawn_ = true;
    sink_("\r\x1b[2K" + progress_line(name_, state, terminal_));
    return;
  }
  if (state.done < next_plain_) return;
  plain(state);
  if (state.total) {
    const int64_t stride = std::max<int64_t>(1, *state.total / kPlainLines);
    next_plain_ = (state.done / stride + 1) * stride;
  } else {
    next_plain_ = std::max<int64_t>(1, state.done * 2);
  }
}

void Progress::finish(const ProgressState& state) {
  if (drawn_) sink_("\r\x1b[2K");
  drawn_ = false;
  if (!terminal_.is_terminal && last_plain_ != state.done) plain(state);
}

} // namespace thalweg::runtime
