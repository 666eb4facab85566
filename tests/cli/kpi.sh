# kpi: real objects in, verdicts and exit codes out.
set -u
corpus=$SOURCE/tests/fuzz/corpus/macho
failed=0

# expect CODE TEXT WORDS...: the exit code, and a text in what is printed
expect() {
    code=$1 text=$2
    shift 2
    said=$("$FAULTLINE" kpi "$@" 2>&1)
    got=$?
    if [ "$got" != "$code" ]; then
        echo "kpi $*: exit $got, not $code" && failed=1
    fi
    case $said in *"$text"*) ;; *) echo "kpi $*: no '$text' in: $said" && failed=1 ;; esac
}

expect 1 'unsupported  vm_map_wire' "$corpus/x86_64_object"
expect 1 'arm64 object, 3 import(s)' "$corpus/fat_two_machines"
expect 1 'IOMemoryMap::wireRange' "$corpus/chained_arm64e_kext"
expect 1 '10.8.2..15.4 unsupported' --symbol __ZN11IOMemoryMap9wireRangeEjyy
expect 0 'iokit' --symbol _IOLog
expect 2 "did you mean '_IOLog'" --symbol _IOLgo
expect 2 'cannot be read' /nonexistent
expect 2 'is a directory' "$corpus"
expect 2 'neither Mach-O nor' "$FAULTLINE"
expect 2 'way3_wire_then_access.scn:1:1: neither Mach-O nor' "$SOURCE/sim/scenarios/way3_wire_then_access.scn"
expect 2 'needs a file'
expect 2 'unknown release' --release 9.3 "$corpus/x86_64_object"
"$FAULTLINE" kpi --json "$corpus/x86_64_object" "$corpus/classic_bundle" | python3 -m json.tool >/dev/null ||
    { echo "kpi --json is no JSON" && failed=1; }
exit $failed
