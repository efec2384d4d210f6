// The command line: options to commands, help with examples, exit codes.
#include "driver/commands.h"

#include "support/check.h"

#include <CLI/CLI.hpp>
#include <cstdio>

using namespace thalweg;
using namespace thalweg::driver;

namespace {

void common(CLI::App* app, CommonOptions& options, bool runs) {
  app->add_option("file", options.file, "program to read (.tw)")->required();
  app->add_option("--set", options.sets,
                  "NAME=VALUE: a number of the program (steps, lambda, RULE.lr)")
      ->take_all()
      ->allow_extra_args(false);
  app->add_option("--precision", options.precision, "f32 or f64 instead of the program's");
  app->add_option("--stdlib", options.library, "folder of the standard library");
  if (!runs) return;
  app->add_flag("--time-passes", options.time_passes, "print how long each phase took");
  app->add_option("--threads", options.pipeline.threads,
                  "threads of compiled code; 0: all of this process")
      ->check(CLI::Range(0, 1024));
  app->add_option("--target", options.pipeline.target, "processor: host, baseline, avx2, avx512")
      ->check(CLI::IsMember({"host", "baseline", "avx2", "avx512"}));
}

int guarded(const std::function<int()>& command) {
  try {
    return command();
  } catch (const InternalError& error) {
    fmt::print(stderr,
               "thalweg: internal error: {}\nThis is a bug of Thalweg, not of your program; please "
               "report it with the file at hand.\n",
               error.what());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "error: out of memory\n");
    return kExitProgram;
  } catch (const std::exception& error) {
    fmt::print(stderr, "thalweg: internal error: {}\n", error.what());
  }
  return kExitInternal;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Thalweg: optimization problems and optimizers from formulas, compiled."};
  app.name("thalweg");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("thalweg ") + THALWEG_VERSION);
  app.footer(
      "Exit codes: 0 done; 1 the program, its data or the run is at fault; 2 the command line is;\n"
      "70 a bug of Thalweg; 130 interrupted.\n"
      "'thalweg COMMAND --help' shows the options and examples of a command.");
  std::string library = library_root(argv[0]);

  RunOptions run{{"", library, {}, "", {}, false, false}, "", "", false, false, false};
  CLI::App* run_app = app.add_subcommand("run", "run the experiments of a program");
  common(run_app, run.common, true);
  std::vector<std::string> dumps;
  run_app->add_option("--experiment", run.experiment, "this experiment alone");
  run_app->add_option("--out", run.out,
                      "folder for log.jsonl, summary.json and the final parameters");
  run_app->add_flag("--force", run.force, "write into a folder that already holds results");
  run_app->add_flag("--json", run.common.json, "print the summary as JSON on standard output");
  run_app->add_flag("--quiet", run.quiet, "no progress");
  run_app->add_flag("--ascii", run.ascii, "no Unicode in tables and curves");
  run_app->footer("Examples:\n"
                  "  thalweg run model.tw\n"
                  "  thalweg run model.tw --set steps=1000 --set lambda=0.01 --out results\n"
                  "  thalweg run model.tw --precision f32 --json");

  CheckOptions check{{"", library, {}, "", {}, false, false}, false, false, false};
  CLI::App* check_app = app.add_subcommand("check", "check a program without running it");
  common(check_app, check.common, false);
  check_app->add_flag("--cost", check.cost,
                      "passes over memory, bytes, operations and states of its optimizers");
  check_app->add_flag("--prox", check.prox,
                      "proximal operators and projections against their laws");
  check_app->add_flag("--explain", check.explain,
                      "the terms of its objectives: curvature, smoothness, prox, and why");
  check_app->add_flag("--json", check.common.json,
                      "with --cost or --explain: print JSON; costs measure nothing");
  check_app->footer("Examples:\n  thalweg check model.tw\n  thalweg check --cost model.tw\n"
                    "  thalweg check --explain model.tw");

  DocOptions doc{library, {}, false};
  CLI::App* doc_app = app.add_subcommand("doc", "what the library says of its items");
  doc_app->add_option("names", doc.names, "items; without one, all are listed");
  doc_app->add_option("--stdlib", doc.library, "folder of the standard library");
  doc_app->add_flag("--markdown", doc.markdown, "the page of all items");
  doc_app->footer("Examples:\n  thalweg doc\n  thalweg doc NAME");

  FmtOptions fmt_options;
  CLI::App* fmt_app = app.add_subcommand("fmt", "print programs in their canonical layout");
  fmt_app->add_option("files", fmt_options.files, "programs (.tw)")->required();
  fmt_app->add_flag("--in-place", fmt_options.in_place, "write the files instead of printing them");
  fmt_app->add_flag("--check", fmt_options.check,
                    "say which files would change; exit code 1 if any");
  fmt_app->footer("Examples:\n  thalweg fmt model.tw\n  thalweg fmt --in-place *.tw");

  DiffOptions diff{{"", library, {}, "", {}, false, false}, "", false, false};
  CLI::App* diff_app =
      app.add_subcommand("diff", "print gradient and Hessian of a problem as formulas");
  common(diff_app, diff.common, false);
  diff_app->add_option("--problem", diff.problem, "this problem");
  diff_app->add_flag("--latex", diff.latex, "LaTeX alone");
  diff_app->add_flag("--ascii", diff.ascii, "no Unicode");
  diff_app->footer(
      "Examples:\n  thalweg diff model.tw\n  thalweg diff model.tw --problem Ridge --latex");

  EvalOptions eval{{"", library, {}, "", {}, false, false}, "", {}, "value"};
  CLI::App* eval_app = app.add_subcommand("eval", "evaluate a problem at a point");
  common(eval_app, eval.common, true);
  eval_app->add_option("--problem", eval.problem, "this problem");
  eval_app->add_option("--at", eval.at, "NAME=VALUE for params and data, e.g. x=[1, 2]")
      ->take_all()
      ->allow_extra_args(false);
  eval_app->add_option("--what", eval.what, "value, gradient, hessian; several with commas");
  eval_app->add_flag("--json", eval.common.json, "print JSON");
  eval_app->footer("Examples:\n  thalweg eval model.tw --problem Valley --at \"x=[-1.2, 1]\" "
                   "--what value,gradient,hessian --json");

  TraceOptions trace{{"", library, {}, "", {}, false, false}, "", "", 3};
  CLI::App* trace_app = app.add_subcommand("trace", "show every value of a rule, step by step");
  common(trace_app, trace.common, false);
  trace_app->add_option("--experiment", trace.experiment, "this experiment");
  trace_app->add_option("--racer", trace.racer, "this optimizer of the experiment alone");
  trace_app->add_option("--steps", trace.steps, "how many steps")
      ->check(CLI::Range(int64_t{0}, int64_t{1000000}));
  trace_app->footer("Examples:\n  thalweg trace model.tw --steps 3");

  PlotOptions plot{{"", library, {}, "", {}, false, false}, "", "", 0, 1, false, std::nullopt};
  CLI::App* plot_app = app.add_subcommand("plot", "draw schedules in the terminal");
  common(plot_app, plot.common, false);
  plot_app->add_option("--schedule", plot.schedule,
                       "this one, e.g. \"my_decay(0.1)\"; otherwise those of the "
                       "experiments");
  plot_app->add_option("--experiment", plot.experiment, "this experiment alone");
  plot_app->add_option("--steps", plot.steps, "how many steps")
      ->check(CLI::Range(int64_t{1}, int64_t{1000000}));
  plot_app
      ->add_option("--steps-per-epoch", plot.steps_per_epoch,
                   "for schedules that look at the epoch (1)")
      ->check(CLI::Range(1e-6, 1e9));
  plot_app->add_flag("--log,!--linear", plot.log, "a logarithmic axis, or none");
  plot_app->add_flag("--json", plot.common.json, "print the values as JSON");
  plot_app->add_flag("--ascii", plot.ascii, "no Unicode");
  plot_app->footer("Examples:\n  thalweg plot model.tw\n  thalweg plot model.tw --steps 200 "
                   "--schedule \"my_decay(0.1)\"");

  FindLrOptions find;
  find.common = {"", library, {}, "", {}, false, false};
  CLI::App* find_app =
      app.add_subcommand("find-lr", "try growing rates in a short run and draw the loss");
  common(find_app, find.common, true);
  find_app->add_option("--experiment", find.experiment, "this experiment");
  find_app->add_option("--racer", find.racer, "this optimizer of the experiment");
  find_app->add_option("--hyper", find.hyper, "the hyperparameter that grows (lr)");
  find_app->add_option("--low", find.low, "the first rate (1e-7)");
  find_app->add_option("--high", find.high, "the last rate (10)");
  find_app->add_option("--steps", find.steps, "how many steps (100)")
      ->check(CLI::Range(int64_t{3}, int64_t{1000000}));
  find_app->add_option("--smooth", find.smooth, "part kept of the mean of the loss (0.9)")
      ->check(CLI::Range(0.0, 0.999));
  find_app->add_flag("--json", find.common.json, "print the values as JSON");
  find_app->add_flag("--ascii", find.ascii, "no Unicode");
  find_app->footer("Examples:\n  thalweg find-lr model.tw\n  thalweg find-lr model.tw --racer fast "
                   "--low 1e-5 --high 1");

  SolveOptions solve;
  solve.common = {"", library, {}, "", {}, false, false};
  CLI::App* solve_app =
      app.add_subcommand("solve", "find a minimum of a problem by a method that fits it");
  common(solve_app, solve.common, true);
  solve_app->add_option("--problem", solve.problem, "this problem");
  solve_app->add_option("--method", solve.method, "this one, e.g. \"my_method(history = 5)\"");
  solve_app
      ->add_option("--tolerance", solve.tolerance, "of the largest element of the gradient (1e-6)")
      ->check(CLI::Range(0.0, 1e300));
  solve_app->add_option("--steps", solve.steps, "at most so many (10000)")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}));
  solve_app->add_flag("--json", solve.common.json, "print the solution as JSON");
  solve_app->add_flag("--quiet", solve.quiet, "no progress");
  solve_app->add_flag("--ascii", solve.ascii, "no Unicode");
  solve_app->footer(
      "Examples:\n  thalweg solve model.tw\n  thalweg solve model.tw --problem Valley "
      "--set n=1000 --json");

  GradCheckOptions gradcheck;
  gradcheck.common = {"", library, {}, "", {}, false, false};
  CLI::App* gradcheck_app = app.add_subcommand(
      "gradcheck", "compare derivatives of a problem with finite differences, term by term");
  common(gradcheck_app, gradcheck.common, false);
  gradcheck_app->add_option("--problem", gradcheck.problem, "this problem");
  gradcheck_app->add_option("--at", gradcheck.at, "NAME=VALUE for params and data: the start")
      ->take_all()
      ->allow_extra_args(false);
  gradcheck_app->add_option("--points", gradcheck.points, "random points around the start (5)")
      ->check(CLI::Range(int64_t{1}, int64_t{10000}));
  gradcheck_app->add_option("--seed", gradcheck.seed, "of the points (0)");
  gradcheck_app->add_flag("--json", gradcheck.common.json, "print JSON");
  gradcheck_app->add_flag("--ascii", gradcheck.ascii, "no Unicode");
  gradcheck_app->footer("Examples:\n  thalweg gradcheck model.tw\n  thalweg gradcheck model.tw "
                        "--problem Ridge --points 20");

  BuildOptions build{{"", library, {}, "", {}, false, false}, "", "."};
  build.common.pipeline.target.clear(); // what a library is made for if nobody says: aot decides
  CLI::App* build_app =
      app.add_subcommand("build", "compile an optimizer to a static library with a C header");
  common(build_app, build.common, true);
  build_app->add_option("--optimizer", build.optimizer, "this optimizer of the file");
  build_app->add_option("--out", build.out, "folder for the library and the header");
  build_app->footer("Examples:\n  thalweg build my_rule.tw --out build/lib\n  cc main.c "
                    "build/lib/libmy_rule.a -lm");

  for (auto [sub, options] : {std::pair{run_app, &run.common}, {eval_app, &eval.common}})
    sub->add_flag("--profile", options->pipeline.profile,
                  "print time, bytes and GB/s of each compiled kernel");
  for (auto [sub, options] :
       {std::pair{run_app, &run.common}, {eval_app, &eval.common}, {build_app, &build.common}}) {
    sub->add_option(
           "--dump", dumps,
           "print instead of running: ast, types, ir, loops, llvm, asm; several with commas")
        ->delimiter(',')
        ->check(CLI::IsMember({"ast", "types", "ir", "loops", "llvm", "asm"}));
    sub->add_option("--stop-after", options->pipeline.stop_after,
                    "end after a phase: ast, types, ir, loops")
        ->check(CLI::IsMember({"ast", "types", "ir", "loops"}));
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? kExitOk : kExitUsage;
  }
  for (CommonOptions* options : {&run.common, &eval.common, &build.common})
    for (const std::string& what : dumps) {
      options->pipeline.dump_ast = options->pipeline.dump_ast || what == "ast";
      options->pipeline.dump_types = options->pipeline.dump_types || what == "types";
      options->pipeline.dump_ir = options->pipeline.dump_ir || what == "ir";
      options->pipeline.dump_loops = options->pipeline.dump_loops || what == "loops";
      options->pipeline.code.want_llvm = options->pipeline.code.want_llvm || what == "llvm";
      options->pipeline.code.want_asm = options->pipeline.code.want_asm || what == "asm";
    }
  return guarded([&] {
    if (run_app->parsed()) return run_command(run);
    if (check_app->parsed()) return check_command(check);
    if (doc_app->parsed()) return doc_command(doc);
    if (fmt_app->parsed()) return fmt_command(fmt_options);
    if (diff_app->parsed()) return diff_command(diff);
    if (eval_app->parsed()) return eval_command(eval);
    if (trace_app->parsed()) return trace_command(trace);
    if (plot_app->parsed()) return plot_command(plot);
    if (find_app->parsed()) return find_lr_command(find);
    if (solve_app->parsed()) return solve_command(solve);
    if (gradcheck_app->parsed()) return gradcheck_command(gradcheck);
    return build_command(build);
  });
}
