#!/bin/sh
# Shows that layers.sh, names.sh and house.sh fail on what they are there to find: selftest.sh SOURCE_ROOT
# Each case is a small tree with one planted violation; the same tree without it has to pass.
set -eu
here=$1/tests/link
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

fresh() {
  rm -rf "${tree:?}"/*
  for folder in support diag ast types ir parse sema irgen passes/simplify passes/diff codegen jit aot driver; do
    mkdir -p "$tree/compiler/$folder"
  done
  mkdir -p "$tree/runtime/src" "$tree/tests" "$tree/examples" "$tree/bench" "$tree/stdlib/optimizers" "$tree/stdlib/schedules"
  touch "$tree/stdlib/optimizers/Widget.tw" "$tree/stdlib/schedules/constant.tw"
  printf '// A header.\n#pragma once\n' >"$tree/compiler/ir/graph.h"
  printf '// A file.\n#include "ir/graph.h"\n#include <llvm/IR/Module.h>\nint constant;\n' >"$tree/compiler/codegen/emit.cpp"
  printf '// A file.\n#include <antlr4-runtime.h>\n#include "parse/x.h"\nint widgets;\n' >"$tree/compiler/parse/parse.cpp"
}

# expect SCRIPT STATUS WHAT: the script's verdict on the tree.
expect() {
  status=0
  output=$(sh "$here/$1" "$tree" 2>&1) || status=$?
  if [ "$status" -ne "$2" ]; then
    echo "$1: exit status $status instead of $2 for: $3"
    echo "$output" | sed 's/^/    /'
    failures=$((failures + 1))
  fi
}

# plant FILE TEXT SCRIPT WHAT: a file with this text makes the script fail.
plant() {
  fresh
  mkdir -p "$(dirname "$tree/$1")"
  printf '%b' "$2" >"$tree/$1"
  expect "$3" "${5:-1}" "$4"
}

fresh
for script in layers.sh names.sh house.sh; do expect "$script" 0 "a tree without a violation"; done

plant compiler/ir/a.cpp '#include "irgen/lower.h"\n' layers.sh "an include of a higher layer"
plant compiler/parse/a.h '# include <sema/program.h>\n' layers.sh "an include of the next phase"
plant compiler/aot/a.h '#include "jit/jit.h"\n' layers.sh "an include of the same rank"
plant compiler/passes/simplify/a.h '#include "passes/diff/diff.h"\n' layers.sh "a pass that includes a later one"
plant compiler/ir/a.h '#include "../support/span.h"\n' layers.sh "an include by a relative path"
plant compiler/irgen/a.cpp '#include <llvm/IR/Module.h>\n' layers.sh "LLVM outside its folders"
plant compiler/driver/a.cpp '#include "llvm-c/Core.h"\n' layers.sh "LLVM's C interface in the driver"
plant compiler/sema/a.cpp '#include "ThalwegParser.h"\n' layers.sh "the generated parser outside parse"
plant compiler/extra/a.cpp 'int x;\n' layers.sh "a folder without a place"
plant runtime/src/a.cpp '#include "support/check.h"\n' layers.sh "a runtime that includes the compiler"

plant compiler/codegen/a.cpp '// as Widget does it\n' names.sh "a method named in a comment"
plant compiler/irgen/a.cpp 'void lower_widget_step();\n' names.sh "a method in an identifier"
plant runtime/src/a.cpp 'auto s = "widget";\n' names.sh "a method in a string"
fresh
rm "$tree"/stdlib/optimizers/*
expect names.sh 2 "a library without methods"

plant compiler/ir/a.cpp 'int x;\n' house.sh "a first line without a comment"
plant compiler/ir/a.h '// A header.\n' house.sh "a header without #pragma once"
plant compiler/ir/utils.h '// A header.\n#pragma once\n' house.sh "a file named utils"
fresh
awk 'BEGIN { print "// A file."; for (i = 0; i < 600; i++) print "int a" i ";" }' >"$tree/compiler/ir/long.cpp"
expect house.sh 1 "a file of 601 lines"

if [ "$failures" -ne 0 ]; then exit 1; fi
echo "every planted violation was found"
