"""The system and player commands (sections 4.1 and 4.2 of the CLI specification): one small function each."""

from collections.abc import Mapping
from typing import Final

from segue.demo.heos_player import PlayState, Repeat
from segue.demo.heos_protocol import Answer, ErrorId, RefusalError
from segue.demo.heos_requests import CommandTable, Request

COMMANDS: Final = CommandTable()
PLAY_STATES: Final[Mapping[str, PlayState]] = {"play": "play", "pause": "pause", "stop": "stop"}
REPEATS: Final[Mapping[str, Repeat]] = {"off": "off", "on_all": "on_all", "on_one": "on_one"}

# ---------------------------------------------------------------- 4.1 system


@COMMANDS.entry("system/register_for_change_events")
def _register(request: Request) -> Answer:
    request.session.registered = request.switch("enable")
    return request.answer()


@COMMANDS.entry("system/prettify_json_response")
def _prettify(request: Request) -> Answer:
    request.session.pretty = request.switch("enable")
    return request.answer()


@COMMANDS.entry("system/heart_beat")
def _heart_beat(request: Request) -> Answer:
    del request
    return Answer("")


@COMMANDS.entry("system/reboot")
def _reboot(request: Request) -> Answer:
    """Answer only; `heos_speaker` then goes away and comes back."""
    del request
    return Answer("")


@COMMANDS.entry("system/check_account")
def _check_account(request: Request) -> Answer:
    return Answer(request.house.account())


@COMMANDS.entry("system/sign_in")
def _sign_in(request: Request) -> Answer:
    request.house.sign_in(request.text("un"), request.text("pw"))
    return Answer(request.house.account())


@COMMANDS.entry("system/sign_out")
def _sign_out(request: Request) -> Answer:
    request.house.sign_out()
    return Answer("signed_out")


# ---------------------------------------------------------------- 4.2 player


@COMMANDS.entry("player/get_players")
def _get_players(request: Request) -> Answer:
    return Answer("", request.house.infos())


@COMMANDS.entry("player/get_player_info")
def _get_player_info(request: Request) -> Answer:
    player = request.player()
    return request.answer(player.info(request.house.group_of(player.pid)))


@COMMANDS.entry("player/get_play_state")
def _get_play_state(request: Request) -> Answer:
    return request.answer(state=request.player().state)


@COMMANDS.entry("player/set_play_state")
def _set_play_state(request: Request) -> Answer:
    player = request.player()
    player.set_state(request.choice("state", PLAY_STATES))
    return request.answer()


@COMMANDS.entry("player/get_now_playing_media")
def _get_now_playing_media(request: Request) -> Answer:
    return request.answer(*request.player().now_playing())


@COMMANDS.entry("player/get_volume")
def _get_volume(request: Request) -> Answer:
    return request.answer(level=request.player().level)


@COMMANDS.entry("player/set_volume")
def _set_volume(request: Request) -> Answer:
    player = request.player()
    player.set_level(request.number("level", 0, 100), "command")
    return request.answer()


@COMMANDS.entry("player/volume_up")
def _volume_up(request: Request) -> Answer:
    player = request.player()
    player.set_level(player.level + request.number("step", 1, 10, default=5), "command")
    return request.answer()


@COMMANDS.entry("player/volume_down")
def _volume_down(request: Request) -> Answer:
    player = request.player()
    player.set_level(player.level - request.number("step", 1, 10, default=5), "command")
    return request.answer()


@COMMANDS.entry("player/get_mute")
def _get_mute(request: Request) -> Answer:
    return request.answer(state="on" if request.player().muted else "off")


@COMMANDS.entry("player/set_mute")
def _set_mute(request: Request) -> Answer:
    player = request.player()
    player.set_mute(request.switch("state"))
    return request.answer()


@COMMANDS.entry("player/toggle_mute")
def _toggle_mute(request: Request) -> Answer:
    player = request.player()
    player.set_mute(not player.muted)
    return request.answer()


@COMMANDS.entry("player/get_play_mode")
def _get_play_mode(request: Request) -> Answer:
    player = request.player()
    return request.answer(repeat=player.repeat, shuffle="on" if player.shuffle else "off")


@COMMANDS.entry("player/set_play_mode")
def _set_play_mode(request: Request) -> Answer:
    player = request.player()
    repeat = request.choice("repeat", REPEATS, player.repeat)
    player.set_play_mode(repeat, request.switch("shuffle", player.shuffle))
    return request.answer()


@COMMANDS.entry("player/get_queue")
def _get_queue(request: Request) -> Answer:
    player = request.player()
    first, end = request.slice(len(player.queue))
    numbered = list(enumerate(player.queue, 1))[first:end]
    return request.answer([track.queue_record(number) for number, track in numbered])


@COMMANDS.entry("player/play_queue")
def _play_queue(request: Request) -> Answer:
    player = request.player()
    player.play_queue(request.whole("qid"))
    return request.answer()


@COMMANDS.entry("player/remove_from_queue")
def _remove_from_queue(request: Request) -> Answer:
    player = request.player()
    player.remove(request.numbers("qid"))
    return request.answer()


@COMMANDS.entry("player/save_queue")
def _save_queue(request: Request) -> Answer:
    """Accept the name; playlists themselves are not simulated."""
    request.player()
    if not 1 <= len(request.text("name")) <= 128:
        raise RefusalError(ErrorId.WRONG_ARGUMENTS)
    return request.answer()


@COMMANDS.entry("player/clear_queue")
def _clear_queue(request: Request) -> Answer:
    request.player().clear()
    return request.answer()


@COMMANDS.entry("player/move_queue_item")
def _move_queue_item(request: Request) -> Answer:
    player = request.player()
    player.move(request.numbers("sqid"), request.whole("dqid"))
    return request.answer()


@COMMANDS.entry("player/play_next")
def _play_next(request: Request) -> Answer:
    request.player().skip(1)
    return request.answer()


@COMMANDS.entry("player/play_previous")
def _play_previous(request: Request) -> Answer:
    request.player().skip(-1)
    return request.answer()


@COMMANDS.entry("player/get_quickselects")
def _get_quickselects(request: Request) -> Answer:
    selects = request.player().quick_selects
    return request.answer([{"id": number, "name": name} for number, (name, _) in sorted(selects.items())])


@COMMANDS.entry("player/set_quickselect")
def _set_quickselect(request: Request) -> Answer:
    player, number = request.player(), request.number("id", 1, 6)
    name, _ = player.quick_selects.get(number, (f"Quick Select {number}", ""))
    player.quick_selects[number] = (name, player.listens_to)
    return request.answer()


@COMMANDS.entry("player/play_quickselect")
def _play_quickselect(request: Request) -> Answer:
    player, number = request.player(), request.number("id", 1, 6)
    if number not in player.quick_selects:
        raise RefusalError(ErrorId.DATA_NOT_AVAILABLE)
    player.receiver_selects(player.quick_selects[number][1])
    return request.answer()


@COMMANDS.entry("player/check_update")
def _check_update(request: Request) -> Answer:
    request.player()
    return request.answer({"update": "update_none"})
