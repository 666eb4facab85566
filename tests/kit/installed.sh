# Installs what was built and uses it as others would, with CC and CXX: the example projects (a driver's
# core in C; a user-client kext, red as it was written and green when it is cured; the tutorial), the names
# that drivers use, and pkg-config.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { printf '%s\n' "$@"; exit 1; }
export CC=$1 CXX=$2
examples=$SOURCE/tests/examples

cmake --install "$BUILD" --prefix "$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
build() { # NAME FOLDER OPTIONS...
    name=$1 folder=$2
    shift 2
    { cmake -G Ninja -S "$folder" -B "$work/$name" -DCMAKE_PREFIX_PATH="$work/prefix" "$@" &&
        cmake --build "$work/$name"; } >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}

# A kext: the bug is red with its line, the cure is green here and on an old release.
build summer "$examples/user_client"
"$work/summer/summer_cured" >"$work/green" 2>&1 || { cat "$work/green"; fail "the cure is not green"; }
! "$work/summer/summer" >"$work/red" 2>&1 || fail "the bug is not red"
line=$(grep -n 'the fault' "$examples/user_client/Summer.cpp" | cut -d: -f1)
for text in "Summer.cpp:$line: load of kernel memory" "fault-in-restricted-context" \
    "type = 14=page fault" "wireRange(kIODirectionIn, 0, map->getLength())" \
    "release macos-15.4" "[       OK ] small_input_comes_inline"; do
    grep -qF -- "$text" "$work/red" || { cat "$work/red"; fail "\"$text\" is missing"; }
done
FAULTLINE_PROFILE=macos-10.11 "$work/summer/summer_cured" >"$work/old" 2>&1 ||
    { cat "$work/old"; fail "the cure is not green on 10.11"; }

# Each call that can fail is made to: the cured driver handles all, a careless one is found.
FAULTLINE_INJECT=all "$work/summer/summer_cured" >"$work/all" 2>&1 ||
    { cat "$work/all"; fail "a failure is not handled"; }
[ "$(grep -c 'calls were made to fail, 0 of them were not handled' "$work/all")" = 2 ] ||
    { cat "$work/all"; fail "not every test was run with failures"; }
! FAULTLINE_INJECT=all "$work/summer/summer_careless" >"$work/careless" 2>&1 ||
    fail "a failure that nobody handles is not found"
for text in "not handled: allocation fails" "not handled: map fails" "Summer.cpp"; do
    grep -qF -- "$text" "$work/careless" || { cat "$work/careless"; fail "\"$text\" is missing"; }
done

# A driver's core in C, statically and with the shared library; the model alone.
build core "$examples/driver_core"
ctest --test-dir "$work/core" --output-on-failure --output-junit "$work/junit.xml" >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
grep -q '<testcase name="ring"' "$work/junit.xml" || fail "no JUnit"
[ -e "$work/core/test_ring_shared" ] || [ ! -e "$BUILD/sim/libfaultline.so" ] || fail "the shared library is not installed"

# A project without C++ is told, and one with folders of its own finds its headers.
mkdir -p "$work/own_project/src" "$work/own_project/include"
cp "$examples/tutorial/Parity.cpp" "$examples/tutorial/fold.c" "$work/own_project/src"
cp "$examples/tutorial/fold.h" "$work/own_project/include"
echo 'int main(void) { return 0; }' >"$work/own_project/test.c"
own() { # LANGUAGES
    cat >"$work/own_project/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.16)
project(own LANGUAGES $1)
enable_testing()
find_package(Faultline REQUIRED)
faultline_add_kext_test(own SOURCES src/Parity.cpp src/fold.c TEST test.c)
target_include_directories(own_kext PRIVATE include)
CMAKE
}
own C
! (build own "$work/own_project") >"$work/said" 2>&1 || fail "a kext is compiled without C++"
grep -q 'write CXX among' "$work/said" || { cat "$work/said"; fail "no word about C++"; }
own "C CXX"
build own "$work/own_project"

# The names that drivers use compile against the installed headers, also as C++11.
build names "$examples/names" -DNAMES="$SOURCE/tests/kit/kext/surface.cpp;$SOURCE/tests/kit/kext/drivers.cpp"

# The tutorial, word by word.
gcov=gcov
[ "$CC" = gcc ] || gcov="llvm-cov gcov"
command -v ${gcov%% *} >/dev/null || gcov="llvm-cov-14 gcov"
GCOV=$(command -v "${gcov%% *}")${gcov#"${gcov%% *}"} \
    python3 "$SOURCE/tests/kit/tutorial.py" "$SOURCE/docs/tutorial-driver.md"

# A plain C program finds the kit by pkg-config.
cat >"$work/plain.c" <<'C'
#include <faultline/native.h>
int main(void) { faultline_world_t *w = faultline_start(0); faultline_stop(w); return w == 0; }
C
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name faultline.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
"$CC" "$work/plain.c" -o "$work/plain" $(pkg-config --define-variable=prefix="$work/prefix" --cflags --libs faultline)
LD_LIBRARY_PATH=${PKG_CONFIG_PATH%/pkgconfig} "$work/plain"

# What the shared library shows has its prefix, and its name a version.
library=$(find "$work/prefix" -name libfaultline.so)
if [ -n "$library" ]; then
    readelf -d "$library" | grep -q 'soname: \[libfaultline.so.0\]' || fail "no soname"
    others=$(nm -D --defined-only "$library" | awk '{ print $3 }' |
        grep -v '^vmk_\|^faultline_\|^sigaction$\|^signal$\|^__sysv_signal$' || true)
    [ -z "$others" ] || fail "the shared library shows $others"
fi
