# check.sh BUILD [WORDS...] - before a commit: format, tidy, shape and tests, and the same under asan
#
# WORDS go to ctest, as in `./run check -R vm`. clang-tidy looks at the files that differ from the last
# commit, as it takes seconds for each.
set -eu
build=$1
shift
cd "$(dirname "$0")/.."
began=$(date +%s)
step() { printf '\n== %s (%d s so far)\n' "$*" $(($(date +%s) - began)); }

step format
find vmmodel sim tests bench \( -name '*.c' -o -name '*.h' -o -name '*.cpp' \) -print0 |
    xargs -0 clang-format --dry-run -Werror

step "tidy"
changed=$({ git diff --name-only --diff-filter=d HEAD && git ls-files --others --exclude-standard; } 2>/dev/null |
    grep '\.c$' | sort || :)
if ! git rev-parse HEAD >/dev/null 2>&1; then
    echo "left out: what has changed is git's to say, and this is no checkout of its"
elif [ -z "$changed" ]; then
    echo "no .c file differs from the last commit"
else
    # shellcheck disable=SC2086
    clang-tidy -p "$build" --quiet $changed
fi

step "shape and tests"
ctest --preset release "$@"

step "the same under asan and ubsan"
mkdir -p build
{ cmake --preset asan && cmake --build --preset asan; } >build/asan.log 2>&1 || { cat build/asan.log; exit 1; }
ctest --preset asan -E '[.](json|twice)$|^shape' "$@"

step "ready for a commit"
