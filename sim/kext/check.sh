# check.sh BUILD - makes the kext's objects, links them, and holds what they import against the KPI
#
# FAULTLINE_KEXT_SDK=<headers> in the environment takes a kernel SDK's headers instead of our own.
# Exit: 0 when the full kext imports one unsupported symbol, wireRange, and the other one none; 1 when not.
set -eu
program=$(CDPATH='' cd -- "$1" && pwd)/sim/faultline
cd "$(dirname "$0")/../.."
mkdir -p build
{ cmake --preset kext ${FAULTLINE_KEXT_SDK:+"-DFAULTLINE_KEXT_SDK=$FAULTLINE_KEXT_SDK"} &&
    cmake --build --preset kext; } >build/kext.log 2>&1 || { cat build/kext.log >&2; exit 2; }

# audit NAME CODE: the audit without what is supported, and its exit code
audit() {
    code=0
    said=$("$program" kpi "build/kext/sim/kext/$1.kext") || code=$?
    printf '%s\n' "$said" | grep -v '^  \(bsd\|iokit\|libkern\|mach\) '
    printf 'exit %s\n\n' "$code"
    [ "$code" = "$2" ] || { echo "$1: not exit $2" >&2; exit 1; }
}

audit Faultline 1
case $said in
*' 1 unsupported, 0 private, 0 in no list, 0 unknown '*IOMemoryMap::wireRange*) ;;
*) echo "Faultline: wireRange must be all that is unsupported" >&2; exit 1 ;;
esac
audit FaultlineSupported 0
case $said in
*' 0 unsupported, 0 private, 0 in no list, 0 unknown '*) ;;
*) echo "FaultlineSupported: something is not supported" >&2; exit 1 ;;
esac
