# Text from outside is shown and never obeyed: no name, string or file's word puts a control character on a
# terminal, on stdout or on stderr.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

esc=$(printf '\033[31m')
c1=$(printf '\302\23331m') # the same in one character, as a terminal may read it
file="a$esc$c1.scn"
{
    printf 'param n = 2 4\n'
    printf 'title "t%s"\n' "$c1"
    printf 'each macos-10.9 seed-view\napp = task\nb = allocate app ${n}p\nfill b\n'
    printf 'md = descriptor b direction=out\nm = map md kernel\nnofault spin-lock { load m }\n'
    printf 'expect panic "x%s"\n' "$c1"
} >"$file"
sed 's/^expect.*/expect result ok/' "$file" >"b$c1.scn"
{
    printf 'title "t%s"\nmachine cpus=2\napp = task\nb = allocate app 2p\n' "$c1"
    printf 'thread a { load b }\nthread c { load b+4096 }\nexpect panic "%s"\n' "$c1"
} >"t$c1.scn"

# What is looked for is in what goes in: each of both is found.
controls=$(printf '[\001-\010\013-\037\177]\\|\302[\200-\237]')
for bytes in "$esc" "$c1"; do
    echo "$bytes" | LC_ALL=C grep -qa "$controls" || { echo "the check sees nothing"; failed=1; }
done

# plain WORD...: whatever comes of it, it is plain.
plain() {
    echo last | "$FAULTLINE" "$@" >out 2>err
    [ $? -lt 124 ] || { echo "$*: ended"; failed=1; }
    LC_ALL=C grep -qa "$controls" out err || return 0
    echo "not plain: $*" | LC_ALL=C tr -d '\033\302\233'
    failed=1
}

"$FAULTLINE" run --json "$file" >one.json 2>/dev/null
"$FAULTLINE" run --json "b$c1.scn" 2>/dev/null | sed 's/"held"/"failed"/; s/"source": "fill b"/"source": "fill b\\u001b[31m"/' >two.json
sed 's/"failed"/"held"/; s/"source": "fill b"/"source": "fill b\\u001b[31m"/; s/"code": 0/"code": 5/' two.json >three.json
"$FAULTLINE" sweep "$file" -o "r$esc.db" --quiet >/dev/null 2>&1
"$FAULTLINE" contract --json | sed 's/"verb": "vmk_desc_prepare"/"verb": "v\\u001b[31m"/' >c1.json
sed 's/"gave": 0/"gave": 7/' c1.json >c2.json

# (What shrink prints is a scenario, byte by byte as it was: for a file.)
for verb in run matrix explore inject stat vmmap price step kpi lab explain; do
    plain $verb "$file"
    plain $verb "$esc$c1"
done
plain explore "t$c1.scn"
plain run --quiet "$file"
plain run --events "$file"
plain run --json "$file"
plain run --backend replay c1.json
plain matrix --json "$file"
plain diff two.json three.json
plain diff c1.json c2.json
plain diff one.json "two$esc.json"
plain sweep "$file" -o "r$esc.db"
plain sweep "$file" -o "r$esc.db" --quiet
plain results "r$esc.db"
plain results "r$esc.db" --csv
plain results "r$esc.db" --json
plain results "r$esc.db" "n$esc=2"
plain results "r$esc.db" "n=2$esc"
plain results merge "m$esc.db" "r$esc.db"
plain results "r$esc.db" --svg "$esc/x.svg"
plain compare --machine "$esc"
plain machines show "$esc.json"
plain completion -- run "$esc"
plain "$esc"
exit $failed
