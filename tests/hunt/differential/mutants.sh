#!/bin/sh
# Checks that the comparison with the model finds seeded bugs of tests/hunt/mutants:
#
#   tests/hunt/differential/mutants.sh [NAME]...
#
# Without names, those that it once missed or is the only one to count. Prints a Markdown table with what
# was found, and after how many cases. Exits with 1 if one is not found, or the driver itself is
# judged wrong.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd)
work=$root/target/mutants
[ $# -gt 0 ] || set -- returned-to-the-tail cancels-anybodys-id counts-ending-twice limit-exceeded-by-one
. "$root/tests/hunt/mutants/tree.sh"

test() {
    (cd "$root" && CSQ_SYS=$1 PROPTEST_MAX_SHRINK_ITERS=0 cargo test --quiet --profile host --package differential --test model)
}

fail=0
if ! test "$root/target/package/csq.sys" >"$work/model.txt" 2>&1; then
    cat "$work/model.txt"
    exit 1
fi
echo "| mutant | what it does | cases | what was different |"
echo "|---|---|--:|---|"
for name; do
    if ! why=$(mutate "$name"); then
        echo "$name: $why" >&2
        fail=1
    elif test "$driver" >"$work/model.txt" 2>&1; then
        echo "$name: not found" >&2
        fail=1
    else
        cases=$(sed -n 's/^\tsuccesses: //p' "$work/model.txt" | head -n 1)
        # The bytes of answers are too much for a table.
        difference=$(sed -n 's/^Test failed: //p' "$work/model.txt" | head -n 1 | cut -c 1-120)
        if [ -z "$cases" ]; then
            cat "$work/model.txt" >&2
            echo "$name: the test did not run" >&2
            fail=1
        else
            echo "| $name | $(head -n 1 "$root/tests/hunt/mutants/$name.patch") | $((cases + 1)) | $difference |"
        fi
    fi
    restore "$name"
done
exit $fail
