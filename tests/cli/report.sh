# faultline report: the page has the scenario in it; a build without the page says what to do.
set -eu
no() { if "$@"; then exit 1; fi; } # `!` is none of what set -e looks at
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

printf 'title "</script>"\napp = task\n' >s.scn
code=0
"$FAULTLINE" report s.scn -o out.html 2>err || code=$?
if [ "$code" = 2 ]; then
    grep -qF "this build has no page in it: './run page' puts it in" err
    [ ! -e out.html ]
    exit 0
fi
[ "$code" = 0 ]
[ ! -s err ]
[ "$(wc -c <out.html)" -lt 1000000 ]
grep -qF '{"file": "s.scn", "text": "title \"\u003c/script>\"\napp = task\n", "profile": null, "machine": null, "live": false}' out.html
no grep -qF '@GIVEN@' out.html

# The same bytes to standard output, and the release that was asked for.
"$FAULTLINE" report s.scn -o - | cmp - out.html
"$FAULTLINE" report --profile macos-11 s.scn -o - | grep -qF '"profile": "macos-11", "machine": null, "live": false}'

# Nothing is left behind where nothing can be written.
code=0
"$FAULTLINE" report s.scn -o /nonexistent/out.html 2>err || code=$?
[ "$code" = 2 ]
grep -qF '/nonexistent/out.html: cannot be written: no such file or directory' err
code=0
"$FAULTLINE" report --machine m11 s.scn -o m.html 2>err || code=$?
[ "$code" = 2 ]
[ ! -e m.html ]
grep -qF "the page knows no machine 'm11': did you mean 'm1'?" err
