# Whatever is wrong with words or files: one clear line on stderr, nothing on stdout, exit 2.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failures=0

# refuse WHAT-STDERR-SAYS WORD...
refuse() {
    says=$1
    shift
    code=0
    "$FAULTLINE" "$@" >out 2>err </dev/null || code=$?
    if [ "$code" != 2 ] || [ -s out ] || [ "$(wc -l <err)" != 1 ] || ! grep -qF -- "$says" err; then
        printf 'FAILED: faultline %s\n  exit %s, stderr should say: %s\n' "$*" "$code" "$says"
        cat out err
        failures=$((failures + 1))
    fi
}

printf 'app = task\n' >good.scn
printf '' >empty.scn
printf 'app = task\nbuf = allocate app 18446744073709551616\n' >overflow.scn
printf 'app = task\nbuf = allocate app 0x10000000000000p\n' >pages.scn
printf 'app = task\nbuf = allocate app 64K\nnofault spin-lock {\n    load buf' >truncated.scn
printf 'app = tas' >truncated_word.scn
head -c 4096 "$FAULTLINE" >binary.scn
head -c 100000000 /dev/zero | tr '\0' 'a' >long_line.scn
printf 'title "a\nb"\n' >open_string.scn
mkdir folder.scn
printf 'app = task\n' >locked.scn
printf 'title "t"\nshedule "0"\napp = task\n' >late.scn

refuse "unknown verb 'rum': did you mean 'run'?" rum
refuse "unknown verb 'swep': did you mean 'sweep'?" swep # as near to "step"
refuse "unknown verb ''" ''
refuse "unknown option '--jsom' of 'run': did you mean '--json'?" run --jsom good.scn
refuse "'--json' takes no value" run --json=yes good.scn
refuse "'--profile' needs a value" run good.scn --profile
refuse "unknown profile 'macos-10.111': did you mean 'macos-10.11'?" run --profile macos-10.111 good.scn
refuse "unknown profile 'windows'" profiles show windows
refuse "'profiles show' needs a name" profiles show
refuse "'profiles' does not know 'macos-11'" profiles macos-11
refuse "does not know what to do with 'more'" story more
refuse "run" run
refuse "/nonexistent: " run /nonexistent
refuse "folder.scn: " run folder.scn
refuse "binary.scn:" run binary.scn
refuse "long_line.scn: " run long_line.scn
refuse "empty.scn: the file is empty" run empty.scn
refuse "overflow.scn:2:20: the number needs more than 64 bits" run overflow.scn
refuse "pages.scn:2:20: the number needs more than 64 bits" run pages.scn
refuse "truncated.scn:3:1: the block that begins here is never closed" run truncated.scn
refuse "truncated_word.scn:1:7: unknown operation 'tas': did you mean 'task'?" run truncated_word.scn
refuse "open_string.scn:1:7: the string has no end" run open_string.scn
refuse "-: the file is empty" run -
refuse "/nonexistent: " run --json /nonexistent
for verb in stat vmmap; do
    refuse "'$verb' needs a file: faultline $verb FILE" $verb
    refuse "/nonexistent: " $verb /nonexistent
    refuse "truncated_word.scn:1:7: unknown operation 'tas'" $verb --json truncated_word.scn
    refuse "does not know what to do with 'good.scn'" $verb good.scn good.scn
    refuse "good.scn: nothing happens on line 2: name a line with a statement, the last one is 1" \
        $verb --at 2 good.scn
    refuse "'--at' needs a number from 1 on, not '0'" $verb --at 0 good.scn
    refuse "'--at' needs a number from 1 on, not '99999999999'" $verb --at 99999999999 good.scn
    refuse "'--at' needs a number from 1 on, not 'end'" $verb --at=end good.scn
    refuse "unknown option '--jsno' of '$verb': did you mean '--json'?" $verb --jsno good.scn
    refuse "unknown profile 'macos-16'" $verb --profile macos-16 good.scn
done
refuse "'explain' needs a word: 'faultline explain --list' has them all" explain
refuse "nothing is called 'vm-t55': did you mean 'vm-t5'?" explain vm-t55
refuse "nothing is called 'PMAP_ENTR': did you mean 'PMAP_ENTER'?" explain PMAP_ENTR
refuse "nothing is called '0x7777777': 'faultline explain --list' has every word" explain 0x7777777
refuse "nothing is called '-99': 'faultline explain --list' has every word" explain -99
refuse "does not know what to do with 'vm-t2'" explain vm-t1 vm-t2
refuse "does not know what to do with 'vm-t1'" explain -536870206 vm-t1
refuse "unknown verb 'explian': did you mean 'explain'?" explian vm-t1
refuse "truncated_word.scn:1:7: unknown operation 'tas'" shrink truncated_word.scn
refuse "/nonexistent: cannot be read" shrink /nonexistent
refuse "good.scn: nothing goes wrong" shrink good.scn
refuse "--schedule: 'zz' is no schedule's id" shrink --schedule zz good.scn
refuse "--schedule: 'zz' is no schedule's id" explore --schedule zz good.scn
refuse "--long goes with --small" explore --long good.scn
refuse "--events goes with --schedule" explore --events good.scn
refuse "faultline: empty.scn: the file is empty" sweep empty.scn -o r.db --quiet
refuse "--shard 3/18446744073709551615" sweep good.scn -o r.db --shard 3/18446744073709551615
refuse "late.scn:2:1: unknown operation 'shedule': did you mean 'schedule'?" run late.scn
refuse "'matrix' needs a file: faultline matrix FILE" matrix
refuse "/nonexistent: " matrix /nonexistent
refuse "truncated_word.scn:1:7: unknown operation 'tas'" matrix --json truncated_word.scn
refuse "does not know what to do with 'good.scn'" matrix good.scn good.scn
refuse "unknown option '--profile' of 'matrix'" matrix --profile macos-11 good.scn
refuse "'step' needs a file: faultline step FILE" step
refuse "/nonexistent: " step /nonexistent
refuse "/nonexistent: cannot be read" step --script /nonexistent good.scn
refuse "truncated_word.scn:1:7: unknown operation 'tas'" step truncated_word.scn
refuse "'report' needs a file: faultline report FILE -o OUT.html" report
refuse "'report' needs a place to write: faultline report FILE -o OUT.html" report good.scn
refuse "/nonexistent: " report /nonexistent -o out.html
refuse "truncated_word.scn:1:7: unknown operation 'tas'" report truncated_word.scn -o out.html
refuse "unknown profile 'macos-16'" report --profile macos-16 good.scn -o out.html
refuse "unknown verb 'vmap': did you mean 'vmmap'?" vmap good.scn
refuse "unknown verb 'vm_stat'" vm_stat good.scn

# A name with a line end in it stays on one line.
refuse '/no such' run '/no such
file'

[ "$failures" = 0 ]
