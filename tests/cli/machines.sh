#!/bin/sh
# machines.sh - machines, prices and comparisons as a user calls them
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

fail() {
    echo "machines.sh: $*" >&2
    failures=$((failures + 1))
}

# wants CODE TEXT WORDS...: the exit code, and TEXT on stderr or stdout
wants() {
    code=$1 text=$2
    shift 2
    got=0
    "$FAULTLINE" "$@" >"$folder/out" 2>"$folder/err" </dev/null || got=$?
    [ "$got" = "$code" ] || fail "$*: exit $got, not $code"
    grep -qF -- "$text" "$folder/out" "$folder/err" || fail "$*: does not say '$text'"
    [ "$code" != 2 ] || [ ! -s "$folder/out" ] || fail "$*: trouble, and still something on stdout"
}

# bad JSON TEXT: a machine of one's own that is wrong is told with TEXT and exit 2
bad() {
    printf '%s' "$1" >"$folder/mine.json"
    wants 2 "$2" machines show "$folder/mine.json"
}

wants 0 "skylake" machines
wants 0 "l2_entries = 1536" machines show skylake
wants 0 "GUESS" machines show m1
wants 0 '"machines"' machines --json
wants 0 '"prices"' machines show zen3 --json
wants 2 "did you mean 'skylake'?" machines show skylak
wants 2 "did you mean 'machines show m1'?" machines m1

printf '%s' '{"name":"mine","base":"skylake","geometry":{"l2_entries":96,"l2_ways":6},
    "prices":{"trap":250,"ipi_first":{"low":300,"ns":700,"high":2000}}}' >"$folder/mine.json"
wants 0 "l2_ways = 6" machines show "$folder/mine.json"
wants 0 "trap = 250 ns" machines show "$folder/mine.json"
printf '%s' '{"name":"My-machine of thirty-one bytes.","base":"skylake"}' >"$folder/long.json"
wants 0 "My-machine of thirty-one bytes.: " machines show "$folder/long.json"
bad '{' "no JSON"
bad '[]' "an object is allowed"
bad '{"base":"skylake","geometri":{}}' 'unknown key "geometri"'
bad '{"name":"a-name-of-thirty-two-bytes------","base":"skylake"}' '"name": 1 to 31 of letters, digits'
bad '{"name":"one,two","base":"skylake"}' '"name": 1 to 31 of letters, digits'
bad '{"name":"","base":"skylake"}' '"name": 1 to 31 of letters, digits'
bad '{"name":7,"base":"skylake"}' '"name": 1 to 31 of letters, digits'
bad '{"base":"z80"}' '"base": the name of a machine is allowed'
bad '{"base":"skylake","geometry":{"l2_wais":4}}' 'did you mean "l2_ways"?'
bad '{"base":"skylake","geometry":{"l1d_ways":0}}' '"l1d_ways" is 0: from 1 to 65536 is allowed'
bad '{"base":"skylake","geometry":{"l1d_ways":65}}' 'from 1 to the 64 entries are allowed'
bad '{"base":"skylake","geometry":{"l1d_ways":-1}}' 'a whole number from 0 up is allowed'
bad '{"base":"skylake","geometry":{"l1d_ways":"4"}}' 'a whole number from 0 up is allowed'
bad '{"base":"skylake","geometry":7}' '"geometry": an object'
bad '{"base":"skylake","prices":{"trap":-1}}' 'prices are from 0'
bad '{"base":"skylake","prices":{"trap":{"low":9,"ns":5}}}' 'low may not be above ns'
bad '{"base":"skylake","prices":{"trap":{"ns":5,"most":9}}}' 'a number of nanoseconds is allowed'
bad '{"base":"skylake","prices":{"tarp":1}}' 'did you mean "trap"?'
wants 2 "cannot be read" machines show "$folder/none.json"

scenario="$SOURCE/sim/scenarios/way3_wire_then_access.scn"
wants 0 "by line" price --profile macos-15.4 "$scenario"
wants 0 "wire m in" price --profile macos-15.4 --machine haswell "$scenario"
wants 1 "expected translated m 16, found 4" run --machine m1 --profile macos-15.4 "$scenario"
wants 2 "did you mean 'm1'?" run --machine m9 "$scenario"
wants 2 "did you mean 'm1'?" run --json --machine m9 "$scenario"
wants 2 "did you mean 'm1'?" vmmap --machine m9 "$scenario"
larger="$SOURCE/sim/scenarios/machine_m1_has_larger_pages.scn"
wants 0 "[macos-15.4 m1]" run "$larger"
wants 0 '"machine": "m1"' run --json "$larger"
wants 1 "[macos-15.4 skylake]" run --quiet --machine skylake "$larger"
wants 0 "on m1" price "$larger"
wants 0 "page size of 16384 bytes" stat "$larger"
wants 1 "page size of 4096 bytes" stat --machine zen3 "$larger"
wants 0 '"items"' price --profile macos-15.4 --json "$scenario"
wants 2 "needs a file" price
wants 2 "unknown machine" price --machine pdp11 "$scenario"

wants 0 "wiring is cheaper than faulting" compare --pages 1..64
wants 0 "not on this release" compare --pages 4 --profile macos-10.9
wants 0 "machine,profile,cpus" compare --pages 8 --touches 1..8 --csv
wants 0 '"break_even"' compare --pages 8 --json
wants 2 "from 1 to 65536 is allowed" compare --pages 0
wants 2 "from 1 to 65536 is allowed" compare --pages 9..3
wants 2 "from 1 to 65536 is allowed" compare --pages 1..+3
wants 2 "from 1 to 65536 is allowed" compare --pages 1..
wants 2 "--touches 8: no more than the 4 pages" compare --pages 4 --touches 8
wants 0 "8 touched" compare --pages 4..16 --touches 8
wants 2 "--csv and --json exclude each other" compare --pages 4 --csv --json
wants 2 "--pages must be one number" compare --pages 1..8 --touches 1..4
wants 2 "from 1 to 64 is allowed" compare --cpus 65
wants 2 "cannot be written" compare --pages 2 --svg "$folder/none/out.svg"
wants 0 "on m1" compare --pages 1..16 --machine skylake,m1 --svg "$folder/out.svg"
python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$folder/out.svg" ||
    fail "the picture is no XML"
grep -q "pages in the mapping" "$folder/out.svg" || fail "the picture has no labelled axis"

# The same question gives the same bytes.
"$FAULTLINE" compare --pages 1..32 --json >"$folder/one"
"$FAULTLINE" compare --pages 1..32 --json >"$folder/two"
cmp -s "$folder/one" "$folder/two" || fail "two comparisons differ"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$folder/one" || fail "no JSON"
[ "$failures" = 0 ]
