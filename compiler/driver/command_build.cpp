// `thalweg build`: an optimizer as a static library with a C header.
#include "driver/commands.h"
#include "driver/rule_library.h"
#include "driver/settings.h"

#include "aot/aot.h"
#include "base/file.h"

#include <cstdio>
#include <filesystem>

namespace thalweg::driver {

namespace rt = thalweg::runtime;

namespace {

class BuildCommand {
public:
  BuildCommand(Front& front, const BuildOptions& options) : front_(front), options_(options) {}

  bool run() {
    const ast::Decl* decl = front_.pick<ast::OptimizerDecl>(options_.optimizer, "optimizer");
    std::optional<irgen::Chain> chain = decl ? rule(*decl) : std::nullopt;
    if (!chain) return false;
    const PipelineOptions& pipeline = options_.common.pipeline;
    std::string dumps;
    std::vector<PassTime> times;
    std::optional<aot::LibrarySpec> spec = library_spec(front_, *chain, pipeline, dumps, times);
    if (front_.diags.has_errors()) return false;
    if (!spec || !pipeline.stop_after.empty()) return print(dumps);
    std::optional<codegen::TargetSpec> target = codegen::TargetSpec::by_name(pipeline.target);
    codegen::CompileTimes compile;
    codegen::CompileDumps code = pipeline.code;
    aot::Library library =
        aot::build_library(*spec, target ? *target : aot::default_target(), &compile, &code);
    times.push_back({"emit", compile.emit});
    times.push_back({"optimize", compile.optimize});
    times.push_back({"codegen", compile.codegen});
    if (options_.common.time_passes) show(times);
    if (pipeline.any()) return print(dumps + code.llvm + code.assembly);
    return write(spec->prefix, library);
  }

private:
  // The optimizer with its defaults and what --set says.
  std::optional<irgen::Chain> rule(const ast::Decl& decl) {
    Graph graph;
    irgen::Unit unit = front_.unit(graph, DType::f64);
    for (const ast::Param& param : decl.as<ast::OptimizerDecl>()->params)
      if (!param.value) {
        front_.diags
            .report(
                DiagKind::missing_argument, param.span,
                fmt::format("'{}' has no default, which a library needs", param.name.name.view()))
            .help(fmt::format("write a default: {} = …", param.name.name.view()));
        return std::nullopt;
      }
    auto settings = read_settings(front_, unit, options_.common.sets);
    auto call = irgen::default_call(unit, decl);
    if (!settings || !call) return std::nullopt;
    irgen::ExperimentUnit holder; // settings find the rule by its name
    holder.racers.push_back({ast::name_of(decl).name.str(), {{}, std::move(*call)}, {}});
    if (!apply_settings(front_, *settings, holder)) return std::nullopt;
    return std::move(holder.racers[0].chain);
  }

  bool write(const std::string& prefix, const aot::Library& library) {
    std::error_code error;
    std::filesystem::path folder = options_.out.empty() ? "." : options_.out;
    std::filesystem::create_directories(folder, error);
    if (error) {
      front_.diags.report(DiagKind::bad_output, {},
                          fmt::format("the folder '{}' can't be made: {}",
                                      escape_for_display(folder.string()),
                                      rt::system_error_text(error.value())));
      return false;
    }
    std::vector<aot::Member> members{{prefix + ".o", library.object}};
    if (library.linear) members.push_back(aot::linear_member());
    std::string archive = (folder / fmt::format("lib{}.a", prefix)).string();
    std::string header = (folder / (prefix + ".h")).string();
    for (const auto& [path, bytes] :
         {std::pair{archive, aot::archive(members)}, std::pair{header, library.header}})
      if (rt::Outcome written = rt::write_file_atomically(path, bytes); !written) {
        Diagnostic& d = front_.diags.report(DiagKind::bad_output, {}, written.error().message());
        if (!written.error().help.empty()) d.help(written.error().help);
        return false;
      }
    return print(fmt::format("{}\n{}\n", archive, header));
  }

  static bool print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return true;
  }
  static void show(const std::vector<PassTime>& times) {
    double total = 0;
    for (const PassTime& time : times) {
      total += time.seconds;
      fmt::print(stderr, "{:<16} {:>9.3f} ms\n", time.name, time.seconds * 1e3);
    }
    fmt::print(stderr, "{:<16} {:>9.3f} ms\n", "all", total * 1e3);
  }

  Front& front_;
  const BuildOptions& options_;
};

} // namespace

int build_command(const BuildOptions& options) {
  Front front(options.common.library);
  if (front.load(options.common.file) && !front.diags.has_errors())
    BuildCommand(front, options).run();
  return front.report();
}

} // namespace thalweg::driver
