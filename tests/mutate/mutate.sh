# mutate.sh BUILD [MINUTES] [--seed N] [--files GLOB] - see mutate.py
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
shift
exec python3 "$root/tests/mutate/mutate.py" "$root" "$@"
