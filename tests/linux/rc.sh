#!/bin/sh
# Compiles resources with mingw-w64's windres, for build scripts that call Microsoft's rc.exe or LLVM's
# llvm-rc: RC_PATH in cargo.toml names it. The output is the same for every architecture.
#
#   tests/linux/rc.sh [/I...] /foOUTPUT.res [/C 65001] [--] INPUT.rc
#
# The output may also be an argument of its own, after /fo.
set -eu

input=
output=
previous=
for argument; do
    case $argument in
    /fo* | -fo*) output=${argument#?fo} ;;
    esac
    case $previous in
    /fo | -fo) output=$argument ;;
    esac
    previous=$argument
    # The last one.
    input=$argument
done
if [ -z "$input" ] || [ -z "$output" ]; then
    echo "rc.sh: name the output by /fo, and the input last" >&2
    exit 2
fi
exec x86_64-w64-mingw32-windres --input-format=rc --output-format=res --codepage=65001 "$input" "$output"
