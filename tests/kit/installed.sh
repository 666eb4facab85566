# Installs what was built, builds the example project from the prefix with CXX (and C through
# pkg-config), and holds the tests of its driver: red as it was written, green when it is cured.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { printf '%s\n' "$@"; exit 1; }

cmake --install "$BUILD" --prefix "$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
{ CC=$1 CXX=$2 cmake -G Ninja -S "$SOURCE/tests/examples/user_client" -B "$work/build" \
      -DCMAKE_PREFIX_PATH="$work/prefix" && cmake --build "$work/build"; } >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }

"$work/build/summer_cured" >"$work/green" 2>&1 || { cat "$work/green"; fail "the cure is not green"; }
! "$work/build/summer" >"$work/red" 2>&1 || fail "the bug is not red"
line=$(grep -n 'the fault' "$SOURCE/tests/examples/user_client/Summer.cpp" | cut -d: -f1)
for text in "Summer.cpp:$line: load of kernel memory" "fault-in-restricted-context" \
    "type = 14=page fault" "wireRange(kIODirectionIn, 0, map->getLength())" \
    "release macos-15.4" "[       OK ] small_input_comes_inline"; do
    grep -qF -- "$text" "$work/red" || { cat "$work/red"; fail "\"$text\" is missing"; }
done
FAULTLINE_PROFILE=macos-10.11 "$work/build/summer_cured" >"$work/old" 2>&1 ||
    { cat "$work/old"; fail "the cure is not green on 10.11"; }

# A plain C program finds the kit by pkg-config.
cat >"$work/plain.c" <<'C'
#include <faultline/native.h>
int main(void) { faultline_world_t *w = faultline_start(0); faultline_stop(w); return w == 0; }
C
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name faultline.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
"$1" "$work/plain.c" -o "$work/plain" $(pkg-config --define-variable=prefix="$work/prefix" --cflags --libs faultline)
"$work/plain"
