"""What is said of each kind of event: one small function for each, and the table that finds it.

A sentence is given what is known of the house, the event's data and the whole frame, and answers with the room (empty
for the house), the words and a colour; or with nothing, when the event is not worth a line.
"""

from __future__ import annotations

from collections.abc import Callable

from segue.cli import ingest_sentences, party_sentences
from segue.cli.fields import Json, number, record, text, whole
from segue.cli.render import short_input
from segue.cli.stories import who
from segue.cli.words import clock, duration

Sentence = tuple[str, str, str]


class Told:
    """What has been told of the house so far: which player belongs to which room, and how each room was last."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.levels: dict[str, int] = {}
        self.muted: dict[str, bool] = {}
        self.inputs: dict[str, str] = {}
        self.plays: dict[str, tuple[str, str]] = {}
        """By Plex player: the last state, and of which item."""
        self.plex_silent = False
        self.heos_up: bool | None = None
        self.arrived: dict[str, None] = {}
        """Files whose arrival was told, the oldest first."""
        self._by_heos_player: dict[int, str] = {}
        self._by_plex_player: dict[str, str] = {}

    def learn(self, rooms: list[Json]) -> None:
        """Take in how the rooms are now."""
        self.learn_players(rooms)
        for room, name in zip(rooms, self.names, strict=True):
            level, muted = whole(room.get("level")), room.get("muted")
            if level is not None:
                self.levels[name] = level
            if isinstance(muted, bool):
                self.muted[name] = muted
            if text(room.get("input")):
                self.inputs[name] = text(room.get("input"))
            player, item = record(room.get("plex_player")), record(room.get("now"))
            self.plays[text(player.get("id"))] = (text(room.get("activity")), text(item.get("rating_key")))

    def learn_players(self, rooms: list[Json]) -> None:
        """Take in which rooms there are, and which players are theirs; what was told of them stands."""
        self.names = [text(room.get("name")) for room in rooms]
        for room, name in zip(rooms, self.names, strict=True):
            plex, heos = record(room.get("plex_player")), record(room.get("heos_player"))
            player_id = whole(heos.get("player_id"))
            if player_id is not None:
                self._by_heos_player[player_id] = name
            for known in (text(plex.get("id")), text(plex.get("title"))):
                if known:
                    self._by_plex_player[known] = name

    def meet(self, data: Json) -> None:
        """Learn from any event which receiver is whose: one that came later was not there at the beginning."""
        player_id, room = whole(data.get("heos_player_id")), text(data.get("room"))
        if player_id is not None and room in self.names:
            self._by_heos_player[player_id] = room

    def room_of(self, data: Json) -> str:
        """Find the room that an event's data speaks of; empty for none."""
        player_id = whole(data.get("heos_player_id"))
        if player_id is not None:
            return self._by_heos_player.get(player_id, "")
        for key in ("player_id", "player_title"):
            room = self._by_plex_player.get(text(data.get(key)))
            if room:
                return room
        return text(data.get("room"))


# ------------------------------------------------------------------ Plex and the receiver


def _plex_state_changed(told: Told, data: Json, _frame: Json) -> Sentence | None:
    player = text(data.get("player_id"))
    state, item = text(data.get("state")), text(data.get("rating_key"))
    before = told.plays.get(player)
    if state == "buffering" or (state == "stopped" and before is not None and before[1] != item):
        return None  # the second: the track before the one that plays now has ended
    told.plays[player] = (state, item)
    whose = text(data.get("player_product")) or text(data.get("player_title")) or "Plex"
    name, artist = text(data.get("title")), text(data.get("artist"))
    what = f'"{name}" by {artist}' if name and artist else f'"{name}"' if name else "something"
    match state:
        case "playing" if before == ("paused", item):
            words, style = f"{whose} goes on with {what}", "green"
        case "playing":
            words, style = f"{whose} plays {what}", "green"
        case "paused":
            words, style = f"{whose} pauses {what}", "yellow"
        case _:
            words, style = f"{whose} stops", "yellow"
    return told.room_of(data), words, style


