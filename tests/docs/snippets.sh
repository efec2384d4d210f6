#!/bin/sh
# Runs every snippet of Markdown pages: snippets.sh PROGRAM SOURCE_ROOT PAGE.md…
#
# A fence that begins with ```thalweg holds a whole file. The words after it say what is done with it:
#   (nothing)           `check` finds neither errors nor warnings
#   warning KIND…       `check` finds these warnings and no error
#   error KIND…         `check` finds errors of these kinds and of no other
#   run-error KIND…     the same of `run`
#   run|eval|diff|trace|plot|find-lr|build OPTION…    the command ends well
# If the next fence is ```output, it is what the command prints: standard output, or the messages of the
# first four. Lengths of times don't count, nor does the width of columns.
# Every snippet is model.tw in a folder of its own, with the example data in data/ and examples/data/.
# Exits 1 if a snippet does something else, 2 if a page has none.
set -euf
program=$1 root=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0 count=0

# Writes N.tw, N.mode (line:words) and N.out for each snippet of a page.
extract() {
  awk -v out="$2" '
    !inside && /^```/ {
      inside = 1
      if ($0 ~ /^```thalweg([ \t]|$)/) {
        mode = $0
        sub(/^```thalweg[ \t]*/, "", mode)
        file = out "/" ++n ".tw"
        print NR ":" mode > (out "/" n ".mode")
        printf "" > file
        last = n
      } else if ($0 == "```output" && last) {
        file = out "/" last ".out"
        printf "" > file
        last = 0
      } else {
        file = ""
        last = 0
      }
      next
    }
    inside && /^```/ { inside = 0; if (file != "") close(file); file = ""; next }
    inside && file != "" { print > file }
    END { if (inside) { print FILENAME ": a fence is not closed" > "/dev/stderr"; exit 1 } print n + 0 }
  ' "$1"
}

# What does not count in a comparison.
plain() { sed -E 's/[0-9.]+ (µs|ms|s|min)( |$)/TIME\2/g; s/──*/─/g; s/  */ /g; s/ *$//' "$1"; }

kinds() { sed -n "s/^$1\[\([a-z-]*\)\].*/\1/p" "$2" | LC_ALL=C sort -u | tr '\n' ' '; }
sorted() { printf '%s\n' "$@" | LC_ALL=C sort -u | tr '\n' ' '; }

fail() {
  echo "$page:$line: $1"
  sed 's/^/    /' "$here/stderr"
  failures=$((failures + 1))
}

# The kinds of errors (or warnings) found have to be exactly these.
expect_kinds() {
  severity=$1
  shift
  wanted=$(sorted "$@")
  found=$(kinds "$severity" "$here/stderr")
  [ "$wanted" = "$found" ] || fail "expected ${severity}s of kind $wanted, found ${found:-none}"
}

snippet() {
  command=${1:-check}
  [ $# -eq 0 ] || shift
  mkdir -p "$here/examples"
  cp -r "$root/examples/data" "$here/data"
  cp -r "$root/examples/data" "$here/examples/data"
  status=0 shown=stderr
  case $command in
  check | warning | error) (cd "$here" && "$program" check model.tw) ;;
  run-error) (cd "$here" && "$program" run --quiet model.tw) ;;
  run) (cd "$here" && "$program" run --quiet model.tw "$@") ;;
  eval | diff | trace | plot | find-lr | build) (cd "$here" && "$program" "$command" model.tw "$@") ;;
  *) false ;;
  esac >"$here/stdout" 2>"$here/stderr" || status=$?
  case $command in
  check)
    [ "$status" -eq 0 ] || fail "check fails, exit code $status"
    [ -z "$(kinds warning "$here/stderr")" ] || fail "check warns"
    ;;
  warning)
    [ "$status" -eq 0 ] || fail "check fails, exit code $status"
    expect_kinds warning "$@"
    ;;
  error | run-error)
    [ "$status" -eq 1 ] || fail "exit code $status instead of 1"
    expect_kinds error "$@"
    ;;
  run | eval | diff | trace | plot | find-lr | build)
    shown=stdout
    [ "$status" -eq 0 ] || fail "$command fails, exit code $status"
    ;;
  *) fail "a fence marked '$command'" ;;
  esac
  if [ -f "$here/expected" ]; then
    plain "$here/expected" >"$here/a"
    plain "$here/$shown" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$here/b" # blank lines at the end
    if ! diff "$here/a" "$here/b" >"$here/difference"; then
      cp "$here/difference" "$here/stderr"
      fail "the output is another (< the page, > the program)"
    fi
  fi
}

for page; do
  mkdir -p "$work/page"
  total=$(extract "$page" "$work/page")
  if [ "$total" -eq 0 ]; then
    echo "$page: no snippet"
    exit 2
  fi
  n=0
  while [ "$n" -lt "$total" ]; do
    n=$((n + 1)) count=$((count + 1))
    here=$work/snippet
    mkdir "$here"
    mv "$work/page/$n.tw" "$here/model.tw"
    [ ! -f "$work/page/$n.out" ] || mv "$work/page/$n.out" "$here/expected"
    mode=$(cat "$work/page/$n.mode")
    line=${mode%%:*}
    snippet ${mode#*:}
    rm -rf "$here"
  done
  rm -rf "$work/page"
done
if [ "$failures" -ne 0 ]; then
  echo "$failures failures in $count snippets"
  exit 1
fi
echo "$count snippets"
