#!/bin/bash
# Follows what `cargo make` does on Windows, on Linux: cargo-make runs this project's Makefile.toml and the
# makefile of the wdk-build that Cargo.lock names, and what they call is replaced by scripts that write down how
# they were called. The answers of wdk-build's own Rust code are the ones it gives by its source (0.6.0,
# src/cargo_make.rs). It shows the order, the profile and the package, and not that the WDK's tools work.
#
#   tests/linux/windows_flow.sh
set -euo pipefail
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"

fail() {
    echo "windows_flow.sh: $*" >&2
    exit 1
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
real_cargo=$(command -v cargo)
wdk_build=$(cargo metadata --format-version 1 --locked | grep -o '"manifest_path":"[^"]*/wdk-build-[0-9.]*/Cargo.toml"' | cut -d'"' -f4)
upstream=${wdk_build%/Cargo.toml}/rust-driver-makefile.toml
[ -e "$upstream" ] || fail "there is no $upstream"

# Only what the tasks read. The alias for Linux is made that for Windows.
work=$scratch/work
mkdir -p "$work/target" "$work/src" "$work/tests/vm/guest" "$scratch/bin"
cp -R inf "$work"
cp tests/vm/guest/README.txt "$work/tests/vm/guest"
mkdir -p "$work/src/protocol"
cp src/protocol/csq.h "$work/src/protocol"
sed '/^\[workspace\]/,$d; s/\.workspace = true/ = "0.0.0"/; /^edition\|^rust-version\|^license\|^lints/d; /^\[.*dependencies\]/,$d' \
    Cargo.toml >"$work/Cargo.toml"
touch "$work/src/lib.rs"
alias=$(sed -n 's/^windows_alias = "\(.*\)"/\1/p' Makefile.toml)
sed "s/^linux_alias = .*/linux_alias = \"$alias\"/" Makefile.toml >"$work/Makefile.toml"
ln -s "$upstream" "$work/target/rust-driver-makefile.toml"

# Stand-ins, which log their arguments to $CALLS.
cat >"$scratch/bin/log" <<'END'
#!/bin/bash
echo "${0##*/} $*" >>"$CALLS"
[ "${0##*/}" != makecert ] || echo certificate >"$WDK_BUILD_OUTPUT_DIRECTORY/WDRLocalTestCert.cer"
[ "${0##*/}" != inf2cat ] || echo catalog >"$WDK_BUILD_OUTPUT_DIRECTORY/csq_package/csq.cat"
END
cat >"$scratch/bin/cargo" <<END
#!/bin/bash
# cargo-make asks cargo for metadata; what is built is made up, where cargo would leave it.
case \$1 in
install) exit ;;
build) ;;
*) exec "$real_cargo" "\$@" ;;
esac
echo "cargo \$*" >>"\$CALLS"
directory=debug
case " \$* " in
*" --release "* | *" --profile release "*) directory=release ;;
esac
mkdir -p "$work/target/\$directory"
for name in csq.dll csq.pdb csqctl.exe; do
    case " \$* " in
    *" --package \${name%.*} "*) echo built >"$work/target/\$directory/\$name" ;;
    esac
