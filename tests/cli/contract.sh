# contract, run --backend replay, diff: the recording in docs is what the model gives, and a change is found
set -u
recording=$SOURCE/docs/recordings/model-macos-15.5.json
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failed=0

# expect CODE TEXT WORDS...: the exit code, and a text in what is printed
expect() {
    code=$1 text=$2
    shift 2
    said=$("$FAULTLINE" "$@" 2>&1)
    got=$?
    [ "$got" = "$code" ] || { echo "$*: exit $got, not $code: $said" && failed=1; }
    case $said in *"$text"*) ;; *) echo "$*: no '$text' in: $said" && failed=1 ;; esac
}

expect 0 '0 do not' contract
expect 0 '0 do not' contract --profile macos-10.7
"$FAULTLINE" contract --json >now.json
expect 0 ' 0 differ' diff now.json "$recording"
expect 0 'recorded: ' run --backend replay "$recording"

# One answer changed: the fact fails, and names the verb; and so does the comparison.
sed 's/\("verb": "vmk_map_wire, out", "gave": \)2\b/\10/' "$recording" >changed.json
cmp -s changed.json "$recording" && { echo "nothing changed" && failed=1; }
expect 1 'vmk_map_wire, out gave 0, not 2' run --backend replay changed.json
expect 1 'a_read_only_mapping_is_not_wired_for_writing: vmk_map_wire, out' diff changed.json "$recording"
"$FAULTLINE" run --backend replay --json changed.json | python3 -m json.tool >/dev/null || { echo "no JSON" && failed=1; }

# Reports of a scenario: the same is the same; another release gives other codes, line by line.
wire=$SOURCE/sim/scenarios/second_wire_skips_the_checks.scn
printf 'app = task\nbuf = allocate app 16p\nmd = descriptor buf direction=out\nprepare md\nm = map md kernel prefault\n' >prefault.scn
"$FAULTLINE" run --json --profile macos-15.5 "$wire" >one.json
"$FAULTLINE" run --json --profile macos-10.12.6 prefault.scn >old.json
"$FAULTLINE" run --json --profile macos-15.5 prefault.scn >new.json
expect 0 ' 0 differ' diff one.json one.json
expect 1 'line 5: m = map md kernel prefault' diff old.json new.json
expect 2 'not of the same scenario' diff one.json new.json
expect 2 'has no list of runs' diff one.json "$recording"

# Bad input: one line, exit 2.
printf '{"answers": [' >cut.json
printf '[]' >list.json
printf '{"answers": [{"fact": 1}], "backend": {"name": "x", "darwin_major": 1, "page_shift": 12, "caps": 0}}' >types.json
printf '{"answers": []}' >nobody.json
for bad in cut list types nobody; do
    expect 2 "$bad.json" run --backend replay "$bad.json"
    [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || { echo "$bad: more than a line: $said" && failed=1; }
done
printf '{"answers": [], "backend": {"name": "x", "darwin_major": 1, "page_shift": 12, "caps": 0}}' >empty.json
expect 1 'the recording ends before it' run --backend replay empty.json
expect 2 'needs two files' diff one.json
expect 2 'cannot be read' diff one.json nothing.json
expect 2 "unknown backend 'vax'" run --backend vax one.json
expect 2 'built on macOS' run --backend xnu "$wire"
expect 2 'built on macOS' contract --backend xnu
expect 2 'goes with --backend xnu' run --may-panic "$wire"
expect 2 'needs a file' run --backend replay
exit $failed
