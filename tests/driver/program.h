// Runs the built program on files of a folder that goes away with the test.
#pragma once

#include <catch2/catch.hpp>

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace thalweg::test {

struct Ran {
  int code;
  std::string out, err;
  bool says(const std::string& text) const { return err.find(text) != std::string::npos; }
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

class Folder {
public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("thalweg_driver_{}_{}", getpid(), count_++)) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  // Writes a file and gives its path.
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // A shell command in this folder; standard input is empty.
  Ran shell(const std::string& command) const {
    std::string line =
        fmt::format("cd '{}' && {{ {}; }} > .out 2> .err < /dev/null", path_.string(), command);
    int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(".out"), read(".err")};
  }
  // `arguments` as in a shell.
  Ran thalweg(const std::string& arguments) const {
    return shell(fmt::format("'{}' {}", THALWEG_PROGRAM, arguments));
  }

private:
  std::filesystem::path path_;
  static inline int count_ = 0;
};

inline const std::string kLibrary = std::string(THALWEG_SOURCE_DIR) + "/stdlib/";

} // namespace thalweg::test
