#!/bin/sh
# Builds a driver that is not this project's on Linux, as somebody else would, and runs what comes out in
# the simulated kernel.
#
#   tests/linux/foreign.sh
#
# The driver is copied out of the repository first, so that nothing of it is found by accident. Where it
# is kept for the next time: CSQ_FOREIGN_DIR.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
directory=${CSQ_FOREIGN_DIR:-${TMPDIR:-/tmp}/csq-foreign-$(id -u)}
mkdir -p "$directory"
directory=$(CDPATH='' cd -- "$directory" && pwd)
case $directory/ in
"$root"/*)
    echo "foreign.sh: $directory is in this repository; CSQ_FOREIGN_DIR names one that is not" >&2
    exit 2
    ;;
esac
cp -R --update tests/linux/foreign/. "$directory"

# What the README says.
cargo run --quiet --profile host --package sysroot -- foreign --driver "$directory"

# Of another model, it is refused before anything is built.
kmdf=$directory/kmdf
mkdir -p "$kmdf"
cp -R --update "$directory"/src "$directory"/build.rs "$directory"/Cargo.lock "$kmdf"
sed 's/driver-type = "WDM"/driver-type = "KMDF"/' "$directory/Cargo.toml" >"$kmdf/Cargo.toml"
if said=$(cargo run --quiet --profile host --package sysroot -- foreign --driver "$kmdf" 2>&1); then
    echo "foreign.sh: a KMDF driver is not refused" >&2
    exit 1
fi
case $said in
"sysroot: foreign is a KMDF driver, "*) ;;
*)
    echo "foreign.sh: a KMDF driver is refused with other words: $said" >&2
    exit 1
    ;;
esac
[ ! -e "$kmdf/linux-wdk" ]

# Build scripts find a resource compiler, which takes its output's name in both ways.
printf '1 24 { "text" }\n' >"$directory/text.rc"
"$directory/linux-wdk/bin/rc" "/fo$directory/joined.res" "$directory/text.rc"
"$directory/linux-wdk/bin/rc" /fo "$directory/apart.res" "$directory/text.rc"
cmp "$directory/joined.res" "$directory/apart.res"

# Not the wrapper and flags of whoever called this.
unset RUSTC_WRAPPER RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
# What else a driver may import has to link.
(cd "$directory" && cargo build --quiet --release --locked --features reach --config linux-wdk/cargo.toml \
    --target x86_64-pc-windows-msvc)
(cd "$directory" && cargo build --quiet --release --locked --config linux-wdk/cargo.toml --target x86_64-pc-windows-msvc)

image=$directory/target/x86_64-pc-windows-msvc/release/foreign.dll
cargo run --quiet --profile host --package ntsim -- run "$image"
# A path of this machine in it would be one that others cannot follow.
if grep --quiet --text --fixed-strings -e "$directory" -e "${CARGO_HOME:-$HOME/.cargo}" "$image"; then
    echo "foreign.sh: the image names a directory of this machine" >&2
    exit 1
fi
