# docs/scenario-language.md is true: its examples run, and its lists are the program's
set -eu
python3 "$SOURCE/tests/cli/scenario_language.py" "$FAULTLINE" "$SOURCE"
