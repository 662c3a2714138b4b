#!/bin/sh
# wdm's own sources on the host, against the stand-in for the kernel in tests/checks/memory/kernel:
#
#   tests/checks/memory/run.sh            with valgrind, which sees memory that is used after it was freed, or never written
#   tests/checks/memory/run.sh --miri     with Miri, which sees undefined behavior of any kind (rustup +nightly component add miri)
#   tests/checks/memory/run.sh --plain    as it is
set -eu
cd "$(dirname -- "$0")/../../.."

case ${1-} in
'')
    tests/linux/require.sh valgrind
    export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite"
    exec cargo test --quiet --profile host --package wdm-host
    ;;
--plain) exec cargo test --quiet --profile host --package wdm-host ;;
--miri)
    if ! cargo +nightly miri --version >/dev/null 2>&1; then
        echo "wdm: Miri is missing: rustup +nightly component add miri rust-src" >&2
        exit 2
    fi
    exec cargo +nightly miri test --package wdm-host
    ;;
*)
    sed -n '/^#   tests/s/^# *//p' "$0"
    [ "$1" = --help ] || exit 2
    ;;
esac
