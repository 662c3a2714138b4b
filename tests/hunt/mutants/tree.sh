# The tree in which mutants are built; for scripts to source that have set `root`, the repository's
# directory, and `work`, a directory of their own in its target directory.
#
# mutate NAME: applies a patch and builds $driver, or fails and says why. restore NAME: takes it back.
# shellcheck shell=sh disable=SC2154 # root and work

tree=$work/tree
target=x86_64-pc-windows-msvc
driver=$tree/target/$target/release/csq.dll

# The whole workspace, because cargo wants to see every member; but not .cargo, which cargo finds above
# the tree anyway: found twice, its flags are other flags, and everything is compiled again.
mkdir -p "$tree/target"
(cd "$root" && git ls-files -z -- . ':!.cargo' | xargs -0 cp --parents --update -t "$tree")
rm -rf "$tree/.cargo"
# What the driver is made of has been compiled already.
for part in linux release $target; do
    [ -e "$tree/target/$part" ] || cp -a --reflink=auto "$root/target/$part" "$tree/target" 2>/dev/null || true
done
cp -R --update "$root/target/wdk" "$tree/target"

build() {
    (cd "$tree" && tests/linux/cargo.sh $target build --quiet --release --package csq) >"$work/build.log" 2>&1
}

mutate() {
    if ! (cd "$tree" && patch --quiet --strip=1 --no-backup-if-mismatch <"$root/tests/hunt/mutants/$1.patch") >"$work/patch.log" 2>&1; then
        echo "the patch does not apply any more"
        return 1
    elif ! build; then
        echo "it does not build: $(grep -m 1 '^error' "$work/build.log" || true)"
        return 1
    fi
}

# Cargo goes by the time of the file.
restore() {
    for file in $(sed -n 's|^+++ b/||p' "$root/tests/hunt/mutants/$1.patch"); do
        cp "$root/$file" "$tree/$file"
        touch "$tree/$file"
    done
}
