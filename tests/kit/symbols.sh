# symbols.sh LIBRARY LIST [--write] - what a shared library shows is what its list says
#
# A name that goes breaks whoever links; one that comes is a promise. Either is meant: write the list anew
# (cmake --build --preset release --target symbols) and look at the difference before the commit.
set -eu
library=$1 list=$2
# Weak symbols are what a compiler makes of inline code; each may make others.
shown=$(nm -D --defined-only "$library" | awk '$2 ~ /^[TDBR]$/ { print $3 }' | LC_ALL=C sort)
if [ "${3-}" = --write ]; then
    printf '%s\n' "$shown" >"$list"
    exit 0
fi
printf '%s\n' "$shown" | diff "$list" - && exit 0
echo "< has gone, > has come: when that is meant, cmake --build --preset release --target symbols"
exit 1
