#!/bin/sh
# Checks the form of the C++ sources: house.sh SOURCE_ROOT
#   no file over 600 lines (over 400 is only told), a comment as first line, #pragma once in headers, no file named utils.
set -eu
root=$1
cd "$root"

find compiler runtime tests examples bench -type f \( -name '*.h' -o -name '*.hpp' -o -name '*.c' -o -name '*.cpp' \
  -o -name '*.def' \) | LC_ALL=C sort | tr '\n' '\0' | xargs -0 awk '
function finish() {
  if (name == "") return
  if (lines > 600) say(name ": " lines " lines, the limit is 600")
  else if (lines > 400) print name ": " lines " lines, more than 400 (a warning)"
  if (name ~ /\.(h|hpp)$/ && !once && !c_guard) say(name ": no #pragma once")
}
function say(text) { print text; bad = 1 }
FNR == 1 {
  finish()
  name = FILENAME
  once = c_guard = 0
  if ($0 !~ /^(\/\/|\/\*)/) say(name ":1: the first line is no comment that says what the file is")
  if (name ~ /(^|\/)utils?\./) say(name ": a name that says nothing")
}
/^#pragma once/ { once = 1 }
/^#ifndef THALWEG_.*_H/ { c_guard = 1 } # headers that C programs include may guard themselves
{ lines = FNR }
END { finish(); exit bad }
' || exit 1
