# faultline's completion for fish: `faultline completion` knows the words, and files are fish's own
function __faultline_words
    set -l so_far (commandline -opc)
    set -l found ($so_far[1] completion -- $so_far[2..] (commandline -ct) 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c faultline -f -a '(__faultline_words)'
