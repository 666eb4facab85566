# soak.sh BUILD [MINUTES] - see soak.py
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
exec python3 "$root/tests/soak/soak.py" "$1" "$root" "${2:-10}"
