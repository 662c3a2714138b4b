#!/bin/sh
# Measures target/package/csq.sys beside the C drivers in baseline/:
#
#   tests/bench/run.sh [OPTION]...
#
# Writes target/bench/bench.json and bench.svg. The options are those of the program bench. With
# --quick csq.sys is measured alone, and nothing is timed. With --page tests/bench/README.md what is measured goes into that
# page, and the chart beside it.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
driver=target/package/csq.sys
output=target/bench

host() {
    package=$1
    shift
    cargo run --quiet --profile host --package "$package" -- "$@"
}

# cargo-make hands on the -- that ends its own options.
[ "${1-}" != -- ] || shift

for option; do
    if [ "$option" = --quick ]; then
        host bench "$driver" "$@"
        exit
    fi
done

tests/linux/require.sh bench
tests/bench/baseline/build.sh "$output"
# A driver that is quick because it is wrong is none to compare with.
explore() {
    host ntsim run --first "$1"
    host exploration explore "$1" --first pend+cancel pend+cleanup pend+surprise-removal cancel+cleanup \
        pend+cancel+complete-next
}
{
    explore "$output/plain.sys" && explore "$output/tuned.sys" &&
        host exploration explore "$output/tuned.sys" --first timeout+cancel timeout+complete-next timeout+claim \
            timeout+cleanup timeout+surprise-removal timeout+complete@claimed timeout+server-cleanup@claimed
} >"$output/explore.txt" || {
    cat "$output/explore.txt"
    exit 1
}
host bench "$driver" --baseline "$output" --json "$output/bench.json" --chart "$output/bench.svg" "$@"
case " $* " in *' --quick '*) ;; *' --page '*) cp "$output/bench.svg" tests/bench/cost.svg ;; esac
