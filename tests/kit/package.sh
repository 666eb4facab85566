# A .deb and the sources as packages: the .deb, unpacked, tells the story and serves a driver's test; its
# dependencies are declared; the sources are those of the tree.
set -eu
for tool in cpack dpkg-deb dpkg-shlibdeps file; do command -v "$tool" >/dev/null || exit 77; done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { printf '%s\n' "$@"; exit 1; }

cpack --config "$BUILD/CPackConfig.cmake" -G DEB -B "$work/deb" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
package=$(echo "$work"/deb/*.deb)
dpkg -x "$package" "$work/root"
program=$work/root/usr/bin/faultline
share=$work/root/usr/share
cd "$work"

# What nobody put beside it, it finds in itself.
"$program" >story 2>&1 || { cat story; fail "no story"; }
grep -q '^macos-15.4..macos-15.5  *panics p.0' story || { cat story; fail "the story has no table"; }
"$program" run --quiet "$share"/faultline/scenarios/way*.scn >run 2>&1 || { cat run; fail "a scenario fails"; }
[ "faultline $(dpkg-deb -f "$package" Version)" = "$("$program" --version | head -n 1)" ] || fail "two versions"
for page in man1/faultline.1 man5/faultline-scenario.5 man3/faultline-vmk.3; do
    gzip -cd "$share/man/$page.gz" | grep -q '^\.Nm' || fail "$page is missing"
done
dpkg-deb -f "$package" Maintainer | grep -qE '^[^<]+ <[^@ ]+@[^> ]+>$' || fail "no maintainer"
grep '^## ' "$share/doc/faultline/CHANGELOG.md" | head -n 1 | grep -q "^## $(dpkg-deb -f "$package" Version)\(,\|$\)" ||
    fail "CHANGELOG.md begins with another version"
gzip -cd "$share/doc/faultline/changelog.gz" | dpkg-parsechangelog -l- -S Version | grep -qxF "$(dpkg-deb -f "$package" Version)" ||
    fail "the changelog has another version"
for file in bash-completion/completions/faultline fish/vendor_completions.d/faultline.fish \
    zsh/vendor-completions/_faultline doc/faultline/copyright doc/faultline/docs/limits.md \
    doc/faultline/examples/tutorial/Parity.cpp doc/faultline/docs/pictures/reachable_under_the_lock.svg; do
    [ -s "$share/$file" ] || fail "$file is missing"
done

# Whatever it links against has its package among the dependencies.
depends=$(dpkg-deb -f "$package" Depends)
for object in "$program" "$work"/root/usr/lib/*.so; do
    ldd "$object" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do
        case $library in "$work"/*) continue ;; esac
        # What a library needs itself is its own package's to say.
        readelf -d "$object" | grep -qF "[${library##*/}]" || continue
        # Debian's lists say /lib or /usr/lib of the same file.
        owner=$(dpkg -S "$library" "/usr$library" "${library#/usr}" 2>/dev/null | sed -n '1s/:.*//p')
        case ", $depends" in *", $owner ("* | *", $owner,"*) ;; *) fail "$owner is no dependency: $depends" ;; esac
    done
done

# pkg-config finds the kit where the package is, and a program of ours runs on it.
cat >plain.c <<'C'
#include <faultline/native.h>
int main(void) { faultline_world_t *w = faultline_start(0); faultline_stop(w); return w == 0; }
C
PKG_CONFIG_PATH=$(dirname "$(find "$work/root" -name faultline.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
cc plain.c -o plain $(pkg-config --cflags --libs faultline)
LD_LIBRARY_PATH=$work/root/usr/lib ./plain

# The sources: every file of the tree, and no build.
cpack --config "$BUILD/CPackSourceConfig.cmake" -G TGZ -B "$work/tgz" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
export LC_ALL=C
tar -tzf "$work"/tgz/*.tar.gz | sed 's,^[^/]*/,,' | grep -v '/$\|^$' | sort >packed
for file in run CMakeLists.txt LICENSE vmmodel/hooks/vmk.h sim/cmd/cmd_main.c tests/kit/package.sh; do
    grep -qxF "$file" packed || fail "$file is not among the sources"
done
! grep '^build/\|^\.git/' packed || fail "more than sources"
if git -C "$SOURCE" ls-files >listed 2>/dev/null && [ -s listed ]; then
    # A file that is listed may have gone from the folder.
    sort listed | while read -r file; do [ ! -e "$SOURCE/$file" ] || echo "$file"; done >there
    [ -z "$(comm -23 there packed)" ] || fail "not among the sources:" "$(comm -23 there packed)"
fi
