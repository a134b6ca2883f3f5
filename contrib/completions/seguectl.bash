# bash completion for seguectl
# Made by `python -m segue.cli.generate`; a change here is lost.

_seguectl() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command= offered= options="--json --socket --url --token-file --timeout -y --yes --help" rooms= at room
    local -a where=()
    COMPREPLY=()

    for ((at = 1; at < COMP_CWORD; at++)); do
        case ${COMP_WORDS[at]} in
            --socket | --url | --token-file | --timeout)
                where+=("${COMP_WORDS[at]}" "${COMP_WORDS[at + 1]}")
                ((at++))
                ;;
            -*) ;;
            *)
                [[ -n $command ]] && rooms=no
                command=${command:-${COMP_WORDS[at]}}
                ;;
        esac
    done

    case $previous in
        --socket | --token-file)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        -r | --room) command=--room rooms= ;;
        --url | --timeout | -n | --number | --over) return ;;
    esac

    case $command in
        "") offered="status watch why rooms players play pause resume stop next prev seek volume mute source fade reload" options+=" --version" ;;
        --room) rooms=${rooms:-yes} ;;
        watch) options+=" -v --verbose" ;;
        why) options+=" -r --room -n --number" rooms=${rooms:-yes} ;;
        rooms) options+=" --names" ;;
        play) options+=" -r --room" rooms=${rooms:-yes} ;;
        pause) options+=" -r --room" rooms=${rooms:-yes} ;;
        resume) options+=" -r --room" rooms=${rooms:-yes} ;;
        stop) options+=" -r --room" rooms=${rooms:-yes} ;;
        next) options+=" -r --room" rooms=${rooms:-yes} ;;
        prev) options+=" -r --room" rooms=${rooms:-yes} ;;
        seek) options+=" -r --room" rooms=${rooms:-yes} ;;
        volume) offered="up down" options+=" -r --room" rooms=${rooms:-yes} ;;
        mute) offered="on off toggle" options+=" -r --room" rooms=${rooms:-yes} ;;
        source) offered="cd tv phono tuner bluray dvd game mediaplayer cable_sat usbdac aux_in_1 line_in_1 optical_in_1 coax_in_1 analog_in_1 hdmi_in_1 hdmi_arc_1" options+=" -r --room" rooms=${rooms:-yes} ;;
        fade) options+=" -r --room --over" rooms=${rooms:-yes} ;;
    esac
    [[ $word != -* ]] || offered=$options
    mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$word")
    [[ $rooms == yes && $word != -* ]] || return
    while read -r room; do
        [[ $room == "$word"* ]] && COMPREPLY+=("$(printf %q "$room")")
    done < <(seguectl "${where[@]}" --timeout 1 rooms --names 2>/dev/null)
}

complete -F _seguectl seguectl
