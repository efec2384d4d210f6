#!/bin/sh
# Checks every #include under compiler/ and runtime/ against the layers: layers.sh SOURCE_ROOT
#   - a folder of compiler/ includes only itself and folders of a lower rank;
#   - runtime/ includes nothing of compiler/;
#   - LLVM headers stand only in codegen/, jit/ and aot/, ANTLR's and the generated parser's only in parse/.
# Prints each violation as file:line: and exits 1 if there is one.
set -eu
root=$1
cd "$root"

find compiler runtime -type f \( -name '*.h' -o -name '*.hpp' -o -name '*.c' -o -name '*.cpp' \
  -o -name '*.def' -o -name '*.inc' \) | LC_ALL=C sort | tr '\n' '\0' |
  xargs -0 awk '
BEGIN {
  # Equal ranks may not include each other. sema stands above parse because checking a file reads the
  # library files that it names. The passes stand in the order in which they are built.
  split("support 0 diag 1 ast 2 types 2 ir 3 convex 4 parse 4 sema 5 irgen 6 passes/simplify 7 passes/diff 8 " \
        "passes/fuse 9 passes/formula 9 codegen 10 jit 11 aot 11 driver 12", list, " ")
  for (i = 1; i in list; i += 2) rank[list[i]] = list[i + 1]
}
function folder(path,   part, n) {
  n = split(path, part, "/")
  if (n < 2) return ""
  return part[1] == "passes" && n > 2 ? part[1] "/" part[2] : part[1]
}
function report(text) {
  printf "%s:%d: %s\n", FILENAME, FNR, text
  bad = 1
}
FNR == 1 {
  in_runtime = FILENAME ~ /^runtime\//
  home = in_runtime ? "runtime" : folder(substr(FILENAME, length("compiler/") + 1))
  if (!in_runtime && !(home in rank)) report("the folder " home " has no place in the layers")
}
/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
  target = $0
  sub(/^[ \t]*#[ \t]*include[ \t]*[<"]/, "", target)
  sub(/[>"].*$/, "", target)
  if (target ~ /(^|\/)\.\.\//) report("include by a relative path: " target)
  if (target ~ /^(llvm|llvm-c)\// && home !~ /^(codegen|jit|aot)$/) report("LLVM header outside codegen, jit and aot: " target)
  if (target ~ /^antlr4/ || target ~ /(^|\/)Thalweg(Lexer|Parser)/)
    if (home != "parse") report("ANTLR header outside parse: " target)
  there = folder(target)
  if (!(there in rank)) next
  if (in_runtime) report("the runtime includes the compiler: " target)
  else if (there != home && rank[there] >= rank[home]) report(home " includes " there ", which is not below it: " target)
}
END { exit bad }
' || exit 1
