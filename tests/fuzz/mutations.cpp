// mutations FIRST COUNT FOLDER…: programs of the folders, mutated by the seeds FIRST, FIRST + 1, …,
// checked and, if nothing is wrong with them, run for one step. What crashes, fails an internal
// check or takes more than its second names its seed and leaves the program in the file it names.
#include "mutate.h"

#include "driver/commands.h"
#include "driver/front.h"
#include "support/check.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

// Of the sanitizers, where there are any.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

namespace fs = std::filesystem;
using namespace thalweg;

// What the handlers say; a plain buffer, for they may not allocate.
std::array<char, 512> g_current{};
int g_report = 2;

void tell(const char* what) {
  (void)!::write(g_report, what, std::strlen(what));
  (void)!::write(g_report, g_current.data(), std::strlen(g_current.data()));
}
void on_death() { tell("\nFAILED: died in "); }
void on_signal(int number) {
  tell(number == SIGPROF ? "\nFAILED: over its time in " : "\nFAILED: a signal in ");
  ::_exit(1);
}

// Seconds of processor time, so that other work on the machine does not count.
void limit_time(long seconds) {
  const struct itimerval limit{{0, 0}, {seconds, 0}};
  ::setitimer(ITIMER_PROF, &limit, nullptr);
}

std::vector<fuzz::Sample> samples_of(int argc, char** argv) {
  std::vector<fs::path> files;
  for (int k = 3; k < argc; ++k)
    for (const auto& entry : fs::recursive_directory_iterator(argv[k]))
      if (entry.path().extension() == ".tw") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<fuzz::Sample> samples;
  for (const fs::path& path : files) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    // A step with the Hessian of a thousand parameters takes its second; of twenty it takes no
    // time.
    std::string program = text.str();
    for (size_t at = 0; (at = program.find("n = 1000)", at)) != program.npos;)
      program.replace(at, 9, "n = 20)");
    samples.push_back({path.filename().string(), std::move(program)});
  }
  return samples;
}

// The data of the examples, a few rows of each, so that a step takes no time.
void write_data(const fs::path& folder) {
  constexpr int kRows = 25;
  const fs::path from = fs::path(THALWEG_SOURCE_DIR) / "examples/data";
  fs::create_directories(folder / "data");
  for (const auto& entry : fs::directory_iterator(from)) {
    if (entry.path().extension() != ".csv") continue;
    std::ifstream in(entry.path());
    std::ofstream out(folder / "data" / entry.path().filename());
    std::string line;
    for (int k = 0; k < kRows && std::getline(in, line); ++k)
      out << line << '\n';
  }
}

// How far a mutant came.
enum class Reached { refused, checked, stepped };

Reached attempt(const std::string& file, bool compiled) {
  const std::string library = std::string(THALWEG_SOURCE_DIR) + "/stdlib";
  driver::CommonOptions common{file, library, {}, "", {}, false, false};
  if (driver::check_command({common}) != driver::kExitOk) return Reached::refused;
  int code = 0;
  if (compiled) {
    common.sets = {"steps=1"};
    code = driver::run_command({common, "", "", false, true, false});
  } else {
    code = driver::trace_command({common, "", "", 1});
  }
  TW_CHECK(code == driver::kExitOk || code == driver::kExitProgram, "exit code {}", code);
  return code == driver::kExitOk ? Reached::stepped : Reached::checked;
}

int run(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: mutations FIRST COUNT FOLDER…\n", stderr);
    return 2;
  }
  const uint64_t first = std::strtoull(argv[1], nullptr, 10);
  const uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const fuzz::Mutator mutator(samples_of(argc, argv));
  const fs::path folder =
      fs::temp_directory_path() / fmt::format("thalweg_mutations_{}_{}", first, ::getpid());
  write_data(folder);
  const std::string file = (folder / "mutant.tw").string();

  // What the commands print goes nowhere; what happened is told on the standard error that was.
  g_report = ::dup(2);
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, 1);
  ::dup2(nowhere, 2);
  for (const int number : {SIGPROF, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    if (number == SIGPROF || __sanitizer_set_death_callback == nullptr)
      std::signal(number, on_signal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(on_death);
  const struct rlimit memory{rlim_t{4} << 30, rlim_t{4} << 30};
  if (__sanitizer_set_death_callback == nullptr) ::setrlimit(RLIMIT_AS, &memory);
  const char* const seconds = std::getenv("THALWEG_MUTANT_SECONDS");
  // One second; under the sanitizers code generation, which does nothing but allocate, takes twice
  // as long, and the largest of the examples compiles nine functions.
  const bool sanitized = __sanitizer_set_death_callback != nullptr;
  const long limit = seconds != nullptr ? std::strtol(seconds, nullptr, 10) : sanitized ? 2 : 1;

  constexpr uint64_t kCompiledEvery = 8; // the others are stepped by the interpreter
  std::array<uint64_t, 3> reached{};
  int failed = 0;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    const fuzz::Mutator::Mutant mutant = mutator.make(seed);
    std::ofstream(file, std::ios::binary) << mutant.text;
    const std::string name =
        fmt::format("seed {} (of {}): {}\n", seed, mutant.origin, file).substr(0, 500);
    std::memcpy(g_current.data(), name.c_str(), name.size() + 1);
    limit_time(limit);
    // A mutant that asks for too much memory is refused like any other.
    try {
      ++reached[static_cast<size_t>(attempt(file, seed % kCompiledEvery == 0))];
    } catch (const std::bad_alloc&) {
      ++reached[static_cast<size_t>(Reached::refused)];
    } catch (const std::exception& error) {
      const std::string kept = (folder / fmt::format("seed_{}.tw", seed)).string();
      fs::copy_file(file, kept, fs::copy_options::overwrite_existing);
      const std::string text = fmt::format("FAILED: {}\n  in seed {} (of {}): {}\n", error.what(),
                                           seed, mutant.origin, kept);
      (void)!::write(g_report, text.data(), text.size());
      ++failed;
    }
    limit_time(0);
  }
  if (failed == 0) fs::remove_all(folder);
  const std::string text = fmt::format(
      "{} mutants from seed {}: {} refused, {} sound until they ran, {} ran; {} failed\n", count,
      first, reached[0], reached[1], reached[2], failed);
  (void)!::write(g_report, text.data(), text.size());
  return failed == 0 && reached[2] > 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mutations: %s\n", error.what());
    return 2;
  }
}
