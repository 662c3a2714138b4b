#!/bin/sh
# Runs cargo for a Windows target on a Linux host:
#
#   tests/linux/cargo.sh TARGET SUBCOMMAND [ARGUMENT]...
#
# It uses rustup's toolchain if that has TARGET or can get it, else Debian's rustc-web, whose
# standard library is then compiled for TARGET too. CSQ_TOOLCHAIN=rustup or =debian settles it.
set -eu

target=$1
subcommand=$2
shift 2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# Whether rustup's toolchain can compile for the target; installs what it needs for that.
rustup_has_target() {
    [ -e "$(rustc --print target-libdir --target "$target")" ] || rustup target add "$target"
}

case ${CSQ_TOOLCHAIN-} in
rustup) rustup_has_target && toolchain=rustup ;;
debian) toolchain=debian ;;
'') if rustup_has_target; then toolchain=rustup; else toolchain=debian; fi ;;
*)
    echo "cargo.sh: CSQ_TOOLCHAIN is rustup or debian, not '$CSQ_TOOLCHAIN'" >&2
    exit 2
    ;;
esac

# --config comes after the subcommand: cargo does not hand it on to clippy otherwise.
set -- --target "$target" "$@"
if [ "$toolchain" = debian ]; then
    "$here/require.sh" debian
    case $target in
    *-msvc) library=core,alloc ;;
    *) library=std,panic_abort ;;
    esac
    # -Z build-std is unstable in cargo. No crate is compiled with an unstable feature of Rust.
    export RUSTC_BOOTSTRAP=1
    # The later --config has precedence.
    set -- --config "$here/cargo-debian.toml" -Z "build-std=$library" "$@"
fi
set -- --config "$here/cargo.toml" "$@"
# It would take the place of the wrapper that cargo.toml names.
unset RUSTC_WRAPPER
exec cargo "$subcommand" "$@"
