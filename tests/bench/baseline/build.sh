#!/bin/sh
# Compiles the C drivers that csq.sys is compared with:
#
#   tests/bench/baseline/build.sh DIRECTORY
#
# writes DIRECTORY/plain.sys and DIRECTORY/tuned.sys. The headers and import libraries are those that
# csq.sys is built with (target/wdk), the linker is the same, and so is the level of optimization.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../../.." && pwd)
output=$1
wdk=$root/target/wdk
include=$(echo "$wdk"/Include/*)
library=$(echo "$wdk"/Lib/*)/km/x64
linker=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
[ -x "$linker" ] || linker=lld-link-19
clang=$(command -v clang-19 || command -v clang)

mkdir -p "$output"
for name in plain tuned; do
    "$clang" -target x86_64-pc-windows-msvc -std=c11 -O2 -c -o "$output/$name.obj" \
        -mno-red-zone -fno-stack-protector -fno-builtin-memset -Wall -Wextra -Werror -D_AMD64_ -D_WIN64 \
        -isystem "$include/km" -isystem "$include/km/crt" -isystem "$include/shared" "$here/$name.c"
    flavor=
    case $linker in *rust-lld) flavor='-flavor link' ;; esac
    # shellcheck disable=SC2086 # two words or none
    "$linker" $flavor /nologo /driver /release /nodefaultlib /subsystem:native /entry:DriverEntry /opt:ref,icf \
        "/libpath:$library" ntoskrnl.lib "$output/$name.obj" "/out:$output/$name.sys" "/map:$output/$name.map"
done
