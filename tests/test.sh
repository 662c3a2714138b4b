#!/bin/sh
# Runs all tests, which is what continuous integration does, or one part of them:
#
#   tests/test.sh [PART [ARGUMENT]...]
#
# A part is a task test-PART of Makefile.toml. --list shows them, with the marks of those that are run without PART.
set -eu
cd "$(dirname -- "$0")/.."

parts() {
    sed -n 's/^\[tasks\.test-\(.*\)\]$/\1/p' Makefile.toml
}

# Each part with its description.
list() {
    every=$(sed -n '/^\[tasks\.tests\]/,/^\[/s/^dependencies = //p' Makefile.toml)
    for part in $(parts); do
        mark=' '
        case $every in *"\"test-$part\""*) mark='*' ;; esac
        text=$(sed -n "/^\[tasks\.test-$part\]/,/^\[/s/^description = \"\(.*\)\"/\1/p" Makefile.toml)
        printf '%s %-17s %s\n' "$mark" "$part" "$text"
    done
}

usage() {
    echo "usage: cargo make test [PART [ARGUMENT]...]"
    echo "Without PART, the parts with a mark are run."
    echo
    list
}

# cargo-make hands on the -- that ends its own options.
[ "${1-}" != -- ] || shift

case ${1-} in
'') set -- tests ;;
-h | --help | --list)
    usage
    exit
    ;;
*)
    if ! parts | grep -q -x -F -e "$1"; then
        echo "test: no part is called '$1'" >&2
        usage >&2
        exit 2
    fi
    part=test-$1
    shift
    set -- "$part" "$@"
    ;;
esac
exec cargo make --disable-check-for-updates --allow-private "$@"