done
END
cat >"$scratch/bin/rust-script" <<'END'
#!/bin/bash
[ "$1" != --version ] || exec echo "rust-script 0.35.0"
[ "$1" != --base-path ] || shift 2
script=$1
shift
says() { grep --quiet --fixed-strings -e "$1" "$script"; }
output=${WDK_BUILD_OUTPUT_DIRECTORY-}
to_package() { mkdir -p "$output/csq_package" && cp "$output/$1" "$output/csq_package"; }
if says validate_command_line_args; then
    # The init task: arguments become flags for cargo, and name the profile; cargo's default is dev.
    profile=$CARGO_MAKE_CARGO_PROFILE
    arguments=$*
    case " $arguments " in
    *" --release "*) profile=release ;;
    *" --profile "*) profile=${arguments##*--profile } ;;
    esac
    directory=$profile
    [ "$profile" != dev ] || directory=debug
    echo "FORWARDING ARGS TO CARGO-MAKE:"
    echo "CARGO_MAKE_CARGO_BUILD_TEST_FLAGS=$CARGO_MAKE_CARGO_BUILD_TEST_FLAGS${arguments:+ $arguments}"
    echo "CARGO_MAKE_CARGO_PROFILE=$profile"
    echo "WDK_BUILD_OUTPUT_DIRECTORY=$CARGO_MAKE_CRATE_CUSTOM_TRIPLE_TARGET_DIRECTORY/$directory"
    echo "END OF FORWARDING ARGS TO CARGO-MAKE"
elif says to_map_with_prefix; then
    echo "FORWARDING ARGS TO CARGO-MAKE:"
    echo "WDK_BUILD_METADATA-DRIVER_MODEL-DRIVER_TYPE=WDM"
    echo "END OF FORWARDING ARGS TO CARGO-MAKE"
elif says condition_script; then
    # Yes: csq is a driver for kernel mode, and has no certificate yet.
    exit 0
elif says '{}.dll'; then
    cp "$output/csq.dll" "$output/csq.sys"
elif says '{}.pdb'; then
    to_package csq.pdb
elif says '{}.inf'; then
    to_package csq.inf
elif says WDRLocalTestCert.cer; then
    to_package WDRLocalTestCert.cer
elif says WDK_BUILD_DRIVER_EXTENSION; then
    to_package "csq.$WDK_BUILD_DRIVER_EXTENSION"
else
    echo "rust-script: windows_flow.sh does not know this script of wdk-build's:" >&2
    cat "$script" >&2
    exit 1
fi
END
for tool in stampinf infverif inf2cat signtool makecert; do
    ln -s log "$scratch/bin/$tool"
done
chmod +x "$scratch"/bin/*

# flow PROFILE DIRECTORY ARGUMENT...: what comes of `cargo make ARGUMENT...`.
flow() {
    profile=$1
    package=target/$2/csq_package
    shift 2
    rm -rf "$work"/target/{debug,release}
    export CALLS=$scratch/calls
    : >"$CALLS"
    (
        cd "$work"
        unset CARGO_TARGET_DIR CARGO_MAKE_CARGO_BUILD_TEST_FLAGS
        PATH=$scratch/bin:$PATH cargo-make make --disable-check-for-updates "$@"
    ) >"$scratch/output" 2>&1 || fail "cargo make $* failed: $(tail -5 "$scratch/output")"

    for program in csq csqctl; do
        # cargo-make says --verbose where it finds that CI runs it.
        grep --quiet --line-regexp -E -e "cargo build (--verbose )?--package $program $profile" "$CALLS" ||
            fail "cargo make $* did not build $program with $profile: $(grep ^cargo "$CALLS")"
    done
    [ -e "$work/$package" ] || fail "cargo make $* left no $package"
    present=$(cd "$work/$package" && echo *)
    due="README.txt WDRLocalTestCert.cer csq.cat csq.h csq.inf csq.pdb csq.sys csq.wprp csqctl.exe"
    [ "$(tr ' ' '\n' <<<"$present" | sort)" = "$(tr ' ' '\n' <<<"$due" | sort)" ] ||
        fail "cargo make $* left $present in $package, and not $due"
    for file in csq.sys csq.cat; do
        grep --quiet -e "^signtool sign .*/$package/$file$" "$CALLS" || fail "cargo make $* did not sign $file"
    done
    grep --quiet -e '^infverif .*/w .*csq.inf$' "$CALLS" || fail "cargo make $* did not check csq.inf"
    ! grep --quiet -e 'csq\.cer' -e 'csq test certificate' "$work/$package/README.txt" ||
        fail "README.txt names another certificate than wdk-build makes"
    echo "cargo make${*:+ }$*: cargo build $profile, $package"
}

for ci in '' true; do
    export CI=$ci
    flow --release release
done
flow --release release default --release
flow '--profile dev' debug default --profile dev
