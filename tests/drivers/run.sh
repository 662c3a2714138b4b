#!/bin/sh
# Builds the drivers here, has each of them started, used and removed in the simulated kernel, and explores their
# scenarios there.
#
#   tests/drivers/run.sh
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"
tests/linux/cargo.sh x86_64-pc-windows-msvc build --release --package smallest --package filter --package pair --package clock --package frames
imports=
for driver in smallest filter pair clock frames; do
    output=$(tests/linux/program.sh ntsim run "target/x86_64-pc-windows-msvc/release/$driver.dll") || {
        echo "$output"
        exit 1
    }
    echo "$driver: $(echo "$output" | tail -1)"
    imports="$imports
$output"
    scenarios=
    for scenario in tests/drivers/"$driver"/scenarios/*.toml; do
        scenarios="$scenarios --scenario $scenario"
        tests/linux/program.sh ntsim explore "target/x86_64-pc-windows-msvc/release/$driver.dll" \
            --scenario "$scenario" --csq-order documented --seconds 1
    done
    # Whatever schedules by chance reach, the exhaustive search reaches; the others are not exhausted in seconds.
    case $driver in
    smallest | filter | frames)
        # shellcheck disable=SC2086
        tests/linux/program.sh ntsim crosscheck "target/x86_64-pc-windows-msvc/release/$driver.dll" $scenarios \
            --csq-order documented --seconds 5 --schedules 100
        ;;
    esac
done
# They are what these routines are in wdm for.
for routine in IoAllocateWorkItem IoCreateSymbolicLink IoDeleteSymbolicLink IoFreeWorkItem IoQueueWorkItem \
    MmMapLockedPagesSpecifyCache; do
    echo "$imports" | grep --quiet "!$routine" || {
        echo "run.sh: no driver here imports $routine, so wdm needs it not" >&2
        exit 1
    }
done
