// Text for people: widths, numbers, tables, progress and plots.
#include "base/text.h"
#include "terminal/plot.h"
#include "terminal/progress.h"
#include "terminal/table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <sstream>

using namespace thalweg::runtime;
using Catch::Contains;

namespace {

Terminal terminal(bool is_terminal, bool unicode, size_t width = 60, bool color = false) {
  return {is_terminal, color, unicode, width};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) -> const char* {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : found->second.c_str();
  };
}

} // namespace

TEST_CASE("what the environment says about the terminal") {
  CHECK(detect_terminal(true, 100, false, environment({{"LANG", "en_US.UTF-8"}})).unicode);
  CHECK_FALSE(detect_terminal(true, 100, true, environment({{"LANG", "en_US.UTF-8"}})).unicode);
  CHECK_FALSE(detect_terminal(true, 100, false, environment({})).unicode);
  CHECK_FALSE(
      detect_terminal(true, 0, false, environment({{"LC_ALL", "C"}, {"LANG", "x.utf8"}})).unicode);
  CHECK(detect_terminal(true, 100, false, environment({})).color);
  CHECK_FALSE(detect_terminal(true, 100, false, environment({{"NO_COLOR", "1"}})).color);
  CHECK_FALSE(detect_terminal(true, 100, false, environment({{"TERM", "dumb"}})).color);
  CHECK_FALSE(detect_terminal(false, 0, false, environment({})).color);
  CHECK(detect_terminal(true, 100, false, environment({})).width == 100);
  CHECK(detect_terminal(true, 0, false, environment({})).width == 80);
  CHECK(detect_terminal(false, 0, false, environment({{"COLUMNS", "120"}})).width == 120);
  for (const char* bad : {"0", "-5", "abc", "80x", ""})
    CHECK(detect_terminal(false, 0, false, environment({{"COLUMNS", bad}})).width == 80);
  CHECK(detect_terminal(false, 0, false, environment({{"COLUMNS", "1"}})).width == 20);
  CHECK(detect_terminal(false, 0, false, environment({{"COLUMNS", "999999999"}})).width == 500);
}

TEST_CASE("display widths and cutting") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("m\xcc\x82") == 1); // m with a combining circumflex
  CHECK(display_width("λ│") == 2);
  CHECK(display_width("日本") == 4);
  CHECK(cut_to_width("abcdef", 4) == "abc…");
  CHECK(cut_to_width("日本語", 4) == "日…");
  CHECK(cut_to_width("abc", 3) == "abc");
  CHECK(cut_to_width("abc", 0).empty());
}

TEST_CASE("numbers and durations for people") {
  CHECK(short_number(0.693147) == "0.6931");
  CHECK(short_number(1.5e-7) == "1.5e-07");
  CHECK(short_number(NAN) == "nan");
  CHECK(duration_text(0.0421) == "42 ms");
  CHECK(duration_text(1.234) == "1.23 s");
  CHECK(duration_text(59.99) == "1:00");
  CHECK(duration_text(12.34) == "12.3 s");
  CHECK(duration_text(247) == "4:07");
  CHECK(duration_text(7395) == "2:03:15");
  CHECK(duration_text(NAN) == "?");
  CHECK(duration_text(1e300) == "> 1000000 h");
}

TEST_CASE("tables align and keep to the width") {
  ExperimentSummary summary{"e", {}};
  RunSummary run;
  run.name = "adamw";
  run.steps = 400;
  run.stopped_by = "steps";
  run.loss = 0.0625;
  run.metrics = {{"accuracy", 0.98}};
  run.seconds = 1.5;
  summary.runs = {run, run};
  summary.runs[1].name = "m̂_with_name";
  summary.runs[1].metrics.clear();
  summary.runs[1].reports = {{"kkt", 1e-9}};
  summary.runs[1].stopped_by = "not_finite";
  CHECK(format_table(summary_table(summary), terminal(false, false, 80)) ==
        "name           loss  accuracy    kkt  steps    time  stopped by\n"
        "-----------  ------  --------  -----  -----  ------  ----------\n"
        "adamw        0.0625      0.98           400  1.50 s  steps\n"
        "m̂_with_name  0.0625            1e-09    400  1.50 s  not finite\n");
  summary.runs[0].name = std::string(200, 'n');
  for (const std::string& line :
       lines_of(format_table(summary_table(summary), terminal(true, true, 70))))
    CHECK(display_width(line) <= 70);
}

TEST_CASE("the progress line shows what is known and fits") {
  ProgressState state{100, 400, 0.25, 2.0};
  const std::string line = progress_line("adamw", state, terminal(true, false, 80));
  CHECK_THAT(line, Contains("[######...") && Contains("100/400") && Contains("loss 0.25") &&
                       Contains("50 steps/s") && Contains("6.00 s left"));
  CHECK_THAT(progress_line("adamw", state, terminal(true, true, 80)), Contains("█"));
  for (size_t width = 20; width < 120; ++width) {
    CHECK(display_width(progress_line("a_rather_long_name", state, terminal(true, true, width))) <
          width);
  }
  state.total.reset();
  CHECK_THAT(progress_line("adamw", state, terminal(true, false, 80)),
             Contains("step 100") && !Contains("left"));
  state = {0, 0, std::nullopt, 0};
  CHECK_THAT(progress_line("adamw", state, terminal(true, false, 80)), Contains("0/0"));
}