def _source_changed(told: Told, data: Json, _frame: Json) -> Sentence | None:
    room, source = told.room_of(data), record(data.get("source"))
    name, artist = text(source.get("title")) or text(source.get("station")), text(source.get("artist"))
    is_input, before = text(source.get("input")), told.inputs.get(room, "")
    told.inputs[room] = is_input
    if is_input and is_input != before:
        move = f"{short_input(before)} → {short_input(is_input)}" if before else short_input(is_input)
        return room, f"input {move}", "blue"
    if is_input or not name:
        return None
    return room, f'HEOS streams "{name}"{f" by {artist}" if artist else ""}', "green"


def _heos_link_changed(told: Told, data: Json, _frame: Json) -> Sentence | None:
    host, reason = text(data.get("host")), text(data.get("reason"))
    before, told.heos_up = told.heos_up, data.get("up") is True
    if before is False and not told.heos_up:
        return None  # gone for another reason is still gone
    if told.heos_up:
        return "", f"the HEOS system at {host} is connected", "green"
    return (
        "",
        f"the HEOS system {f'at {host} ' if host else ''}is gone{f': {reason}' if reason else ''}",
        "red",
    )


def _receiver_read(told: Told, data: Json, _frame: Json) -> None:
    room, level, muted = told.room_of(data), whole(data.get("level")), data.get("muted")
    if level is not None:
        told.levels[room] = level
    if isinstance(muted, bool):
        told.muted[room] = muted
    told.inputs[room] = text(record(data.get("source")).get("input"))


def _playback_failed(told: Told, data: Json, _frame: Json) -> Sentence:
    return told.room_of(data), f"the receiver could not play: {text(data.get('text'))}", "red"


def _sessions_unread(told: Told, data: Json, _frame: Json) -> Sentence | None:
    if told.plex_silent or data.get("reason") == "dropped":
        return None
    told.plex_silent = True
    reason = {"down": "does not answer", "refused": "refuses the token"}.get(
        text(data.get("reason")), "makes no sense"
    )
    detail = text(data.get("detail"))
    return "", f"Plex {reason}{f': {detail}' if detail else ''}", "red"


def _sessions_read(told: Told, _data: Json, _frame: Json) -> Sentence | None:
    if not told.plex_silent:
        return None
    told.plex_silent = False
    return "", "Plex answers again", "green"


def _command_failed(told: Told, data: Json, _frame: Json) -> Sentence | None:
    if data.get("reason") == "dropped" or (data.get("reason") == "unavailable" and told.heos_up is False):
        return None
    return _failed("the receiver did not do it", told, data)


def _player_command_failed(told: Told, data: Json, _frame: Json) -> Sentence:
    return _failed("the player did not do it", told, data)


def _failed(what: str, told: Told, data: Json) -> Sentence:
    reason, detail = text(data.get("reason")).replace("_", " "), text(data.get("detail"))
    return told.room_of(data), f"{what}: {reason}{f' ({detail})' if detail else ''}", "red"


def _select_source(_told: Told, data: Json, _frame: Json) -> Sentence:
    source, why = record(data.get("source")), text(data.get("why")).replace("_", " ")
    name = (
        short_input(text(source.get("input"))) or text(source.get("station")) or "what HEOS streamed before"
    )
    return text(data.get("room")), f"switches to {name}{f' ({why})' if why else ''}", "blue"


def _say(told: Told, data: Json, _frame: Json) -> Sentence:
    """Pass on what the daemon says to its log; a room at its beginning goes where rooms stand."""
    of_ingest = ingest_sentences.said(data)
    if of_ingest is not None:
        return of_ingest
    words = text(data.get("text"))
    style = {"warning": "yellow", "error": "red"}.get(text(data.get("level")), "")
    for room in told.names:
        if words.startswith(f"Room {room}: "):
            return room, words.removeprefix(f"Room {room}: "), style
    return "", words, style


# ------------------------------------------------------------------ requests


def _asks(wish: str | Callable[[Json], str]) -> Callable[[Told, Json, Json], Sentence]:
    def sentence(told: Told, data: Json, frame: Json) -> Sentence:
        by = text(frame.get("by"))
        somebody = who(by) if by.startswith(("uid:", "token:")) else "somebody"
        room = text(data.get("room"))
        room = told.names[0] if room == "-" and len(told.names) == 1 else room
        return room, f"{somebody} asks {wish if isinstance(wish, str) else wish(data)}", ""

    return sentence


