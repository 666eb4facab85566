# copy.sh PROGRAM SOURCE - a release is data: with three lines more (copy.def) the program knows one more
set -eu
program=$1 source=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
fail() { printf '%s\n' "$@"; exit 1; }

"$program" profiles >list
[ "$(tail -2 list | head -1)" = "macos-15.5-copy macOS 15.5 once more (no tag: this release is made up)" ] || { cat list; fail "it is not listed"; }
"$program" profiles show macos-15.5-copy >shown
grep -A2 '^has_wire_range = false' shown | grep -q 'since macos-15.5-copy' || { cat shown; fail "its change has no source"; }

# What it does not change it does as the release before.
for release in macos-15.5 macos-15.5-copy; do
    "$program" run --profile $release "$source/sim/scenarios/r25140509_prepare_leaves_mapping_lazy.scn" |
        sed 's/15\.5-copy/15.5/; s/ once more//' >$release || fail "the scenario fails on $release"
done
cmp macos-15.5 macos-15.5-copy || { diff macos-15.5 macos-15.5-copy; fail "two releases"; }

# What it changes is another behaviour, on it alone; and the matrix says which one decides.
cat >wire.scn <<'S'
each macos-15.5..
app = task
buf = allocate app 4p
fill buf
md = descriptor buf direction=out
prepare md
m = map md kernel
wire m in
on macos-15.5-copy expect result KERN_NOT_SUPPORTED
on macos-15.5 expect wired-translations m 4
S
"$program" run --quiet wire.scn >verdict || { cat verdict; fail "wireRange() is not what the row says"; }
"$program" matrix wire.scn >matrix
grep -q 'has_wire_range' matrix || { cat matrix; fail "the matrix does not name the behaviour"; }
