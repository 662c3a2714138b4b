#!/bin/sh
# Checks the checker: applies each patch of this directory to a copy of the driver's sources, builds
# csq.sys from it, and has ntsim find the rule that the patch's text names.
#
#   tests/mutants/run.sh [NAME]...
#
# Prints a Markdown table. Exits with 1 if a mutant does not apply, does not build or is not caught.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
work=$root/target/mutants
tree=$work/tree

ntsim=${NTSIM-}
if [ -z "$ntsim" ]; then
    (cd "$root" && cargo build --quiet --profile host --package ntsim)
    ntsim=$root/target/host/ntsim
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

if [ $# -eq 0 ]; then
    names=$(cd "$here" && ls -- *.patch | sed 's/\.patch$//')
else
    names=$*
fi

# Runs ntsim on the mutant as the patch's text says, and compares.
check() {
    name=$1
    patch=$here/$name.patch
    rule=$(field Rule "$patch")
    run=$(field Run "$patch")
    command=${run%% *}
    arguments=${run#"$command"}
    # shellcheck disable=SC2086 # the words of the command
    timeout 120 "$ntsim" "$command" "$driver" $arguments --first >"$work/$name.txt" 2>&1 || true
    found=$(sed -n 's/^FOUND \([a-z-]*\):.*/\1/p' "$work/$name.txt" | head -n 1)
    if [ "$found" = "$rule" ]; then
        schedule=$(sed -n 's/.*: \([0-9]*\) schedules.*/\1/p' "$work/$name.txt" | tail -n 1)
        echo "| $name | $(head -n 1 "$patch") | $rule | \`$run\` | ${schedule:-1} |"
    else
        report "$name" "expected $rule, found ${found:-nothing}"
    fi
}

echo "| mutant | what it does | caught by | in | at schedule |"
echo "|---|---|---|---|---|"
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