def _seek_wish(data: Json) -> str:
    return f"to seek to {clock(number(data.get('position_ms')) or 0)}"


def _mute_wish(data: Json) -> str:
    muted = data.get("muted")
    return (
        "to mute"
        if muted is True
        else "to be heard again"
        if muted is False
        else "to mute, or to be heard again"
    )


def _fade_wish(data: Json) -> str:
    return f"to fade to {text(data.get('to_level'))} over {duration(number(data.get('duration_s')) or 0.0)}"


# ------------------------------------------------------------------ the daemon


def _fades_allowed(_told: Told, data: Json, _frame: Json) -> Sentence:
    because = text(data.get("because"))
    if data.get("allowed") is True:
        return "", "levels fade again", "green"
    return "", f"levels do not fade for now{f': {because}' if because else ''}", "yellow"


def _room_scene_changed(_told: Told, data: Json, _frame: Json) -> Sentence:
    room, scene = text(data.get("room")), record(data.get("scene"))
    match text(scene.get("kind")):
        case "film":
            return room, f"makes way for {text(scene.get('film')) or 'the film'}", "blue"
        case "intermission":
            return room, "has an intermission", "blue"
        case _:
            return room, "is in no party any more", "blue"


def _actor_failed(_told: Told, data: Json, _frame: Json) -> Sentence:
    again_in_s = number(data.get("again_in_s")) or 0.0
    actor, error = text(data.get("actor")).replace("_", " "), text(data.get("error"))
    return "", f"{actor} failed ({error}); started again in {duration(again_in_s)}", "red"


def _journal_changed(_told: Told, data: Json, _frame: Json) -> Sentence:
    status, detail = text(data.get("status")), text(data.get("detail"))
    style = "green" if status == "ok" else "red"
    return "", f"the journal is {status}{f': {detail}' if detail else ''}", style


def _plainly(words: str, style: str = "") -> Callable[[Told, Json, Json], Sentence]:
    """Say the same words each time, with fields of the event in their places."""

    def sentence(_told: Told, data: Json, _frame: Json) -> Sentence:
        filled = words
        for key, value in data.items():
            filled = filled.replace(f"{{{key}}}", text(value))
        return "", filled, style

    return sentence


SENTENCES: dict[str, Callable[[Told, Json, Json], Sentence | None]] = {
    "music.plex_state_changed": _plex_state_changed,
    "music.source_changed": _source_changed,
    "music.heos_link_changed": _heos_link_changed,
    "music.receiver_read": _receiver_read,
    "music.playback_failed": _playback_failed,
    "music.sessions_unread": _sessions_unread,
    "music.sessions_read": _sessions_read,
    "music.command_failed": _command_failed,
    "music.player_command_failed": _player_command_failed,
    "music.fades_allowed": _fades_allowed,
    "music.room_scene_changed": _room_scene_changed,
    "music.play_requested": _asks("to play"),
    "music.pause_requested": _asks("to pause"),
    "music.stop_requested": _asks("to stop"),
    "music.skip_requested": _asks(lambda data: f"for the {text(data.get('direction'))} title"),
    "music.seek_requested": _asks(_seek_wish),
    "music.volume_requested": _asks(lambda data: f"for level {text(data.get('level'))}"),
    "music.volume_step_requested": _asks(lambda data: f"for one step {text(data.get('direction'))}"),
    "music.mute_requested": _asks(_mute_wish),
    "music.source_requested": _asks(lambda data: f"for {short_input(text(data.get('input')))}"),
    "music.fade_requested": _asks(_fade_wish),
    "effect.select_source": _select_source,
    "effect.say": _say,
    "house.config_loaded": _plainly("the configuration is in force"),
    "system.daemon_started": _plainly("segued {version} has started", "green"),
    "system.reload_refused": _plainly("the configuration was not reloaded: {problems}", "red"),
    "system.shutdown_requested": _plainly("segued stops ({reason})", "yellow"),
    "system.actor_failed": _actor_failed,
    "system.actor_recovered": _plainly("{actor} works again", "green"),
    "system.journal_changed": _journal_changed,
    "system.domain_set_aside": _plainly("what was kept of {domain} was set aside: {detail}", "yellow"),
    **ingest_sentences.INGEST_SENTENCES,
    **party_sentences.PARTY_SENTENCES,
}