TEST_CASE("on a terminal the bar is redrawn ten times a second at most and cleared") {
  std::vector<std::string> written;
  Progress progress("a", terminal(true, false),
                    [&](const std::string& s) { written.push_back(s); });
  for (int64_t i = 0; i <= 1000; ++i)
    progress.update({i, 1000, 1.0, static_cast<double>(i) * 1e-3});
  CHECK(written.size() >= 9);
  CHECK(written.size() <= 11);
  CHECK(written[0].rfind("\r\x1b[2K", 0) == 0);
  CHECK(written[0].find('\n') == std::string::npos);
  progress.finish({1000, 1000, 1.0, 1});
  CHECK(written.back() == "\r\x1b[2K");
}

TEST_CASE("elsewhere about ten plain lines appear") {
  const auto lines = [](std::optional<int64_t> total, int64_t last) {
    std::string text;
    Progress progress("a", terminal(false, false), [&](const std::string& s) { text += s; });
    for (int64_t i = 0; i <= last; ++i)
      progress.update({i, total, 0.5, static_cast<double>(i) * 10});
    progress.finish({last, total, 0.5, 1});
    return lines_of(text);
  };
  const std::vector<std::string> known = lines(400, 400);
  CHECK(known.size() == 11);
  CHECK(known.front() == "a: step 0/400  loss 0.5");
  CHECK(known[1] == "a: step 40/400  loss 0.5");
  CHECK(known.back() == "a: step 400/400  loss 0.5");
  CHECK(lines(3, 3).size() == 4);
  CHECK(lines(400, 0).size() == 1);
  CHECK(lines({}, 1000).size() == 12); // 0, 1, 2, 4 … 512 and the end
}

TEST_CASE("a plot in ascii") {
  PlotOptions options;
  options.terminal = terminal(false, false, 80);
  options.width = 24;
  options.height = 5;
  options.title = "loss";
  CHECK(plot_curves({{"a", {{0, 4}, {2, 0}}}}, options) == "   loss\n"
                                                           "4 +***\n"
                                                           "  |   *****\n"
                                                           "2 +        *****\n"
                                                           "  |             *****\n"
                                                           "0 +                  ***\n"
                                                           "  +---------------------\n"
                                                           "   0       step        2\n");
}

TEST_CASE("a plot is logarithmic when positive values span more than two decades") {
  PlotOptions options;
  options.terminal = terminal(false, true, 60);
  options.title = "loss";
  const Curve falling{"a", {{0, 1}, {1, 1e-2}, {2, 1e-4}}};
  CHECK_THAT(plot_curves({falling}, options), Contains("log scale") && Contains("0.0001 ┤"));
  options.log_y = false;
  CHECK_THAT(plot_curves({falling}, options), !Contains("log scale"));
  options.log_y.reset();
  CHECK_THAT(plot_curves({{"a", {{0, 1}, {1, 0.5}}}}, options), !Contains("log scale"));
  CHECK_THAT(plot_curves({{"a", {{0, 1000}, {1, 0}}}}, options), !Contains("log scale"));
}

TEST_CASE("a plot of several curves has a legend; colours only where they are to be had") {
  PlotOptions options;
  options.terminal = terminal(true, true, 70);
  const std::vector<Curve> curves = {{"first", {{0, 1}, {9, 2}}}, {"second", {{0, 2}, {9, 1}}}};
  const std::string plain = plot_curves(curves, options);
  CHECK_THAT(plain, Contains("** first   oo second") && !Contains("\x1b"));
  CHECK_THAT(plain, Contains("*") && Contains("┤"));
  options.terminal.color = true;
  CHECK_THAT(plot_curves(curves, options),
             Contains("\x1b[36m") && Contains("\x1b[33m") && Contains("━━"));
  options.terminal = terminal(false, false, 70);
  CHECK_THAT(plot_curves(curves, options), Contains("** first   oo second"));
  std::vector<Curve> many;
  for (int i = 0; i < 20; ++i)
    many.push_back({"curve_number_" + std::to_string(i), {{0, 1.0 * i}, {1, 2.0 * i}}});
  for (const std::string& line : lines_of(plot_curves(many, options)))
    CHECK(display_width(line) <= 70);
}

TEST_CASE("plots of odd data neither fail nor overflow") {
  PlotOptions options;
  options.terminal = terminal(false, true, 60);
  CHECK(plot_curves({}, options).empty());
  CHECK(plot_curves({{"a", {}}}, options).empty());
  CHECK(plot_curves({{"a", {{0, NAN}, {1, INFINITY}}}}, options).empty());
  const std::vector<std::vector<std::pair<double, double>>> cases = {{{0, 1}},
                                                                     {{0, 1}, {1, NAN}, {2, 3}},
                                                                     {{5, 5}, {5, 5}},
                                                                     {{0, 1.7e308}, {1, -1.7e308}},
                                                                     {{-1.7e308, 0}, {1.7e308, 1}},
                                                                     {{0, 5e-324}, {1, 1e308}},
                                                                     {{0, 1}, {1e9, 2}}};
  for (const auto& points : cases) {
    const std::string text = plot_curves({{"a", points}}, options);
    CHECK(lines_of(text).size() == 14);
    CHECK_THAT(text, !Contains("nan") && !Contains("inf"));
    for (const std::string& line : lines_of(text))
      CHECK(display_width(line) < 60);
  }
}
