"""Completion for bash, zsh and fish, made from the table of commands. Rooms, jobs and parties are asked of segued."""

from __future__ import annotations

from collections.abc import Iterable

from segue.cli.commands import COMMANDS, COMMON, Command, Option

MADE = "Made by `python -m segue.cli.generate`; a change here is lost."
FILES = ("PATH", "FILE")
ROOMS = "seguectl --timeout 1 rooms --names 2>/dev/null"
JOBS = "seguectl --timeout 1 review --ids 2>/dev/null"
PARTIES = "seguectl --timeout 1 party list --ids 2>/dev/null"
BASH = r"""# bash completion for seguectl
# @made@

_seguectl() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command= offered= options="@common@" rooms= jobs= parties= files= words=0 at line
    local -a where=()
    COMPREPLY=()

    for ((at = 1; at < COMP_CWORD; at++)); do
        case ${COMP_WORDS[at]} in
            @valued@)
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
        @files@)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        -r | --room) command=--room rooms= ;;
        @free@) return ;;
    esac

    case $command in
        "") offered="@commands@" options+=" --version" ;;
        --room) rooms=${rooms:-yes} ;;
@cases@
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
"""
ZSH = r"""#compdef seguectl
# @made@

_seguectl_rooms() {
    local -a rooms
    local expl
    rooms=(${(f)"$(_call_program rooms @rooms@)"})
    _wanted rooms expl room compadd -a rooms
}

_seguectl_jobs() {
    local -a jobs
    local expl
    jobs=(${(f)"$(_call_program jobs @jobs@)"})
    _wanted jobs expl job compadd -a jobs
    _files
}

_seguectl_parties() {
    local -a parties
    local expl
    parties=(${(f)"$(_call_program parties @parties@)"})
    _wanted parties expl party compadd -a parties
}

_seguectl_words() {
    local expl
    _seguectl_rooms
    (( $# )) && _wanted values expl value compadd -- "$@"
}

_seguectl() {
    local curcontext=$curcontext state line
    local -a common commands
    common=(
@common@
        '(- *)'{-h,--help}'[show help]'
    )
    commands=(
@commands@
    )
    _arguments -C $common '(- *)--version[show the version]' '1: :->command' '*:: :->words' && return
    case $state in
        command) _describe command commands ;;
        words)
            case $words[1] in
@cases@
            esac
            ;;
    esac
}

_seguectl "$@"
"""


def bash() -> str:
    """Write the completion for bash."""
    valued = [flag for option in COMMON if option.value for flag in option.flags]
    options = [*COMMON, *(option for command in COMMANDS for option in command.options)]
    files = _flags(option for option in options if option.value in FILES)
    free = _flags(option for option in options if option.value and option.value not in (*FILES, "ROOM"))
    cases = [f"        {command.name}) {sets} ;;" for command in COMMANDS if (sets := _bash_case(command))]
    return _filled(
        BASH,
        valued=" | ".join(valued),
        files=" | ".join(files),
        free=" | ".join(free),
        common=" ".join([*_flags(COMMON), "--help"]),
        commands=" ".join(command.name for command in COMMANDS),
        cases="\n".join(cases),
    )


def _bash_case(command: Command) -> str:
    """Write what the completion sets for a command; empty where it has nothing of its own."""
    offers = f'offered="{" ".join(command.choices)}"'
    sets = [f'options+=" {" ".join(_flags(command.options))}"'] if command.options else []
    sets += ["rooms=${rooms:-yes}"] if command.takes_room else []
    sets += ["jobs=yes"] if command.takes_jobs else []
    sets += ["((words)) && parties=yes"] if command.takes_parties else []
    files = ["files=yes"] if command.takes_path else []
    if not command.choices:
        return " ".join([*sets, *files])
    if command.takes_room:
        return " ".join([offers, *sets])
    if command.needs_choice and files:
        return "; ".join([f"if ((words)); then files=yes; else {offers}; fi", *sets])
    return "; ".join([f"((words)) || {offers}", *sets, *files])


def _flags(options: Iterable[Option]) -> list[str]:
    return list(dict.fromkeys(flag for option in options for flag in option.flags))


