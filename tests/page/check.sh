#!/bin/sh
# check.sh BUILD [test] - ./run page has built the page; `test` holds it against the program, and then
# in a browser that is cut off from any network
set -eu
build=$1
cd "$(dirname "$0")/../.."
case ${2-} in
'') exit ;;
test) ;;
*) echo "run: 'page' knows 'test' only" >&2; exit 2 ;;
esac

modules=build/page-tests
mkdir -p "$modules"
cp tests/page/package.json "$modules"
npm --prefix "$modules" install --no-audit --no-fund --no-package-lock >build/npm.log 2>&1 ||
    { echo "run: npm failed, build/npm.log says why" >&2; exit 2; }
node tests/page/digest.mjs build/wasm/sim/page/page.wasm "$build/sim/faultline" sim/scenarios/*.scn docs/labs/*.scn
FAULTLINE=$build/sim/faultline SOURCE=$PWD MODULES=$PWD/$modules \
    CHROMIUM=$(command -v chromium) exec node --test tests/page/
