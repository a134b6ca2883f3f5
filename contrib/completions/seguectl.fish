# fish completion for seguectl
# Made by `python -m segue.cli.generate`; a change here is lost.

complete -c seguectl -f
complete -c seguectl -l json -d 'print segued'\''s answer as JSON, refusals too'
complete -c seguectl -l socket -r -F -d 'segued'\''s control socket (also SEGUE_SOCKET)'
complete -c seguectl -l url -x -d 'segued'\''s address on TCP, such as http://house:3001 (also SEGUE_URL)'
complete -c seguectl -l token-file -r -F -d 'the file of the API token for --url (also SEGUE_TOKEN_FILE)'
complete -c seguectl -l timeout -x -d 'how long to wait for an answer'
complete -c seguectl -s y -l yes -d 'confirm beforehand what segued would ask about'
complete -c seguectl -s h -l help -d 'show help'
complete -c seguectl -n __fish_use_subcommand -l version -d 'show the version'
complete -c seguectl -n __fish_use_subcommand -a status -d 'show the whole house on one page'
complete -c seguectl -n __fish_use_subcommand -a watch -d 'show what happens, while it happens'
complete -c seguectl -n __fish_use_subcommand -a why -d 'tell what segue did last, and what caused it'
complete -c seguectl -n __fish_use_subcommand -a rooms -d 'list the rooms'
complete -c seguectl -n __fish_use_subcommand -a players -d 'list the players of Plex and HEOS, with the ids that the configuration names'
complete -c seguectl -n __fish_use_subcommand -a play -d 'play, or go on'
complete -c seguectl -n __fish_use_subcommand -a pause -d 'fade out, then pause'
complete -c seguectl -n __fish_use_subcommand -a resume -d 'the same as play'
complete -c seguectl -n __fish_use_subcommand -a stop -d 'fade out, then stop'
complete -c seguectl -n __fish_use_subcommand -a next -d 'go to the next title'
complete -c seguectl -n __fish_use_subcommand -a prev -d 'go to the previous title'
complete -c seguectl -n __fish_use_subcommand -a seek -d 'go to a position of the title'
complete -c seguectl -n __fish_use_subcommand -a volume -d 'show or set the level'
complete -c seguectl -n __fish_use_subcommand -a mute -d 'mute a room, or let it be heard again'
complete -c seguectl -n __fish_use_subcommand -a source -d 'show or select the input'
complete -c seguectl -n __fish_use_subcommand -a fade -d 'go to a level slowly'
complete -c seguectl -n __fish_use_subcommand -a reload -d 'read the configuration again'
complete -c seguectl -n '__fish_seen_subcommand_from watch' -s v -l verbose -d 'also show events that matter only when something is looked for'
complete -c seguectl -n '__fish_seen_subcommand_from why' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from why' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from why' -s n -l number -x -d 'how many acts to tell'
complete -c seguectl -n '__fish_seen_subcommand_from rooms' -l names -d 'print nothing but the names, one on a line'
complete -c seguectl -n '__fish_seen_subcommand_from play' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from play' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from pause' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from pause' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from resume' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from resume' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from stop' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from stop' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from next' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from next' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from prev' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from prev' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from seek' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from seek' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from volume' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from volume' -a 'up down'
complete -c seguectl -n '__fish_seen_subcommand_from volume' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from mute' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from mute' -a 'on off toggle'
complete -c seguectl -n '__fish_seen_subcommand_from mute' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from source' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from source' -a 'cd tv phono tuner bluray dvd game mediaplayer cable_sat usbdac aux_in_1 line_in_1 optical_in_1 coax_in_1 analog_in_1 hdmi_in_1 hdmi_arc_1'
complete -c seguectl -n '__fish_seen_subcommand_from source' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from fade' -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d room
complete -c seguectl -n '__fish_seen_subcommand_from fade' -s r -l room -x -a '(seguectl --timeout 1 rooms --names 2>/dev/null)' -d 'the room, where its name could be taken for something else'
complete -c seguectl -n '__fish_seen_subcommand_from fade' -l over -x -d 'the time that it takes (segued'\''s default is 3)'
