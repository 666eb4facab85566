# Each verb's --help fits a screen, has an example, and names the options that the verb takes
set -eu
python3 "$SOURCE/tests/cli/help.py" "$FAULTLINE" "$SOURCE"

# -h is --help, for every verb
verbs=0
for verb in $("$FAULTLINE" help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    [ "$("$FAULTLINE" "$verb" -h)" = "$("$FAULTLINE" "$verb" --help)" ] || { echo "$verb has no -h"; exit 1; }
    verbs=$((verbs + 1))
done
[ "$verbs" -ge 20 ] || { echo "only $verbs verbs in the list"; exit 1; }
