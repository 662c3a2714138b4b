#!/bin/sh
# Links a program for Windows with mingw-w64. Its linker sorts the import tables by the paths of the files that they come
# from, so files of this checkout are named from its root: the same objects give the same program in every directory.
set -eu

root=$(CDPATH='' cd -- "$LINUX_WDK_DRIVER" && pwd)
cd "$root"
for argument; do
    shift
    set -- "$@" "${argument#"$root"/}"
done
exec x86_64-w64-mingw32-gcc "$@"
