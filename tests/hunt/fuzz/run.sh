#!/bin/sh
# Fuzzes csq.sys in the simulated kernel, or one reader of input of unknown origin, or all of these:
#
#   tests/hunt/fuzz/run.sh [TARGET] [--seconds N]
#
# New inputs are collected in target/fuzz/corpus and start the next run; an input that fails is left in
# target/fuzz/failures. To keep what is in a directory: tests/linux/program.sh properties pack DIRECTORY tests/hunt/fuzz/corpus/TARGET.hex Exit codes: 0 nothing found, 1 found, 2 bad arguments or a missing tool.
set -eu

driver='ioctl sequence race'
targets="$driver loader image inx inf answer"
usage() {
    echo "usage: cargo make fuzz [TARGET] [--seconds N]"
    echo "TARGET is one of: $targets [default: each of them]"
    echo "N is the time for each target [default: 60]"
}

cd "$(dirname "$0")/../../.."
chosen=
seconds=60
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit
        ;;
    --seconds)
        seconds=${2-}
        case $seconds in
        '' | *[!0-9]*)
            echo "fuzz: --seconds takes a number" >&2
            exit 2
            ;;
        esac
        shift
        ;;
    *)
        case " $targets " in
        *" $1 "*) chosen="$chosen $1" ;;
        *)
            usage >&2
            exit 2
            ;;
        esac
        ;;
    esac
    shift
done

if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "fuzz: needs a nightly compiler and cargo-fuzz:" >&2
    echo "  rustup toolchain install nightly --profile minimal && cargo install --locked cargo-fuzz" >&2
    exit 2
fi

found=0
for target in ${chosen:-$targets}; do
    corpus=target/fuzz/corpus/$target
    failures=target/fuzz/failures/$target
    mkdir -p "$corpus" "$failures"
    tests/linux/program.sh properties unpack "tests/hunt/fuzz/corpus/$target.hex" "target/fuzz/kept/$target"
    # The shipped driver is a better beginning than any small image.
    case $target in
    loader | image) cp target/package/csq.sys "$corpus" 2>/dev/null || true ;;
    esac
    # ntsim handles the driver's faults itself, on stacks of its own, which AddressSanitizer does not know.
    case " $driver " in
    *" $target "*) how='-s none' faults='-handle_segv=0 -handle_bus=0 -handle_ill=0 -handle_fpe=0' ;;
    *) how='' faults='' ;;
    esac
    echo "== $target, $seconds s =="
    # shellcheck disable=SC2086 # words
    cargo +nightly fuzz run --fuzz-dir tests/hunt/fuzz --target-dir target/fuzz $how "$target" \
        "$corpus" "target/fuzz/kept/$target" -- \
        "-artifact_prefix=$failures/" "-max_total_time=$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 $faults || found=1
done
exit $found
