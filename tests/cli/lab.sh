# faultline lab: asks, hints, answers, variants, grades; what is wrong with a file is said at its place
set -eu
no() { if "$@"; then exit 1; fi; } # `!` is none of what set -e looks at
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
lab() { "$FAULTLINE" lab "$@"; }
ends() { wanted=$1; shift; code=0; "$@" >out 2>err || code=$?; [ "$code" = "$wanted" ] || { echo "$*: $code, not $wanted"; cat out err; exit 1; }; }

# The right answers of any variant pass, one more is wrong, one less is missing.
for n in 1 2 3 4; do
    for variant in 0 1 77 18446744073709551615; do
        lab $n --variant $variant --answer |
            awk '/\(line [0-9]+\)$/ { name = $1 } /^  answer: / { print name, "=", $2 + 0 }' >right
        [ "$(wc -l <right)" -ge 6 ]
        ends 0 lab $n --variant $variant --grade right
        sed '1s/$/9/' right >wrong
        ends 1 lab $n --variant $variant --grade wrong
        [ "$(grep -c 'you say' out)" = 1 ]
        sed 1d right >less
        ends 1 lab $n --variant $variant --grade - --json <less
        grep -qF '"passed": false' out
        [ "$(grep -c '"right": false' out)" = 1 ]
    done
done

# It asks first.
lab 2 >asked
no grep -qE '^  (answer|hint)|^    .*prepare\(\) does not' asked
lab 2 --hint | grep -q '^  hint:$'
lab 2 --hint | no grep -q '^  answer'
lab 2 --answer | grep -q '^  answer: '
lab 1 | no grep -q '^ *[0-9]*  expect'

# The scenario runs, and is the one that is shown, line by line.
lab 3 --variant 5 --scenario >s.scn
ends 0 "$FAULTLINE" run --quiet s.scn
nl -ba -w4 -s'  ' s.scn | sed 's/ *$//' >numbered
lab 3 --variant 5 | sed 's/ *$//' | grep -E '^ +[0-9]+( |$)' | diff - numbered

# Bad words and bad files: one line, exit 2.
printf 'copies-of-fork = 0\ncopies-of-frok = 0\n' >slip
ends 2 lab 3 --grade slip
grep -qxF "slip:2:1: the lab does not ask for 'copies-of-frok': did you mean 'copies-of-fork'?" err
ends 2 lab 3 --grade nowhere; grep -qF 'nowhere: cannot be read: no such file or directory' err
ends 2 lab 3 --grade .; grep -qF '.: cannot be read: is a directory' err
head -c 100000 /dev/zero >zeros
ends 2 lab 3 --grade zeros
ends 2 lab 5; grep -qF "there is no lab 5: 'faultline lab' lists the 4 labs" err
ends 2 lab one
ends 2 lab 1 2
ends 2 lab 1 --hint --answer
ends 2 lab --json
ends 2 lab 1 --variant -1
ends 2 lab 1 --varient 1; grep -qF "did you mean '--variant'?" err
ends 1 lab 1 --grade /dev/null
lab 1 --answer | head -n 1 >one
[ "$(wc -l <one)" = 1 ]
