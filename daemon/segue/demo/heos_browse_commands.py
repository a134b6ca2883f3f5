"""The group and browse commands (sections 4.3 and 4.4 of the CLI specification): one small function each."""

from collections.abc import Mapping
from typing import Final

from segue.demo.heos_household import SOURCES
from segue.demo.heos_media import AUX_INPUT, FAVORITES, LOCAL_MUSIC, Input
from segue.demo.heos_player import AddCriteria, Player
from segue.demo.heos_protocol import Answer, ErrorId, RefusalError
from segue.demo.heos_requests import CommandTable, Request

COMMANDS: Final = CommandTable()
ADD_CRITERIA: Final[Mapping[str, AddCriteria]] = {"1": "now", "2": "next", "3": "end", "4": "replace"}
REMOVE_FROM_FAVORITES: Final = [{"browse": [{"id": 20, "name": "Remove from HEOS Favorites"}]}]


# ---------------------------------------------------------------- 4.3 groups


@COMMANDS.entry("group/get_groups")
def _get_groups(request: Request) -> Answer:
    return Answer("", [request.house.group_info(gid) for gid in request.house.groups])


@COMMANDS.entry("group/get_group_info")
def _get_group_info(request: Request) -> Answer:
    return request.answer(request.house.group_info(request.gid()))


@COMMANDS.entry("group/set_group")
def _set_group(request: Request) -> Answer:
    return Answer(request.house.set_group(request.numbers("pid")))


@COMMANDS.entry("group/get_volume")
def _get_volume(request: Request) -> Answer:
    return request.answer(level=request.house.group_level(request.gid()))


@COMMANDS.entry("group/set_volume")
def _set_volume(request: Request) -> Answer:
    request.house.set_group_level(request.gid(), request.number("level", 0, 100))
    return request.answer()


@COMMANDS.entry("group/volume_up")
def _volume_up(request: Request) -> Answer:
    return _step_volume(request, 1)


@COMMANDS.entry("group/volume_down")
def _volume_down(request: Request) -> Answer:
    return _step_volume(request, -1)


def _step_volume(request: Request, direction: int) -> Answer:
    gid, step = request.gid(), request.number("step", 1, 10, default=5)
    level = request.house.group_level(gid) + direction * step
    request.house.set_group_level(gid, max(0, min(level, 100)))
    return request.answer()


@COMMANDS.entry("group/get_mute")
def _get_mute(request: Request) -> Answer:
    muted = all(player.muted for player in request.house.group(request.gid()))
    return request.answer(state="on" if muted else "off")


@COMMANDS.entry("group/set_mute")
def _set_mute(request: Request) -> Answer:
    return _mute(request, request.switch("state"))


@COMMANDS.entry("group/toggle_mute")
def _toggle_mute(request: Request) -> Answer:
    return _mute(request, not all(player.muted for player in request.house.group(request.gid())))


def _mute(request: Request, muted: bool) -> Answer:
    gid = request.gid()
    for player in request.house.group(gid):
        player.set_mute(muted)
    request.house.tell_group_volume(gid)
    return request.answer()


# ---------------------------------------------------------------- 4.4 browse


@COMMANDS.entry("browse/get_music_sources")
def _get_music_sources(request: Request) -> Answer:
    return request.answer([request.house.source(source_id) for source_id in SOURCES])


@COMMANDS.entry("browse/get_source_info")
def _get_source_info(request: Request) -> Answer:
    return request.answer(request.house.source(request.whole("sid")))


@COMMANDS.entry("browse/browse")
def _browse(request: Request) -> Answer:
    source_id = request.whole("sid")
    records = request.house.browse(source_id, request.command.args.get("cid"))
    first, end = request.slice(len(records))
    shown = records[first:end]
    options = list(REMOVE_FROM_FAVORITES) if source_id == FAVORITES else []
    return request.answer(shown, options, returned=len(shown), count=len(records))


@COMMANDS.entry("browse/play_input")
def _play_input(request: Request) -> Answer:
    player = request.player()
    source = request.house.player(request.whole("spid")) if "spid" in request.command.args else player
    player.play(_input(source, request.text("input")))
    return request.answer()


@COMMANDS.entry("browse/play_stream")
def _play_stream(request: Request) -> Answer:
    """A url, a station, or (in the older way) an input: three commands under one name (4.4.7, 4.4.9, 4.4.10)."""
    player, args = request.player(), request.command.args
    if "url" in args:
        url = args["url"]
        if not url.startswith(("http://", "https://")):
            raise RefusalError(ErrorId.MEDIA_CANNOT_BE_PLAYED)
        player.play_url(url, request.house.stream_length(url), stale_s=request.stale_s)
        return request.answer()
    source_id, media_id = request.whole("sid"), request.text("mid")
    if media_id.startswith("inputs/"):
        source = player if source_id == AUX_INPUT else request.house.player(source_id)
        player.play(_input(source, media_id))
    else:
        player.play(request.house.station(source_id, media_id))
    return request.answer()


@COMMANDS.entry("browse/play_preset")
def _play_preset(request: Request) -> Answer:
    request.player().play(request.house.preset(request.whole("preset")))
    return request.answer()


@COMMANDS.entry("browse/add_to_queue")
def _add_to_queue(request: Request) -> Answer:
    player = request.player()
    if request.whole("sid") != LOCAL_MUSIC:
        raise RefusalError(ErrorId.INVALID_ID)
    criteria = request.choice("aid", ADD_CRITERIA)
    player.add(request.house.tracks(request.text("cid"), request.command.args.get("mid")), criteria)
    return request.answer()


def _input(source: Player, media_id: str) -> Input:
    found = next((each for each in source.inputs if each.media_id == media_id), None)
    if found is None:
        raise RefusalError(ErrorId.INVALID_ID)
    return found
