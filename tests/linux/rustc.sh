#!/bin/sh
# Stands between cargo and rustc on a Linux host (build.rustc-wrapper in cargo.toml).
#
# wdk-build refuses to be compiled for a host that is not Windows, and the `windows` crates it
# depends on are empty then. They are told here that the host is Windows, and get the few
# Windows-only names of `std` that they use from host_std/std.rs. That concerns these packages
# as build dependencies (no --target) and no others: nothing of it reaches the driver.
#
# LINUX_WDK_DRIVER, from the same cargo.toml, is the directory of the driver.
set -eu

rustc=$1
shift
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
source=$here/host_std/std.rs
# Flags for the driver and its crates, if this is a kit for somebody else's driver. In cargo.toml they would take the
# place of the flags that the driver's own configuration has.
flags=$here/rustflags
[ -e "$flags" ] || flags=/dev/null

case " $* " in
*" -vV "*)
    # Cargo tells builds apart by this text, and asks anew when this file's time stamp changes (so
    # `touch` it after a change to std.rs). The extra line keeps what is compiled under this
    # configuration apart from what a plain `cargo build` compiles.
    "$rustc" "$@"
    echo "linux-host: $(cat "$0" "$source" "$flags" | cksum)"
    exit
    ;;
esac

case " $* " in
*" --target "*)
    # First, so that the driver's own have the last word; but under `cargo clippy`, the compiler comes before them.
    compiler=
    case $1 in -*) ;; *) compiler=$1 && shift ;; esac
    while IFS= read -r flag; do
        set -- "$flag" "$@"
    done <"$flags"
    set -- ${compiler:+"$compiler"} "$@"
    ;;
esac

case " $* " in
*" --emit=dep-info,metadata "*" --target "*)
    # cargo check and clippy: what they say names files as they are.
    exec "$rustc" "$@"
    ;;
*" --target "*)
    # Debug information is not to say where the project and the crates are on this machine: the same
    # sources give the same driver in every directory.
    root=$(CDPATH='' cd -- "$LINUX_WDK_DRIVER" && pwd)
    case " $* " in *" x86_64-pc-windows-gnu "*) set -- "$@" -C dlltool="$here/dlltool.sh" ;; esac
    exec "$rustc" "$@" --remap-path-prefix "${CARGO_HOME:-$HOME/.cargo}=/cargo" --remap-path-prefix "$root=/driver"
    ;;
esac

# Prints the directory of the compiled host_std, after compiling it if that has not been done.
host_std() {
    # Under `cargo clippy`, clippy-driver is in front of the compiler.
    compiler=$rustc
    case $1 in -*) ;; *) compiler=$1 ;; esac
    key=$( { "$compiler" -vV && cat "$source"; } | cksum | tr ' ' -)
    directory=$LINUX_WDK_DRIVER/target/linux/host_std-$key
    if [ ! -e "$directory" ]; then
        mkdir -p "${directory%/*}"
        draft=$(mktemp -d "$directory.XXXXXX")
        "$compiler" --crate-name std --crate-type rlib --edition 2024 -O --remap-path-prefix "$here=/linux-wdk" \
            -C metadata=host_std -C extra-filename=-host_std --out-dir "$draft" "$source"
        # Another rustc.sh may have been quicker; both made the same.
        mv -T "$draft" "$directory" 2>/dev/null || rm -rf "$draft"
    fi
    printf %s "$directory"
}

# Prints the directory of a copy of wdk-build's package $1 whose paths need not begin with \\?\, as those that Windows
# makes absolute do. Versions before 0.5 fail without.
with_plain_paths() {
    copy=$LINUX_WDK_DRIVER/target/linux/${1##*/}
    if [ ! -e "$copy" ]; then
        mkdir -p "${copy%/*}"
        draft=$(mktemp -d "$copy.XXXXXX")
        cp -R "$1/." "$draft"
        sed 's/return Err(Self::Error::NoExtendedPathPrefix);/return Ok(self.as_ref().to_path_buf());/' \
            "$1/src/utils.rs" >"$draft/src/utils.rs"
        mv -T "$draft" "$copy" 2>/dev/null || rm -rf "$draft"
    fi
    printf %s "$copy"
}

crate=
previous=
for argument; do
    [ "$previous" = --crate-name ] && crate=$argument
    previous=$argument
done

if [ "$crate" = wdk_build ]; then
    for argument; do
        shift
        case $argument in
        */src/lib.rs)
            package=${argument%/src/lib.rs}
            if grep --quiet NoExtendedPathPrefix "$package/src/utils.rs"; then
                argument=$(with_plain_paths "$package")/src/lib.rs
            fi
            ;;
        esac
        set -- "$@" "$argument"
    done
fi

# windows-link is left alone: as on Windows it would use raw-dylib, which rustc refuses elsewhere.
case $crate in
wdk_build) set -- "$@" --cfg 'target_os="windows"' -A explicit_builtin_cfgs_in_flags ;;
windows | windows_collections | windows_core | windows_future | windows_numerics | \
    windows_result | windows_strings | windows_threading)
    set -- "$@" --cfg windows -A explicit_builtin_cfgs_in_flags
    ;;
build_script_*) ;;
*) exec "$rustc" "$@" ;;
esac

directory=$(host_std "$@")
case $crate in
wdk_build | windows_strings) set -- "$@" --extern "std=$directory/libstd-host_std.rlib" ;;
*) set -- "$@" -L "dependency=$directory" ;;
esac
exec "$rustc" "$@"
