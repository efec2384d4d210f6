#!/bin/sh
# Shows that snippets.sh fails on snippets that do not do what their fence says: selftest.sh PROGRAM SOURCE_ROOT
set -eu
program=$1 root=$2
page=$(mktemp)
misses=$(mktemp) # a file, since the checks run at the end of pipes
trap 'rm -f "$page" "$misses"' EXIT

value='P at
  x = 1
value
  f = 1'
good='problem P { param x = 1; minimize x^2 }'
wrong='problem P { param x = 1; minimize y^2 }'

# expect STATUS WHAT: the verdict on the page read from standard input.
expect() {
  cat >"$page"
  status=0
  output=$(sh "$root/tests/docs/snippets.sh" "$program" "$root" "$page" 2>&1) || status=$?
  if [ "$status" -ne "$1" ]; then
    echo "exit status $status instead of $1 for: $2"
    echo "$output" | sed 's/^/    /'
    echo "$2" >>"$misses"
  fi
}
fence() { printf '```thalweg%s\n%s\n```\n' "$1" "$2"; }
output() { printf 'as it prints:\n```output\n%s\n```\n' "$1"; }

fence '' "$good" | expect 0 "a good snippet"
fence ' error unknown-name' "$wrong" | expect 0 "the error that is announced"
{ fence ' eval' "$good"; output "$value"; } | expect 0 "the output that is announced"

fence '' "$wrong" | expect 1 "an error in a good snippet"
fence '' 'problem P { param x = 1; param z = 2; minimize x^2 }' | expect 1 "a warning in a good snippet"
fence ' error unknown-name' "$good" | expect 1 "a good snippet marked as wrong"
fence ' error shape-mismatch' "$wrong" | expect 1 "another kind of error"
fence ' error unknown-name shape-mismatch' "$wrong" | expect 1 "one error of two"
fence ' warning unused-name' "$good" | expect 1 "a warning that does not come"
{ fence ' eval' "$good"; output 'P at'; } | expect 1 "another output"
fence ' eval --problem Q' "$good" | expect 1 "a command that fails"
fence ' run' "$good" | expect 1 "a run of nothing"
fence ' chek' "$good" | expect 1 "an unknown word on the fence"
printf '```thalweg\n%s\n' "$good" | expect 1 "a fence that is not closed"
printf 'text\n```\nmake\n```\n' | expect 2 "a page without snippets"
{ fence '' "$good"; fence '' "$wrong"; fence '' "$good"; } | expect 1 "one wrong snippet among good ones"

if [ -s "$misses" ]; then exit 1; fi
echo "every planted mistake was found"
