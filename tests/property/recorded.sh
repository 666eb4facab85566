# recorded.sh PROGRAM FILE [--write] - the digest of 50,000 random calls is the one that was recorded
set -eu
found=$("$1" 50000 | sed -n 's/.*digest //p')
[ -n "$found" ] || exit 1
if [ "${3-}" = --write ]; then printf '%s\n' "$found" >"$2"; fi
[ "$found" = "$(cat "$2")" ] ||
    { echo "digest $found, recorded $(cat "$2"); if that is meant: cmake --build --preset release -t record"; exit 1; }
