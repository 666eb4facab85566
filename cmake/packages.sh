# packages.sh - finding and installing Debian packages, for ./run, which reads this file
#
# In: $packages, names with a library's pkg-config name behind a colon; $root; trouble(). Out: $missing.

# We ask for what a package brings, not for its name, so that other ways to install it count too.
has() {
    case $1 in
    *:*) pkg-config --exists "${1#*:}" ;;
    gcc | g++ | cmake | pkg-config | python3 | clang | clang-format | clang-tidy | parallel | chromium | npm | mandoc) command -v "$1" ;;
    ninja-build) command -v ninja ;;
    llvm) command -v llvm-ar && command -v llvm-ranlib ;;
    lld) command -v wasm-ld && command -v ld.lld ;;
    nodejs) command -v node ;;
    libc6-dev) echo '#include <stdio.h>' | gcc -E - ;;
    *) dpkg-query -W -f '${Status}' "$1" | grep -q ' installed$' ;;
    esac >/dev/null 2>&1
}

find_missing() {
    missing=
    for package in $packages; do has "$package" || missing="$missing ${package%%:*}"; done
}

# What apt says stays in a file: it is long, and it names servers that are nobody's business.
install_missing() {
    line="apt-get update && apt-get install -y --no-install-recommends$missing"
    command -v apt-get >/dev/null || trouble "please install (Debian's names):$missing"
    [ "$(id -u)" = 0 ] && as_root= || as_root=sudo
    [ -z "$as_root" ] || command -v sudo >/dev/null ||
        trouble "packages are missing; as root, please run:" "$line"
    # Old package lists may do when new ones cannot be had, so only the second step decides.
    { $as_root apt-get update || :
      $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
          $missing; } >"$root/build/packages.log" 2>&1 </dev/null ||
        trouble "this failed, build/packages.log says why:" "$line"
    find_missing
    [ -z "$missing" ] || trouble "installed, but still out of reach:$missing"
}
