# replay: the same trace in every form and packing gives the same numbers; what is no trace gives one
# line and exit 2.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }

python3 - "$work" <<'MAKE'
import sys, struct
work, references = sys.argv[1], []
random = 12345
for i in range(20000):
    random = (random * 6364136223846793005 + 1442695040888963407) % 2**64
    references.append(("I", 0x401000 + 4 * (i % 3000)))
    if i % 3 == 0:
        references.append(("LS"[i & 1], 0x10000000 + (random >> 44) * 8))
def put(name, text):
    open(work + "/" + name, "wb").write(text)
put("t.lackey", ("==1== Lackey\n" + "".join("%s%08x,4\n" % ("I  " if k == "I" else " %s " % k, a)
    for k, a in references)).encode())
put("t.din", "".join("%d %x\n" % ("LSI".index(k), a) for k, a in references).encode())
put("t.plain", "".join("%s %x 4\n" % (k, a) for k, a in references).encode())
words = {"I": "ifetch", "L": "read", "S": "write"}
put("t.view", ("Output format:\n<--record#-> <--instr#->: <---tid---> <record details>\n-----\n" +
    "".join("%12d %11d: %11d %-12s 4 byte(s) @ 0x%016x by PC 0x1\n" % (i, i, 7, words[k], a)
    for i, (k, a) in enumerate(references))).encode())
records, i = b"", 0
while i < len(references):
    ip, load, store = references[i][1], 0, 0
    i += 1
    if i < len(references) and references[i][0] != "I":
        load, store = (references[i][1], 0) if references[i][0] == "L" else (0, references[i][1])
        i += 1
    records += struct.pack("<QBB2s4s2Q4Q", ip, 0, 0, b"", b"", store, 0, load, 0, 0, 0)
put("t.champsim", records)
MAKE

# numbers FILE OPTIONS...: the answer without the names of file and form
numbers() {
    "$FAULTLINE" replay "$@" --json --quiet | sed 's/"file": "[^"]*", "format": "[^"]*"//'
}
numbers "$work/t.lackey" >"$work/expected"
grep -q '"fetches": 20000, "loads": 3334, "stores": 3333' "$work/expected" ||
    complain "expected: $(cat "$work/expected")"
same() { cmp -s - "$work/expected" || complain "$1: other numbers"; }
for form in din plain view; do numbers "$work/t.$form" | same $form; done
numbers "$work/t.champsim" --format champsim | same champsim
numbers - <"$work/t.lackey" | same stdin
gzip -k "$work/t.lackey" && numbers "$work/t.lackey.gz" | same gzip
numbers - <"$work/t.lackey.gz" | same "gzip from stdin"
{ head -c 100000 "$work/t.lackey" | gzip && tail -c +100001 "$work/t.lackey" | gzip; } | numbers - |
    same "two gzip members"
if command -v zstd >/dev/null; then
    zstd -q "$work/t.lackey" && numbers "$work/t.lackey.zst" | same zstd
    head -c 2000 "$work/t.lackey.zst" >"$work/cut.zst"
fi

# Our own form: at most two bytes a reference, here and packed, and the same through a pipe.
"$FAULTLINE" replay "$work/t.din" --convert "$work/t.own" >"$work/said" || complain "no conversion"
grep -q ': 26667 references and 0 events in ' "$work/said" || complain "said: $(cat "$work/said")"
numbers "$work/t.own" | same own
"$FAULTLINE" replay "$work/t.din" --convert - | cmp -s - "$work/t.own" || complain "convert to stdout"
gzip -c "$work/t.own" | numbers - | same "own, packed"

# A table, other machines, ways, releases.
"$FAULTLINE" replay "$work/t.own" --machine m1 --release macos-15.4 --memory wire >"$work/table" ||
    complain "m1: exit $?"
for text in 'macos-15.4 on m1, 4 CPUs, pages of 16 KiB, memory wire' 'L2 TLB misses (walks)' 'hot pages' \
    'per 1,000 instructions' 'cost '; do
    grep -qF "$text" "$work/table" || complain "no '$text' in the table"
done
"$FAULTLINE" replay "$work/t.own" --limit 1000 --json --quiet | grep -q '"pages": ' || complain "no limit"

# --skip: by the index of a file, and by reading through a pipe, to the same end; most of the blocks are passed over.
for i in 1 2 3 4 5 6 7 8; do cat "$work/t.din"; done >"$work/long.din"
"$FAULTLINE" replay "$work/long.din" --convert "$work/long.own" >/dev/null || complain "no conversion"
for skip in 1 123456 213000; do
    numbers "$work/long.own" --skip $skip >"$work/sought"
    numbers - --skip $skip <"$work/long.own" | cmp -s - "$work/sought" || complain "--skip $skip: another end by the index"
    numbers "$work/long.din" --skip $skip | cmp -s - "$work/sought" || complain "--skip $skip: another end by din"
    left=$(sed -n 's/.*"fetches": \([0-9]*\), "loads": \([0-9]*\), "stores": \([0-9]*\),.*/\1 + \2 + \3/p' "$work/sought")
    [ "$(($left))" = $((8 * 26667 - skip)) ] || complain "--skip $skip: $left references are left"
