#!/bin/sh
# Compiles and links csq.sys and csqctl.exe once more, makes a package of them, and compares it with
# target/package: with the same certificate, all files must be the same, byte for byte. `cargo make`
# comes first.
set -eu
cd "$(dirname -- "$0")/../../.."

again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT

# Later than before, which is what a linker would write down.
touch src/lib.rs tests/client/src/main.rs
tests/linux/cargo.sh x86_64-pc-windows-msvc build --quiet --release --package csq
tests/linux/cargo.sh x86_64-pc-windows-gnu build --quiet --release --package csqctl
cargo run --quiet --profile host --package package -- \
    --driver target/x86_64-pc-windows-msvc/release/csq.dll \
    --client target/x86_64-pc-windows-gnu/release/csqctl.exe \
    --output "$again"
if ! diff --recursive --brief target/package "$again"; then
    echo "reproducible.sh: two builds of the same sources differ" >&2
    exit 1
fi
echo "$(find "$again" -type f | wc -l) files are the same in two builds"
