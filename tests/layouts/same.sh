#!/bin/sh
# same.sh ANSWER_CASES FILE [PROFILE MACHINE] - the model still gives the answers that FILE holds
set -eu
answer=$1
file=$2
shift 2
"$answer" "$file" "$@" | diff -u "$file" -
