#!/bin/sh
# Makes a package of the drivers here, installs it in Wine, and uses each of them as a program does. All but the filter:
# Wine knows no filters of a device.
#
#   tests/drivers/wine.sh
set -eu

cd "$(dirname -- "$0")/../.."
wine_host() { cargo run --quiet --profile host --package wine-host -- "$@"; }

package=target/drivers/package
tests/linux/cargo.sh x86_64-pc-windows-msvc build --quiet --release --package smallest --package pair --package frames --package clock
tests/linux/cargo.sh x86_64-pc-windows-gnu build --quiet --release --package drivers-client
set --
for driver in smallest pair frames clock; do
    set -- "$@" --driver "target/x86_64-pc-windows-msvc/release/$driver.dll"
done
tests/linux/program.sh wdkit package "$@" --inx tests/drivers/drivers.inx --certificate target/drivers/certificate --output "$package"
cp target/x86_64-pc-windows-gnu/release/drivers-client.exe "$package"
wine_host stage "$package"
wine_host run -- 'C:\csq\drivers-client.exe' 'C:\csq\drivers.inf'
