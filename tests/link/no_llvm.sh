#!/bin/sh
# Checks that a program neither contains nor needs LLVM: no_llvm.sh PROGRAM
set -eu
if ldd "$1" | grep -i 'libLLVM'; then
  echo "$1 needs LLVM's shared library"
  exit 1
fi
found=$(nm "$1" | grep -cE '_ZN[A-Z]*4llvm|LLVM[A-Z][a-z]+[A-Z]' || true)
if [ "$found" -ne 0 ]; then
  echo "$1 has $found symbols of LLVM"
  exit 1
fi
