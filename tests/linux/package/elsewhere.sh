#!/bin/sh
# Builds the sources of this checkout in another directory, with cargo's own files in another, too, makes
# a package of what comes out, and compares it with target/package: with the same certificate, all files
# must be the same, byte for byte. Nothing that was compiled here is used for that. `cargo make`
# comes first. Takes minutes; reproducible.sh is quicker and compiles again in this directory.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd)
cd "$root"

# The time of the package that is there, even if somebody commits meanwhile.
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
mkdir "$elsewhere/driver" "$elsewhere/cargo"
git ls-files -z | xargs -0 cp --parents --target-directory "$elsewhere/driver"
ln -s "${CARGO_HOME:-$HOME/.cargo}/registry" "$elsewhere/cargo/registry"

echo "compiling in $elsewhere/driver"
cargo run --quiet --profile host --package sysroot -- "$elsewhere/driver/target/wdk"
(
    cd "$elsewhere/driver"
    # rustup's cargo is found by its own path, not by CARGO_HOME.
    export CARGO_HOME="$elsewhere/cargo"
    unset CARGO_TARGET_DIR
    tests/linux/cargo.sh x86_64-pc-windows-msvc build --quiet --locked --release --package csq
    tests/linux/cargo.sh x86_64-pc-windows-gnu build --quiet --locked --release --package csqctl
)
cargo run --quiet --profile host --package package -- \
    --driver "$elsewhere/driver/target/x86_64-pc-windows-msvc/release/csq.dll" \
    --client "$elsewhere/driver/target/x86_64-pc-windows-gnu/release/csqctl.exe" \
    --output "$elsewhere/package"
if ! diff --recursive --brief target/package "$elsewhere/package"; then
    echo "elsewhere.sh: builds of the same sources in two directories differ" >&2
    exit 1
fi
echo "$(find "$elsewhere/package" -type f | wc -l) files are the same in two directories"
