#!/bin/sh
# parallel.sh - the shards of a sweep by GNU parallel, on this host or over ssh, joined at the end
#
# usage: parallel.sh FAULTLINE SCENARIO SHARDS JOINED.db [SSHLOGINFILE]
# Again after a failure: finished shards are not run again, the others go on where they stopped.
set -eu
[ $# = 4 ] || [ $# = 5 ] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
faultline=$1 scenario=$2 shards=$3 joined=$4 hosts=${5-}
folder=$joined.shards
mkdir -p "$folder"
cp "$faultline" "$folder/faultline"
cp "$scenario" "$folder/scenario.scn"
joined=$(CDPATH='' cd -- "$(dirname -- "$joined")" && pwd -P)/$(basename -- "$joined")
cd "$folder"

set -- # what only other hosts need: files to them, results back
[ -z "$hosts" ] || set -- --sshloginfile "$hosts" --workdir ... --transferfile faultline \
    --transferfile scenario.scn --return 'shard{}.db' --cleanup
seq "$shards" | parallel --will-cite --halt soon,fail=1 "$@" \
    "./faultline sweep scenario.scn -o shard{}.db --shard {}/$shards --jobs 1 --quiet"
./faultline results merge "$joined" shard*.db
