#!/bin/sh
# Checks the checker: applies each patch of this directory to a copy of the driver's sources, builds
# csq.sys from it, and has ntsim (tests/exploration) find the rule that the patch's text names.
#
#   tests/hunt/mutants/run.sh [NAME]...
#
# Prints a Markdown table. Exit codes: 0 all are caught, 1 a mutant does not apply, does not build or is not
# caught, 2 there is no mutant of that name.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH="" cd -- "$here/../../.." && pwd)

usage() {
    echo "usage: cargo make test mutants [NAME]..."
    echo "NAME is a patch in tests/hunt/mutants, without .patch [default: all of them, which takes half an hour]"
}

all=$(cd "$here" && ls -- *.patch | sed 's/\.patch$//')

# The names that have a word of this one, or all of it.
near() {
    # shellcheck disable=SC2086 # a name on each line
    printf '%s\n' $all | grep -i -F -e "$1" || {
        words=$(echo "$1" | tr -s -c 'A-Za-z' '\n' | grep '....') || return 0
        printf '%s\n' $all | grep -i -F -e "$words" || true
    }
}

for name; do
    case $name in
    -h | --help)
        usage
        exit
        ;;
    -*)
        usage >&2
        exit 2
        ;;
    esac
    if [ ! -e "$here/$name.patch" ]; then
        echo "mutants: no mutant is called '$name'; the names are in tests/hunt/mutants/README.md" >&2
        found=$(near "$name")
        [ -z "$found" ] || printf 'Near it:\n%s\n' "$found" >&2
        exit 2
    fi
done

work=$root/target/mutants
tree=$work/tree

exploration=${EXPLORATION-}
if [ -z "$exploration" ]; then
    (cd "$root" && cargo build --profile host --package exploration)
    exploration=$root/target/host/exploration
fi

. "$here/tree.sh"

field() {
    sed -n "s/^$1: //p" "$2" | head -n 1
}

fail=0
report() {
    echo "$1: $2" >&2
    fail=1
}

names=${*:-$all}

# Runs ntsim on the mutant as the patch's text says, and compares.
check() {
    name=$1
    patch=$here/$name.patch
    rule=$(field Rule "$patch")
    run=$(field Run "$patch")
    command=${run%% *}
    arguments=${run#"$command"}
    # shellcheck disable=SC2086 # the words of the command
    timeout 120 "$exploration" "$command" "$driver" $arguments --first >"$work/$name.txt" 2>&1 || true
    found=$(sed -n 's/^FOUND \([a-z-]*\):.*/\1/p' "$work/$name.txt" | head -n 1)
    if [ "$found" = "$rule" ]; then
        echo "| $name | $(head -n 1 "$patch") | $rule | \`$run\` |"
    else
        report "$name" "expected $rule, found ${found:-nothing}"
    fi
}

echo "| mutant | what it does | caught by | in |"
echo "|---|---|---|---|"
for name in $names; do
    echo "$name" >&2
    if why=$(mutate "$name"); then
        check "$name"
    else
        report "$name" "$why"
    fi
    restore "$name"
done
exit $fail
