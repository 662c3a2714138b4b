#!/bin/sh
# Mutation testing for continuous integration: only functions of the driver that have changed since
#
#   CSQ_BASE             if that is a commit, such as the branch that a pull request is for; else
#   HEAD^ or HEAD        the commit before, or what is committed if files have changed since
#
# and for three minutes at most. Where src has not changed it says so, and needs no cargo-mutants.
set -eu

cd "$(dirname -- "$0")/../../.."
minutes=3

if [ -n "${CSQ_BASE-}" ] && base=$(git merge-base "$CSQ_BASE" HEAD 2>/dev/null); then
    :
elif ! git diff --quiet HEAD -- src; then
    base=HEAD
elif base=$(git rev-parse --quiet --verify 'HEAD^'); then
    :
else
    echo "mutation: there is no earlier commit to compare src with (a shallow clone?): no mutant was judged."
    exit 0
fi
if git diff --quiet "$base" -- src; then
    echo "mutation: src is as it was in $base: no mutant was judged."
    exit 0
fi
exec tests/linux/program.sh mutation --in-diff "$base" --at-most "$minutes" "$@"
