#!/bin/sh
# Stands between rustc and dlltool, which makes an import library of what a crate imports by raw-dylib.
#
# rustc has it name the members of the library after a directory that has a random name, and the linker sorts the
# import tables by these names: no two builds would be the same. Here they are named after the DLL.
set -eu

dll=
previous=
for argument; do
    [ "$previous" = -D ] && dll=${argument##*/}
    previous=$argument
done
previous=
for argument; do
    shift
    [ "$previous" = --temp-prefix ] && set -- "$@" "$dll" || set -- "$@" "$argument"
    previous=$argument
done

# The members are written to the current directory first, under these names.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
x86_64-w64-mingw32-dlltool "$@"