def zsh() -> str:
    """Write the completion for zsh."""
    common = [f"        {spec}" for option in COMMON for spec in _zsh_specs(option)]
    commands = [f"        {_shell_quoted(f'{command.name}:{command.summary}')}" for command in COMMANDS]
    return _filled(
        ZSH,
        rooms=ROOMS,
        jobs=JOBS,
        parties=PARTIES,
        common="\n".join(common),
        commands="\n".join(commands),
        cases="\n".join(_zsh_case(command) for command in COMMANDS),
    )


def _zsh_case(command: Command) -> str:
    specs = ["$common", *(spec for option in command.options for spec in _zsh_specs(option))]
    choices = " ".join(command.choices)
    if command.takes_room:
        specs.append(_shell_quoted(f"1: : _seguectl_words {choices}".rstrip()))
    if choices:
        specs.append(_shell_quoted(f"{2 if command.takes_room else 1}: :({choices})"))
    if command.takes_jobs:
        specs.append(_shell_quoted("*: :_seguectl_jobs"))
    elif command.takes_parties:
        specs.append(_shell_quoted("*: :_seguectl_parties"))
    elif command.takes_path:
        specs.append(_shell_quoted("*: :_files"))
    arguments = " \\\n                        ".join(specs)
    return (
        f"                {command.name})\n                    _arguments {arguments}\n                    ;;"
    )


def _zsh_specs(option: Option) -> list[str]:
    what = option.help.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
    value = f":{option.value.lower()}:{_zsh_value(option)}" if option.value else ""
    others = f"({' '.join(option.flags)})" if len(option.flags) > 1 else ""
    return [_shell_quoted(f"{others}{flag}[{what}]{value}") for flag in option.flags]


def _zsh_value(option: Option) -> str:
    if option.value in FILES:
        return "_files"
    return "_seguectl_rooms" if option.value == "ROOM" else " "


def fish() -> str:
    """Write the completion for fish."""
    lines = [f"# fish completion for seguectl\n# {MADE}\n", "complete -c seguectl -f"]
    for option in COMMON:
        lines.append(f"complete -c seguectl {_fish_option(option)}")
    lines.append("complete -c seguectl -s h -l help -d 'show help'")
    lines.append("complete -c seguectl -n __fish_use_subcommand -l version -d 'show the version'")
    for command in COMMANDS:
        summary = _shell_quoted(command.summary)
        lines.append(f"complete -c seguectl -n __fish_use_subcommand -a {command.name} -d {summary}")
    for command in COMMANDS:
        seen = f"complete -c seguectl -n '__fish_seen_subcommand_from {command.name}'"
        if command.takes_room:
            lines.append(f"{seen} -a '({ROOMS})' -d room")
        if command.choices:
            words = " ".join(command.choices)
            first = f"; and not __fish_seen_subcommand_from {words}'" if not command.takes_room else "'"
            lines.append(f"{seen[:-1]}{first} -a '{words}'")
        if command.takes_jobs:
            lines.append(f"{seen} -a '({JOBS})' -d job")
        if command.takes_parties:
            words = " ".join(command.choices)
            lines.append(f"{seen[:-1]}; and __fish_seen_subcommand_from {words}' -a '({PARTIES})' -d party")
        if command.takes_path:
            after = (
                f"; and __fish_seen_subcommand_from {' '.join(command.choices)}'"
                if command.needs_choice
                else "'"
            )
            lines.append(f"{seen[:-1]}{after} -F")
        lines += [f"{seen} {_fish_option(option)}" for option in command.options]
    return "\n".join(lines) + "\n"


def _fish_option(option: Option) -> str:
    parts = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    if option.value in FILES:
        parts.append("-r -F")
    elif option.value == "ROOM":
        parts.append(f"-x -a '({ROOMS})'")
    elif option.value:
        parts.append("-x")
    return f"{' '.join(parts)} -d {_shell_quoted(option.help)}"


def _shell_quoted(words: str) -> str:
    return "'" + words.replace("'", "'\\''") + "'"


def _filled(form: str, **parts: str) -> str:
    for name, part in {"made": MADE, **parts}.items():
        form = form.replace(f"@{name}@", part)
    return form
