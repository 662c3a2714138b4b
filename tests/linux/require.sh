#!/bin/sh
# Checks that this machine has what parts of the project need:
#
#   tests/linux/require.sh PART...
#
#   build   compiling csq.sys and csqctl.exe, and making the package
#   debian  compiling them with Debian's Rust instead of rustup's (see cargo.sh)
#   wine    running them
#   vm      QEMU, and firmware with UEFI for it
#   valgrind  testing wdm's own sources on the host
#   bench   compiling the C drivers they are compared with
#
# Missing Debian packages are installed if it runs as root or with CSQ_INSTALL=1 (which asks sudo);
# else it names them and exits with 1.
set -eu

missing=

# need PACKAGE FILE...: one of the files is there if the package is.
need() {
    package=$1
    shift
    for file; do
        [ -e "$file" ] && return
    done
    missing="$missing $package"
}

for part; do
    case $part in
    build)
        need gcc /usr/bin/cc
        need gcc-mingw-w64-x86-64-win32 /usr/bin/x86_64-w64-mingw32-gcc
        need openssl /usr/bin/openssl
        need osslsigncode /usr/bin/osslsigncode
        need mingw-w64-common /usr/share/mingw-w64/include/ddk/wdm.h
        need mingw-w64-x86-64-dev /usr/x86_64-w64-mingw32/lib/libntoskrnl.a
        # Not any libclang-*: libclang-cpp is another library, and no use to bindgen.
        [ -n "${LIBCLANG_PATH-}" ] || need libclang1 /usr/lib/*/libclang-[0-9]*.so* /usr/lib/llvm-*/lib/libclang.so*
        ;;
    debian)
        need lld-19 /usr/bin/lld-link-19
        need rustc-web /usr/bin/rustc
        need libstd-rust-web-dev /usr/lib/rustlib/x86_64-unknown-linux-gnu/lib
        need rust-web-src /usr/lib/rustlib/src/rust/library
        ;;
    valgrind)
        need valgrind /usr/bin/valgrind
        ;;
    bench)
        need clang-19 /usr/bin/clang-19 /usr/bin/clang
        ;;
    vm)
        need qemu-system-x86 /usr/bin/qemu-system-x86_64
        need ovmf /usr/share/OVMF/OVMF_CODE_4M.fd
        ;;
    wine)
        need wine64 /usr/bin/wine64 /usr/lib/wine/wine64
        need wine /usr/bin/wine
        ;;
    *)
        echo "require.sh: no part is called '$part'; see the head of this file" >&2
        exit 2
        ;;
    esac
done

[ -n "$missing" ] || exit 0
if [ "$(id -u)" -eq 0 ]; then
    sudo=
elif [ "${CSQ_INSTALL-}" = 1 ]; then
    sudo=sudo
else
    echo "Missing packages:$missing" >&2
    echo "Install them (sudo apt-get install$missing), or set CSQ_INSTALL=1 to have that done." >&2
    exit 1
fi
echo "Missing packages:$missing. They are installed now."
install="$sudo apt-get install --yes --no-install-recommends$missing"
# The second try is for a machine whose package lists are old or absent.
$install || { $sudo apt-get update && $install; }
