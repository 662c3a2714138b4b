#!/bin/sh
# Builds a program of this project and runs it:
#
#   tests/linux/program.sh PACKAGE [ARGUMENT]...
#
# All are built with the profile host, so what they share is compiled once.
# Says nothing of its own if the program is built; otherwise says on standard error that it is being built,
# which takes up to a minute, and leaves cargo's errors to cargo.
set -eu

package=$1
shift
# cargo-make hands on the -- that ends its own options.
[ "${1-}" != -- ] || shift

# What waits keeps no output of this script open.
(
    sleep 1 >/dev/null 2>&1
    echo "building the program '$package' ..." >&2
) &
notice=$!
built=0
cargo build --quiet --profile host --package "$package" || built=$?
kill "$notice" 2>/dev/null || true
[ "$built" -eq 0 ] || exit "$built"
exec cargo run --quiet --profile host --package "$package" -- "$@"
