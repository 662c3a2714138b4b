#!/bin/sh
# Compiles driver.c, right or with one of its bugs:
#
#   tests/exploration/cases/build.sh DIRECTORY NAME...
#
# writes DIRECTORY/NAME.sys for each; `correct` is the one without a bug. The headers, import libraries and linker are those
# that csq.sys is built with (`cargo make` makes target/wdk).
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../../.." && pwd)
output=$1
shift
wdk=$root/target/wdk
include=$(echo "$wdk"/Include/*)
library=$(echo "$wdk"/Lib/*)/km/x64
linker=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
[ -x "$linker" ] || linker=lld-link-19
clang=$(command -v clang-19 || command -v clang)
flavor=
case $linker in *rust-lld) flavor='-flavor link' ;; esac

mkdir -p "$output"
for name; do
    "$clang" -target x86_64-pc-windows-msvc -std=c11 -O2 -g -gcodeview -c -o "$output/$name.obj" \
        -mno-red-zone -fno-stack-protector -fno-builtin-memset -Wall -Wextra -Werror -D_AMD64_ -D_WIN64 \
        "-D$(echo "$name" | tr '[:lower:]' '[:upper:]')" -I"$root/tests/bench/baseline" \
        -isystem "$include/km" -isystem "$include/km/crt" -isystem "$include/shared" "$here/driver.c"
    # shellcheck disable=SC2086 # two words or none
    "$linker" $flavor /nologo /driver /release /nodefaultlib /subsystem:native /entry:DriverEntry /opt:ref,icf \
        "/libpath:$library" ntoskrnl.lib "$output/$name.obj" "/out:$output/$name.sys" "/map:$output/$name.map" /debug "/pdb:$output/$name.pdb"
done
