# json.sh PROGRAM SCENARIO - what --json prints is JSON, and the run is clean with it too
set -eu
text=$(mktemp)
trap 'rm -f "$text"' EXIT
"$1" run --json "$2" >"$text"
python3 -m json.tool "$text" >/dev/null
