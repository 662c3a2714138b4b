#!/bin/sh
# Builds a program of this project and runs it:
#
#   tests/linux/program.sh [--profile host] PACKAGE [ARGUMENT]...
#
# Says nothing of its own if the program is built; otherwise says on standard error that it is being built,
# which takes up to a minute, and leaves cargo's errors to cargo.
set -eu

profile=dev
if [ "$1" = --profile ]; then
    profile=$2
    shift 2
fi
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
cargo build --quiet --profile "$profile" --package "$package" || built=$?
kill "$notice" 2>/dev/null || true
[ "$built" -eq 0 ] || exit "$built"
exec cargo run --quiet --profile "$profile" --package "$package" -- "$@"
