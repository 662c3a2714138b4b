#!/bin/sh
# Lets csq.sys work for long, on real threads in the simulated kernel or in Wine:
#
#   tests/soak/run.sh [wine] [OPTION]...
#
# The options are those of the program soak.
set -eu
cd "$(dirname -- "$0")/../.."

# cargo-make hands on the -- that ends its own options.
[ "${1-}" != -- ] || shift

host=kernel
needs=package
case ${1-} in
wine)
    host=wine
    needs=wine
    shift
    ;;
kernel) shift ;;
esac
case " $* " in
*' -h '* | *' --help '*) ;;
*) cargo make --disable-check-for-updates --allow-private "$needs" ;;
esac
exec tests/linux/program.sh soak "$host" "$@"
