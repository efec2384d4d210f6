#!/usr/bin/env bash
# lint.sh BUILD JOBS FILE…: clang-tidy over the files whose text, headers or checks changed since they last passed.
set -euo pipefail
build=$1 jobs=$2
shift 2
stamps=$build/lint
mkdir -p "$stamps"
printf '%s\n' "$@" > "$stamps/files"

# One line for each object: its source and the headers of the project, as the compiler saw them.
ninja -C "$build" -t deps | awk '
  /: #deps/ { if (line) print line; line = ""; next }
  /^    \.\.\// { sub(/^    \.\.\//, ""); line = line " " $0 }
  END { if (line) print line }' > "$stamps/deps"

lint_one() {
  local line=($1) file=${line[0]} stamp
  stamp=$stamps/$(cat .clang-tidy "${line[@]}" | sha256sum | cut -c 1-40)
  [ ! -e "$stamp" ] || return 0
  echo "lint $file"
  # Of what clang-tidy says on standard error, only its count of hidden warnings is left out.
  clang-tidy-19 -quiet -p "$build" "$file" 2> >(grep -v 'warnings\? generated' >&2) && touch "$stamp"
}
export -f lint_one
export build stamps

# A source that is compiled into two programs is looked at once.
awk 'NR == FNR { wanted[$0]; next } ($1 in wanted) && !seen[$1]++' "$stamps/files" "$stamps/deps" |
  xargs -d '\n' -P "$jobs" -I {} bash -c 'lint_one "$1"' _ {} && echo "lint: clean"
