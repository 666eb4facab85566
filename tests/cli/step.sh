# faultline step: a transcript is plain and the same each time; back shows exactly what was; a
# terminal gets a screen that fits it
set -eu
no() { if "$@"; then exit 1; fi; } # `!` is none of what set -e looks at
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >s.scn <<'S'
each macos-10.11
app = task
buf = allocate app 4p
load buf 2p
nofault spin-lock { load buf+8192 }
expect finding fault-in-restricted-context
S
step() { "$FAULTLINE" step "$@" s.scn; }

# What each command shows; what changed has a star.
cat >script <<'S'
# a comment, and an empty line

until PMAP_ENTER
next 3
objects
back-until PMAP_ENTER
walk
last
tlb
frob
quit
next
S
cat >expected <<'S'
> until PMAP_ENTER
8/13 line 4 PMAP_ENTER space 1 va 0x100000000 ppn 3 prot 3 detail 0
  a translation was made or changed
* app (space 1)
*   100000000 4p rw- wired 0 obj 1 ptes 1 buf
*       T...
* kernel (space 0)
> next 3
11/13 line 4 PMAP_ENTER space 1 va 0x100001000 ppn 7 prot 3 detail 0
  a translation was made or changed
  app (space 1)
*   100000000 4p rw- wired 0 obj 1 ptes 2 buf
*       TT..
  kernel (space 0)
> objects
11/13 line 4 PMAP_ENTER space 1 va 0x100001000 ppn 7 prot 3 detail 0
  a translation was made or changed
* object 1 refs 1 pages 2 of 4 wired 0 symmetric
S
step --script script >out
head -n "$(wc -l <expected)" out | diff -u expected -
grep -qxF '> quit' out
no grep -qxF '> next' out
grep -qxF "unknown command 'frob': help" out
no grep -q "$(printf '\033')" out

# The same from standard input, and the same again.
step <script | cmp - out

# What is no number, or is too large for one, moves nothing and is told.
printf 'go 5\nnext abc\nback 1x\ngo\ngo end\nframe\nframe 99999999999\nwalk 0x1000 99999999999\nwalk\n' | step >out
for said in "next takes a number, not 'abc'" "back takes a number, not '1x'" "go needs a number: go 12" \
    "go takes a number, not 'end'" "frame needs a number: frame 12" "frame takes a number, not '99999999999'"; do
    grep -qxF "$said" out || { echo "not said: $said"; exit 1; }
done
[ "$(grep -c '^5/13 ' out)" = 9 ] || { cat out; exit 1; }
grep -qxF 'walk needs an address: walk 0x100000000 1' out

# A script from an editor of another system.
printf 'last\r\ntlb\r\n' | step | grep -qxF '> tlb'
printf 'last\r\n' | step >out
if grep -q unknown out; then exit 1; fi

# Another machine, another size of pages: 16 KiB hold what was four.
printf 'app = task\nbuf = allocate app 64K\nfill buf\n' >m.scn
printf 'last\n' | "$FAULTLINE" step --machine m1 m.scn | grep -qF ' 4p rw- '
printf 'last\n' | "$FAULTLINE" step m.scn | grep -qF ' 16p rw- '

# The state of one event as JSON; docs/json.md has its keys.
step --json --at 8 | grep -qF '"event": 8'
step --json | grep -qF '"event": 13'
step --json --at 99 | grep -qF '"event": 13'
for bad in "--at 3" "--json --script script" "--json --at 0"; do
    code=0; step $bad >out 2>err || code=$?
    [ "$code" = 2 ]
    [ ! -s out ]
    [ "$(wc -l <err)" = 1 ]
done

# Forward to the end and back: the same states in reverse (the stars and the commands left out).
python3 - "$FAULTLINE" <<'P'
import re, subprocess, sys

def states(commands):
    text = subprocess.run([sys.argv[1], "step", "s.scn"], input="\n".join(commands) + "\n",
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return [re.sub(r"^[* ] ", "", block.split("\n", 1)[1], flags=re.M)
            for block in re.split(r"^> ", text, flags=re.M)[1:]]

for view in ("maps", "objects", "walk", "tlb", "counters"):
    seen = states([view, "first"] + ["next"] * 12 + ["back"] * 12)[1:]
    assert len(seen) == 25 and seen[:12] == seen[:12:-1], view
    assert len(set(seen[:13])) == 13, view
P

# On a terminal: keys, a resize, and the terminal as it was.
python3 - "$FAULTLINE" <<'P'
import fcntl, os, pty, re, select, struct, sys, termios

def screen(text):
    return re.sub(r"\033\[[?0-9]*[A-Za-z]", "", text.split("\033[H")[-1])

try:
    pid, tty = pty.fork()
except OSError as why:
    print(f"all held but the screen, which was not looked at: {why}")
    sys.exit(77) # ctest calls that skipped
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], [sys.argv[1], "step", "s.scn"])
all_of_it = ""
def until(wanted):
    global all_of_it
    while wanted not in screen(all_of_it):
        ready, _, _ = select.select([tty], [], [], 60)
        assert ready, f"no {wanted!r} in {screen(all_of_it)!r}"
        all_of_it += os.read(tty, 65536).decode()
def size(rows, columns):
    fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

until("1/13 line 2 MAP_ENTER")
size(24, 80)
until("q: quit")
os.write(tty, b"\033[C\033[C")
until("3/13 line 4")
os.write(tty, b"\033[D")
until("2/13 line 3")
os.write(tty, b":until FAULT_REFUSED\r")
until("13/13 line 5 FAULT_REFUSED")
size(10, 40)
until("\r\n")
os.write(tty, b"t")
until("cpu 0 space")
def lines():
    return screen(all_of_it).split("\r\n")
for rows, columns in (24, 80), (60, 200), (10, 40): # every line is drawn, and none too long
    size(rows, columns)
    while len(lines()) != rows or not lines()[-1].startswith("arrows"):
        ready, _, _ = select.select([tty], [], [], 60)
        assert ready, (rows, columns, lines())
        all_of_it += os.read(tty, 65536).decode()
    assert all(len(line) <= columns for line in lines()), (rows, columns, lines())
os.write(tty, b"q")
try:
    while True:
        piece = os.read(tty, 65536).decode()
        if not piece:
            break
        all_of_it += piece
except OSError: # Linux says so when the other side is gone
    pass
assert os.waitpid(pid, 0)[1] == 0
assert all_of_it.startswith("\033[?1049h") and all_of_it.endswith("\033[?1049l"), all_of_it[-40:]
P
