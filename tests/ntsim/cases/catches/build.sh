#!/bin/sh
# Compiles driver.c of this folder, with its options:
#
#   tests/ntsim/cases/catches/build.sh DIRECTORY NAME...
#
# writes DIRECTORY/NAME.sys for each: `caught`, `filtered`, `uncaught`. With the headers and linker of ../build.sh.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../../../.." && pwd)
output=$1
shift
wdk=$root/target/wdk
include=$(echo "$wdk"/Include/*)
linker=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
[ -x "$linker" ] || linker=lld-link-19
clang=$(command -v clang-19 || command -v clang)
flavor=
case $linker in *rust-lld) flavor='-flavor link' ;; esac

mkdir -p "$output"
# The import library of csq.sys has only what that calls.
cat >"$output/kernel.def" <<END
LIBRARY ntoskrnl.exe
EXPORTS
IoCreateDevice
IoDeleteDevice
IofCompleteRequest
ProbeForRead
ProbeForWrite
__C_specific_handler
END
# shellcheck disable=SC2086 # two words or none
"$linker" $flavor /lib "/def:$output/kernel.def" /machine:x64 "/out:$output/kernel.lib"
for name; do
    "$clang" -target x86_64-pc-windows-msvc -std=c11 -O2 -fms-extensions -c -o "$output/$name.obj" \
        -mno-red-zone -fno-stack-protector -Wall -Wextra -Werror -D_AMD64_ -D_WIN64 \
        "-D$(echo "$name" | tr '[:lower:]' '[:upper:]')" \
        -isystem "$include/km" -isystem "$include/km/crt" -isystem "$include/shared" "$here/driver.c"
    # shellcheck disable=SC2086 # two words or none
    "$linker" $flavor /nologo /driver /release /nodefaultlib /subsystem:native /entry:DriverEntry \
        "$output/kernel.lib" "$output/$name.obj" "/out:$output/$name.sys"
done
