# bash completion for seguectl
# Made by `python -m segue.cli.generate`; a change here is lost.

_seguectl() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command= offered= options="--json --socket --url --token-file --timeout -y --yes --help" rooms= jobs= parties= files= words=0 at line
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
                [[ -n $command ]] && rooms=no words=$((words + 1))
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
        --url | --timeout | -n | --number | --over | --threshold | --format | --tmdb | --imdb | --tvdb | --season | --episode | --text | -p | --party | --at | --host | --film | --guid | --filename | --duration | --rules | --hours | --address) return ;;
    esac

    case $command in
        "") offered="status watch why rooms players play pause resume stop next prev seek volume mute source fade reload identify plan ingest rename review history undo verify adopt scan refresh watcher event doctor party" options+=" --version" ;;
        --room) rooms=${rooms:-yes} ;;
        status) options+=" --queue --libraries --history" ;;
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
        identify) options+=" -b --batch --timeout" files=yes ;;
        plan) options+=" --threshold --rename --format --timeout" files=yes ;;
        ingest) options+=" --auto --threshold -n --dry-run -w --wait --backlog --pause --resume --timeout" files=yes ;;
        rename) options+=" --preview -n --dry-run --execute --threshold -w --wait --timeout" files=yes ;;
        review) ((words)) || offered="show approve pick id reject retry"; options+=" --replace --keep-both --tmdb --imdb --tvdb --film --show --season --episode --ids -w --wait"; jobs=yes; files=yes ;;
        history) ((words)) || offered="ingest"; options+=" -n --number --text" ;;
        undo) options+=" -w --wait" ;;
        verify) options+=" -w --wait --stop" files=yes ;;
        adopt) options+=" --checksums -w --wait --stop" files=yes ;;
        watcher) ((words)) || offered="start stop restart status" ;;
        event) if ((words)); then files=yes; else offered="download-complete"; fi ;;
        doctor) options+=" --timeout" ;;
        party) ((words)) || offered="list show watch create films add remove invite join start pause resume seek skip stop resync offset role ignore queue schedule rules rejoin leave users devices agent nicks nick unbind"; options+=" -p --party --at --host --film --guid --filename --duration --rules --clear --cohost --hours --address --ids"; ((words)) && parties=yes ;;
    esac
    [[ $word != -* ]] || offered=$options rooms= jobs= parties= files=
    mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$word")
    if [[ $rooms == yes ]]; then
        while read -r line; do
            [[ $line == "$word"* ]] && COMPREPLY+=("$(printf %q "$line")")
        done < <(seguectl "${where[@]}" --timeout 1 rooms --names 2>/dev/null)
    fi
    if [[ $jobs == yes ]]; then
        while read -r line; do
            [[ $line == "$word"* ]] && COMPREPLY+=("$line")
        done < <(seguectl "${where[@]}" --timeout 1 review --ids 2>/dev/null)
    fi
    if [[ $parties == yes ]]; then
        while read -r line; do
            [[ $line == "$word"* ]] && COMPREPLY+=("$line")
        done < <(seguectl "${where[@]}" --timeout 1 party list --ids 2>/dev/null)
    fi
    if [[ $files == yes ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -F _seguectl seguectl
