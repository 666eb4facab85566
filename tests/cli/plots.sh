# results --svg and --html: well-formed pictures with labels and units, the same bytes each time, and
# one line about what cannot be drawn.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "$*" && failed=1; }

cat >"$work/grid<&>.scn" <<'GRID'
param n       = 1 4 16 64
param touched = 0% 50% 100%
param how     = lazy wire
each macos-10.11 macos-15.4
app = task
b   = allocate app ${n}p
fill b
md  = descriptor b direction=out
prepare md
m   = map md kernel
when how is wire: wire m in
when how is lazy: load m ${n*touched}p
report faults faults
when how is wire: unwire m
GRID
"$FAULTLINE" sweep "$work/grid<&>.scn" -o "$work/r.db" --quiet >/dev/null || complain "no sweep"

# draw NAME OPTIONS...
draw() {
    name=$1
    shift
    "$FAULTLINE" results "$work/r.db" --svg "$work/$name.svg" "$@" || complain "$name: exit $?"
    python3 - "$work/$name.svg" <<'CHECK' || complain "$name: no picture"
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
assert root.get("width") == "600", root.attrib
texts = ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]
assert "grid<&>.scn" in texts, texts
for e in root.iter():
    for key in ("x", "cx", "x1", "x2"):
        assert 0 <= float(e.get(key, 0)) <= 600, (e.tag, e.attrib)
CHECK
}
has() { grep -q -- "$2" "$work/$1.svg" || complain "$1: no '$2'"; }

draw line --value faults --x n --y how
has line '>n<' && has line 'faults (count; band: least to most)' && has line '>wire<' && has line '>64<'
draw line2 --value faults
cmp -s "$work/line.svg" "$work/line2.svg" || complain "what is chosen by itself is another picture"
draw heat --plot heat --value faults --x n --y touched how=lazy
has heat 'touched (%)' && has heat '>100%<' && has heat 'how=lazy'
draw even --plot break-even --value faults --x n --y touched --versus how=lazy,wire
has even 'lazy / wire'
draw words --x how --value faults
has words '>lazy<'
"$FAULTLINE" results "$work/r.db" --html "$work/page.html" --value faults || complain "no page"
for text in '<svg' '<title>grid&lt;&amp;&gt;.scn' 'point,n,touched,how'; do
    grep -q "$text" "$work/page.html" || complain "page: no '$text'"
done

refuse() {
    text=$1
    shift
    said=$("$FAULTLINE" results "$work/r.db" "$@" 2>&1)
    code=$?
    [ $code = 2 ] && [ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || complain "$*: exit $code: $said"
    case $said in *"$text"*) ;; *) complain "$*: no '$text' in: $said" ;; esac
}
refuse "'line', 'heat'" --svg "$work/x.svg" --plot pie
refuse 'no parameter' --svg "$work/x.svg" --x nothing
refuse 'two axes' --svg "$work/x.svg" --x n --y n
refuse "no row has a value 'nothing'" --svg "$work/x.svg" --value nothing
refuse 'NAME=A,B' --svg "$work/x.svg" --plot break-even --versus how=lazy
refuse 'NAME=A,B' --svg "$work/x.svg" --plot break-even --versus how=lazy,never
refuse 'cannot be written' --svg /nonexistent/x.svg
refuse 'nothing varies' --svg "$work/x.svg" n=99
exit $failed
