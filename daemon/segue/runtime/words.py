"""What happened, in plain words: one short line for each action, as `seguectl why` shows it."""

from collections.abc import Callable
from typing import Any

from segue.core.actions import Action, ConfigLoaded, DeadlineDue
from segue.core.ingest.requests import Request
from segue.core.music import actions as music
from segue.core.system import actions as system
from segue.runtime import ingest_words, party_words

SESSIONS_NAMED = 2


def words_for(action: Action, by: str) -> str:
    """Say what an action reports or asks; a request names who asked."""
    words = _WORDS[type(action)]
    text = words if isinstance(words, str) else words(action)
    return f"{who(by)} asked: {text}" if isinstance(action, music.RoomRequest | Request) else text


def who(by: str) -> str:
    """Say who dispatched: a person at the control socket (by uid), a caller over the network, or a part of segue."""
    kind, _, name = by.partition(":")
    match kind:
        case "uid":
            return f"somebody (uid {name})"
        case "token":
            return f"somebody ({name})" if name else "somebody"
        case _:
            return by or "somebody"


def _title(title: str, artist: str) -> str:
    named = f'"{title}"' if title else "something"
    return f"{named} by {artist}" if artist else named


_PLEX_VERB = {"playing": "plays", "paused": "pauses", "buffering": "buffers", "stopped": "stops"}


def _plex_state(a: music.PlexStateChanged) -> str:
    player = a.player_title or a.player_product or a.player_id or "the player"
    return f"{player} {_PLEX_VERB[a.state]} {_title(a.title, a.artist)}"


def _sessions(a: music.SessionsRead) -> str:
    if not a.sessions:
        return "Plex was asked: nothing plays"
    named = [
        f"{s.player_title or s.player_id} {s.state} {_title(s.title, s.artist)}"
        for s in a.sessions[:SESSIONS_NAMED]
    ]
    more = len(a.sessions) - len(named)
    return f"Plex was asked: {', '.join(named)}{f' and {more} more' if more else ''}"


def _source(source: music.Source) -> str:
    named = source.input or source.station or source.title
    return named or ("HEOS" if source.source_id is not None else "nothing known")


def _receiver(a: music.ReceiverRead) -> str:
    level = "an unknown level" if a.level is None else f"level {a.level}"
    return f"the receiver was read: {level}{', muted' if a.muted else ''}, {_source(a.source)}"


def _because(text: str, detail: str) -> str:
    return f"{text} ({detail})" if detail else text


def _muting(a: music.MuteRequested) -> str:
    if a.muted is None:
        return "mute or unmute"
    return "mute" if a.muted else "unmute"


def _scene(a: music.RoomSceneChanged) -> str:
    film = f'"{a.scene.film}"' if a.scene.film else "the film"
    match a.scene.kind:
        case "film":
            return f"{a.room} makes way for {film} of party {a.scene.party_id}"
        case "intermission":
            return f"{a.room} has an intermission of {film} in party {a.scene.party_id}"
        case _:
            return f"{a.room} is in no party any more"


_WORDS: dict[type, str | Callable[[Any], str]] = {
    ConfigLoaded: "the configuration was loaded",
    DeadlineDue: lambda a: f"a deadline of {a.domain}",
    music.WebhookHeard: lambda a: f"webhook {a.event}".rstrip(),
    music.SessionsRead: _sessions,
    music.SessionsUnread: lambda a: _because(f"Plex could not be asked: {a.reason}", a.detail),
    music.PlexStateChanged: _plex_state,
    music.HeosLinkChanged: lambda a: (
        f"HEOS at {a.host} is connected" if a.up else _because(f"HEOS at {a.host} is gone", a.reason)
    ),
    music.HeosPlayersRead: lambda a: (
        f"HEOS has the players {', '.join(p.name for p in a.players)}" if a.players else "HEOS has no player"
    ),
    music.ReceiverRead: _receiver,
    music.VolumeChanged: lambda a: f"the receiver says: level {a.level}{', muted' if a.muted else ''}",
    music.ReceiverStateChanged: lambda a: f"the receiver says: {a.play_state}",
    music.SourceChanged: lambda a: f"the receiver says: {_source(a.source)}",
    music.PlaybackFailed: lambda a: f"the receiver says: {a.text}",
    music.CommandDone: "the receiver took a command",
    music.CommandFailed: lambda a: _because(f"the receiver did not take a command: {a.reason}", a.detail),
    music.PlayerCommandDone: "the player took a command",
    music.PlayerCommandFailed: lambda a: _because(f"the player did not take a command: {a.reason}", a.detail),
    music.PlayRequested: "play",
    music.PauseRequested: "pause",
    music.StopRequested: "stop",
    music.SkipRequested: lambda a: f"{a.direction} title",
    music.SeekRequested: lambda a: f"go to {a.position_ms / 1000:.1f} s",
    music.VolumeRequested: lambda a: f"level {a.level}",
    music.VolumeStepRequested: lambda a: "louder" if a.direction == "up" else "softer",
    music.MuteRequested: _muting,
    music.SourceRequested: lambda a: f"listen to {a.input}",
    music.FadeRequested: lambda a: f"fade to level {a.to_level} in {a.duration_s:g} s",
    music.FadesAllowed: lambda a: _because(
        "fades are allowed" if a.allowed else "fades are not allowed", a.because
    ),
    music.RoomSceneChanged: _scene,
    music.RestoreRequested: lambda a: _because("all levels go home", a.because),
    system.DaemonStarted: lambda a: f"segue {a.version} started",
    system.ReloadRefused: "a reload found a broken configuration",
    system.ShutdownRequested: lambda a: _because("the daemon was asked to stop", a.reason),
    system.ActorFailed: lambda a: _because(f"{a.actor} failed", a.error),
    system.ActorRecovered: lambda a: f"{a.actor} works again",
    system.JournalChanged: lambda a: _because(f"the journal is {a.status}", a.detail),
    system.DomainSetAside: lambda a: _because(f"what was kept of {a.domain} was set aside", a.detail),
    **ingest_words.WORDS,
    **party_words.WORDS,
}
"""One line an action; a test demands every one."""
