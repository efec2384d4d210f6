#!/bin/sh
# Checks that no source of compiler/ or runtime/ names a method of the library: names.sh SOURCE_ROOT
# The names are those of the files of stdlib/'s method folders, matched without case as whole words of
# an identifier, in code, strings and comments alike. Exits 1 if one is found, 2 if there is none to look for.
set -eu
root=$1
cd "$root"

# Item names that are also ordinary words of a compiler or a runtime.
ordinary='constant accumulate gaussian box'

names=$(for folder in optimizers transforms schedules losses methods problems line_searches prox sets flows; do
  for file in stdlib/$folder/*.tw; do
    if [ -e "$file" ]; then basename "$file" .tw; fi
  done
done | LC_ALL=C sort -u)

pattern=
for name in $names; do
  case " $ordinary " in *" $(echo "$name" | tr '[:upper:]' '[:lower:]') "*) continue ;; esac
  pattern="$pattern${pattern:+|}$name"
done
if [ -z "$pattern" ]; then
  echo "no item found under $root/stdlib"
  exit 2
fi

if grep -rniE "(^|[^A-Za-z])($pattern)([^A-Za-z]|\$)" compiler runtime \
  --include='*.h' --include='*.hpp' --include='*.c' --include='*.cpp' --include='*.def' --include='*.inc'; then
  echo "a C++ source names an item of the standard library"
  exit 1
fi
