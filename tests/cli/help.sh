# Each verb's --help fits a screen, has an example, and names the options that the verb takes
set -eu
python3 "$SOURCE/tests/cli/help.py" "$FAULTLINE" "$SOURCE"
