# twice.sh PROGRAM SCENARIO - the same scenario gives the same bytes, whatever surrounds the run
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for words in "" --json; do
    # Exit 1 is an answer too; whether it is the right one is another test's question.
    "$1" run $words "$2" >"$folder/first" || [ $? = 1 ]
    # Another folder, zone, language and number of workers: none of them is an input.
    (cd / && env TZ=Asia/Tokyo LC_ALL=C.UTF-8 UV_THREADPOOL_SIZE=1 "$1" run $words "$2") \
        >"$folder/second" || [ $? = 1 ]
    cmp "$folder/first" "$folder/second"
done