done
# A trace may take the place of what it is made of; what fails leaves the file that was there, and nothing beside it.
cp "$work/long.own" "$work/itself.own"
"$FAULTLINE" replay "$work/itself.own" --convert "$work/itself.own" >/dev/null && cmp "$work/itself.own" "$work/long.own" ||
    complain "a trace in its own place"
head -c 3000 "$work/t.own" >"$work/short.own"
"$FAULTLINE" replay "$work/short.own" --convert "$work/itself.own" >/dev/null 2>&1 && complain "half a trace was converted"
"$FAULTLINE" replay "$work/t.own" --skip 99999 --convert "$work/itself.own" >/dev/null 2>&1 && complain "all was passed over"
cmp "$work/itself.own" "$work/long.own" || complain "a conversion that failed destroyed what was there"
(cd "$work" && "$FAULTLINE" replay t.din --convert - >/dev/null && [ ! -e ./- ]) || complain "- is a file"
[ -z "$(find "$work" -name '*.part')" ] || complain "left: $(find "$work" -name '*.part')"
if command -v strace >/dev/null; then
    strace -f -e trace=pread64,preadv -o "$work/reads" "$FAULTLINE" replay "$work/long.own" --skip 213000 --quiet >/dev/null
    [ "$(grep -c ' = 65536$' "$work/reads")" -lt 3 ] || complain "the whole file was read: $(cat "$work/reads")"
fi

# Bad lines: counted, ten shown with their numbers; --strict ends.
{ head -5 "$work/t.lackey" && seq 100 112 | sed 's/^/line /' && tail -n +6 "$work/t.lackey"; } >"$work/bad"
"$FAULTLINE" replay "$work/bad" --json --quiet >"$work/out" 2>"$work/said" || complain "bad lines: exit $?"
grep -q '"bad_lines": 13' "$work/out" || complain "bad lines are not counted"
[ "$(grep -c ': no reference of lackey: line 1' "$work/said")" = 10 ] || complain "shown: $(cat "$work/said")"
grep -q "bad:6: no reference of lackey: line 100" "$work/said" || complain "line numbers: $(cat "$work/said")"

refuse() {
    text=$1
    shift
    said=$("$FAULTLINE" replay "$@" --quiet 2>&1)
    code=$?
    [ $code = 2 ] && [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || complain "$*: exit $code: $said"
    case $said in *"$text"*) ;; *) complain "$*: no '$text' in: $said" ;; esac
}
refuse 'bad:6: no reference' "$work/bad" --strict
: >"$work/empty"
head -c 3000 "$work/t.lackey.gz" >"$work/cut.gz"
head -c 3000 "$work/t.own" >"$work/cut.own"
head -c 1000 "$work/t.champsim" >"$work/cut.champsim"
head -c 100000 "$FAULTLINE" >"$work/binary"
printf ' L ffff800000000000,4\n' >"$work/kernel"
refuse 'has no reference' "$work/empty"
refuse 'ends early: what was packed is cut off' "$work/cut.gz"
[ ! -e "$work/cut.zst" ] || refuse 'ends early: what was packed is cut off' "$work/cut.zst"
refuse 'ends early: its index is missing' "$work/cut.own"
refuse 'in the middle of a 64-byte record' "$work/cut.champsim" --format champsim
refuse 'has no line that is a reference' "$work/binary"
refuse 'outside of what skylake' "$work/kernel"
refuse 'cannot be read' "$work/nowhere"
refuse 'is a directory' "$work"
refuse 'cannot be written' "$work/t.own" --convert /nonexistent/x
refuse '--memory eager' "$work/t.own" --memory eager
refuse '--format pdf' "$work/t.own" --format pdf
refuse '--region' "$work/t.own" --region 3K
refuse '--skip passes over all of its 26667 references' "$work/t.own" --skip 99999
refuse "'--skip' needs a number" "$work/t.own" --skip none
refuse 'needs a trace'
# One line of more than 4 GiB, in a process that may not have a tenth of it.
(
    ulimit -v 400000 2>/dev/null
    case $(ulimit -v) in unlimited) exit 0 ;; esac
    python3 -c '
import sys
block = b"x" * (1 << 20)
for i in range(4097):
    sys.stdout.buffer.write(block)
' | "$FAULTLINE" replay - --quiet >"$work/said" 2>&1
    [ $? = 2 ] && grep -q 'has no line that is a reference' "$work/said"
) || { case $("$FAULTLINE" version 2>&1; cat "$work/said") in *Sanitizer*) ;; *) complain "a long line: $(cat "$work/said")" ;; esac }
exit $failed
