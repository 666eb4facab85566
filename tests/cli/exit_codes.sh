# Exit 0 for clean, 1 for a false expectation or a finding that no line expects, 2 for trouble.
set -eu
no() { if "$@"; then exit 1; fi; } # `!` is none of what set -e looks at
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# ends CODE WORD...
ends() {
    code=0
    want=$1
    shift
    "$FAULTLINE" "$@" >out 2>err || code=$?
    [ "$code" = "$want" ] || { echo "faultline $*: exit $code, not $want"; cat out err; exit 1; }
}
says() {
    grep -qF -- "$1" "$2" || { echo "$2 does not say: $1"; cat "$2"; exit 1; }
}

printf 'profile macos-11\napp = task\nbuf = allocate app 4p\nexpect resident buf 4\n' >false.scn
ends 1 run false.scn
says 'false.scn:4: expected resident buf 4, found 0' out
ends 1 run --quiet false.scn
says 'false.scn:4: expected resident buf 4, found 0' out
[ ! -s err ]

printf 'app = task\nbuf = allocate app 4p\nfill buf\nmd = descriptor buf direction=out\nm = map md kernel\nnofault spin-lock { load m }\n' >panics.scn
ends 1 run panics.scn
says 'Kernel trap at' out
says 'finding: fault-in-restricted-context, line 6' out
says 'wireRange(kIODirectionIn' out
ends 1 run --profile macos-10.9 panics.scn
ends 0 run --profile seed-view panics.scn

# All files run; the worst result decides.
printf 'app = task\n' >good.scn
ends 1 run --quiet false.scn good.scn
says 'PASS good.scn' out
ends 2 run good.scn /nonexistent
printf 'app = task\n' | "$FAULTLINE" run --quiet - | grep -q '^PASS -'

ends 0
ends 0 story --all
ends 0 help
ends 0 --help
ends 0 help run
ends 0 run --help
ends 0 --version
ends 0 rules
ends 0 profiles
for profile in $("$FAULTLINE" profiles | cut -d' ' -f1) macos-10.8 macos-10.12 macos-15; do
    ends 0 profiles show "$profile"
    [ "$profile" = seed-view ] || says "since macos-" out
    says ': ' out
done
for word in $("$FAULTLINE" explain --list | awk '{ print $2 }') -536870206 0xe00002c2 2; do
    ends 0 explain "$word"
done
for words in 'explain --json io-t1' 'explain --json PMAP_ENTER' 'explain --json 2' 'profiles --json' 'profiles show macos-13 --json' 'story --json'; do
    ends 0 $words
    python3 -m json.tool out >/dev/null
done

# Colour is for terminals, and a reader who has seen enough is no trouble.
no grep -q "$(printf '\033')" out
"$FAULTLINE" story | head -1 >/dev/null
"$FAULTLINE" run "$SOURCE"/sim/scenarios/*.scn 2>err | head -1 >/dev/null
[ ! -s err ]
"$FAULTLINE" run --jobs 2 "$SOURCE"/sim/scenarios/*.scn 2>err | head -1 >/dev/null
[ ! -s err ]

# What cannot be written is trouble, whoever writes it.
if [ -e /dev/full ]; then
    printf 'param n = 1 2\napp = task\n' >grid.scn
    for words in story 'run --jobs 2 good.scn good.scn' 'step --json good.scn' 'step good.scn' \
        'sweep grid.scn -o r.db --quiet' 'results r.db'; do
        code=0
        echo last | "$FAULTLINE" $words >/dev/full 2>err || code=$?
        { [ "$code" = 2 ] && [ "$(wc -l <err)" = 1 ]; } || { echo "$words: exit $code"; cat err; exit 1; }
    done
fi
