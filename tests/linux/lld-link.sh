#!/bin/sh
# Links an image so that the same objects give the same bytes, in whatever directory they are: the
# linker writes its command line into the .pdb, and a hash of the .pdb into the image. rustc calls it
# in place of rust-lld (linker in cargo.toml), or of CSQ_LINKER. LINUX_WDK_DRIVER, from the same
# cargo.toml, is the directory of the driver.
set -eu

root=$(CDPATH='' cd -- "$LINUX_WDK_DRIVER" && pwd)
cd "$root"

for argument; do
    shift
    # Relative, so that it does not say where the project is.
    case $argument in
    *"$root"/*) argument=${argument%%"$root"/*}${argument#*"$root"/} ;;
    esac
    case $argument in
    /DEF:*)
        # The list of exports is in a directory that has another name every time.
        exports=$(dirname -- "$(dirname -- "${argument#/DEF:}")")/exports.def
        cp -- "${argument#/DEF:}" "$exports"
        argument=/DEF:$exports
        ;;
    esac
    set -- "$@" "$argument"
done

exec "${CSQ_LINKER:-rust-lld}" "$@" '/PDBSOURCEPATH:C:\driver'
