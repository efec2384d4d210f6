// message_file: reading, rewriting and running of message tests.
#include "message_file.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace thalweg::testing {
namespace fs = std::filesystem;
namespace {

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("can't read " + path.string());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out) throw std::runtime_error("can't write " + path.string());
}

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

} // namespace

MessageFile MessageFile::read(const fs::path& path) {
  MessageFile file;
  file.path = path;
  std::string text = read_text(path);
  size_t at = 0;
  while (at < text.size() && !starts_with(text.substr(at, 2), "#!")) {
    size_t next = text.find('\n', at);
    at = next == std::string::npos ? text.size() : next + 1;
  }
  file.program = text.substr(0, at);
  std::istringstream lines(text.substr(at));
  for (std::string line; std::getline(lines, line);) {
    if (!starts_with(line, "#!")) throw std::runtime_error("text after '#!' in " + path.string());
    line = line.size() > 3 ? line.substr(3) : "";
    if (starts_with(line, "args: "))
      file.args = line.substr(6);
    else if (starts_with(line, "exit: "))
      file.exit_code = std::stoi(line.substr(6));
    else if (line == "expand")
      file.expand = true;
    else
      file.expected += line + "\n";
  }
  return file;
}

void MessageFile::write(const std::string& actual) const {
  std::string text = program;
  if (expand) text += "#! expand\n";
  if (!args.empty()) text += "#! args: " + args + "\n";
  if (exit_code) text += "#! exit: " + std::to_string(*exit_code) + "\n";
  std::istringstream lines(actual);
  for (std::string line; std::getline(lines, line);)
    text += line.empty() ? "#!\n" : "#! " + line + "\n";
  write_text(path, text);
}

std::string MessageFile::expanded() const {
  const std::string open = "«", times = "×", close = "»";
  std::string text = program;
  for (size_t at = 0; (at = text.find(open, at)) != std::string::npos;) {
    size_t sign = text.find(times, at);
    size_t end = text.find(close, at);
    if (sign == std::string::npos || end == std::string::npos || sign > end)
      throw std::runtime_error("malformed «N×text» in " + path.string());
    size_t count = std::stoul(text.substr(at + open.size(), sign));
    std::string piece = text.substr(sign + times.size(), end - sign - times.size());
    std::string all;
    all.reserve(piece.size() * count);
    for (size_t i = 0; i < count; ++i)
      all += piece;
    text.replace(at, end + close.size() - at, all);
    at += all.size();
  }
  return text;
}

Outcome run_message_file(const MessageFile& file, const std::string& command,
                         const std::string& default_args) {
  fs::path folder = fs::absolute(file.path).parent_path();
  fs::path scratch;
  if (file.expand) {
    scratch = fs::temp_directory_path() / ("thalweg_messages_" + std::to_string(::getpid()));
    fs::create_directories(scratch);
    write_text(scratch / file.path.filename(), file.expanded());
    folder = scratch;
  }
  std::string args = file.args.empty() ? default_args : file.args;
  replace_all(args, "{file}", file.path.filename().string());
  std::string line =
      "cd '" + folder.string() + "' && '" + command + "' " + args + " 2>&1 >/dev/null";
  FILE* pipe = ::popen(line.c_str(), "r");
  if (!pipe) throw std::runtime_error("can't run " + command);
  Outcome outcome;
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    outcome.errors.append(buffer, n);
  int status = ::pclose(pipe);
  // Messages name no folder of this machine: the file's own is ".", the library's "<library>".
  replace_all(outcome.errors, folder.lexically_normal().string() + "/", "./");
  if (const char* library = std::getenv("THALWEG_STDLIB"))
    replace_all(outcome.errors, std::string(library) + "/", "<library>/");
  // Nor its memory.
  static const std::regex memory("[0-9.]+ [KMGTP]iB can be had");
  outcome.errors = std::regex_replace(outcome.errors, memory, "<memory> can be had");
  // The address sanitizer notes that an allocation it was asked for is refused.
  static const std::regex refused("==\\d+==WARNING: AddressSanitizer failed to allocate[^\n]*\n");
  outcome.errors = std::regex_replace(outcome.errors, refused, "");
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  if (!scratch.empty()) fs::remove_all(scratch);
  return outcome;
}

std::vector<fs::path> message_files(const fs::path& folder) {
  std::vector<fs::path> list;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".tw") list.push_back(entry.path());
  std::sort(list.begin(), list.end());
  return list;
}

} // namespace thalweg::testing
