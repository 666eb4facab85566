# Completions: what `faultline completion` answers, and what bash makes of it; zsh and fish where they are
set -eu
export PATH="$(dirname "$FAULTLINE"):$PATH"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
touch mine.scn
fail() { echo "$*"; exit 1; }

# Every verb and every option of every help page is offered, and nothing else.
for verb in $("$FAULTLINE" completion -- '' | cut -f1); do
    "$FAULTLINE" "$verb" --help >page || fail "$verb has no help"
    sed -n 's/^  \(--*[a-z-]*\).*/\1/p' page | sort >want
    "$FAULTLINE" completion -- "$verb" - | cut -f1 | sort >got
    cmp want got || { diff want got; fail "the options of $verb"; }
done
"$FAULTLINE" help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' | grep -v '^faultline$' >want
"$FAULTLINE" completion -- '' | cut -f1 >got
cmp want got || { diff want got; fail "the verbs"; }

# Words that an option's value may be stand in its help.
for pair in run:--verify run:--backend replay:--memory results:--plot record:--with; do
    verb=${pair%:*} option=${pair#*:}
    for word in $("$FAULTLINE" completion -- "$verb" "$option" '' | cut -f1); do
        "$FAULTLINE" "$verb" --help | grep -e "^  $option" | grep -qwF -e "$word" || fail "$pair does not show $word"
    done
done

# bash, as it does it itself. SHELL WANTED WORD...: the last word is being typed.
cat >ask.bash <<'B'
. "$1"
shift
COMP_WORDS=(faultline "$@") COMP_CWORD=$#
_faultline faultline "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
echo "${COMPREPLY[*]}"
B
offers() {
    want=$1
    shift
    got=$(bash ask.bash "$SOURCE/sim/cmd/completion/faultline.bash" "$@")
    case " $got " in
    *" $want "*) ;;
    *) fail "faultline $*: bash offers $got, not $want" ;;
    esac
}
offers explore ex
offers --profile run --pro
offers macos-15.4 run --profile macos-15
offers macos-15.4 run --profile = macos-15
offers macos-15.4 run --profile =
offers skylake price --machine sky
offers strict run --verify ''
offers show profiles ''
offers macos-10.11 profiles show macos-10.1
offers has_wire_range explain has_w
offers sweep help sw
[ "$(bash ask.bash "$SOURCE/sim/cmd/completion/faultline.bash" run min)" = "" ] || fail "a file is for bash to find"
bash -ic ". '$SOURCE/sim/cmd/completion/faultline.bash'; complete -p faultline" 2>/dev/null | grep -q -- '-o default -F _faultline' ||
    fail "bash knows no completion of faultline"
[ "$("$FAULTLINE" completion -- run --profile=macos-15.4 | cut -f1)" = --profile=macos-15.4 ] || fail "a value behind ="
[ -z "$("$FAULTLINE" completion -- no-such-verb '')" ] || fail "an unknown verb has no words"

if command -v fish >/dev/null; then
    export HOME=$folder XDG_CONFIG_HOME=$folder
    fish -c "source '$SOURCE/sim/cmd/completion/faultline.fish'; complete -C 'faultline run --pro'" >got
    grep -q -- '^--profile' got || { cat got; fail "fish does not offer --profile"; }
    fish -c "source '$SOURCE/sim/cmd/completion/faultline.fish'; complete -C 'faultline run min'" >got
    grep -q '^mine.scn' got || { cat got; fail "fish does not offer a file"; }
fi
if command -v zsh >/dev/null; then
    zsh -n "$SOURCE/sim/cmd/completion/_faultline"
    cat >ask.zsh <<'Z'
_describe() { print -l -- "${(@P)2}"; }
_files() { print files; }
script=$1
shift
words=(faultline "$@") CURRENT=$(( $# + 1 ))
. $script
Z
    zsh -f ask.zsh "$SOURCE/sim/cmd/completion/_faultline" run --pro >got
    grep -q -- '^--profile:' got || { cat got; fail "zsh does not offer --profile"; }
    [ "$(zsh -f ask.zsh "$SOURCE/sim/cmd/completion/_faultline" run min)" = files ] || fail "zsh does not offer files"
fi
