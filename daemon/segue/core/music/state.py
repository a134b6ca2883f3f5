"""What the music domain knows: rooms, players, receivers. Two kinds of truth, by name: `wanted_` and `observed_`."""

from typing import Literal

import msgspec

from segue.core.music.actions import HeosPlayer, PlexSession, PlexStateChanged, ReceiverState, Scene, Source
from segue.core.music.effects import Verb

TakeOver = Literal["never", "idle-or-music", "always"]
FadeOn = Literal["start", "resume", "pause", "stop"]
Activity = Literal["unknown", "stopped", "paused", "playing"]
FadeKind = Literal["in", "out", "to", "restore"]

MUSIC_INPUTS = ("inputs/cd", "inputs/phono", "inputs/tuner", "inputs/hdradio", "inputs/recorder_in_1")
"""Inputs that a start may be taken over from: whoever listens to them has no television before the eyes."""


class RoomSettings(msgspec.Struct, frozen=True):
    """One `[[room]]` of the configuration; meaning and units are described there."""

    name: str
    plex_player: str = ""
    heos_player: str = ""
    input: str = ""
    max_level: int = 100
    fade_in_s: float = 1.0
    fade_out_s: float = 1.0
    start_level: int | None = None
    volume_step: int = 2
    take_over: TakeOver = "idle-or-music"
    trust_idle: bool = False
    wake: bool = False
    restore_after_s: float = 10.0
    fade_on: tuple[FadeOn, ...] = ("start", "resume", "pause", "stop")
    music_inputs: tuple[str, ...] = MUSIC_INPUTS
    film_player: str = ""
    film_input: str = ""
    film_level: int | None = None
    intermission_music: bool = True
    intermission_level: int | None = None
    restore_music: bool = True


class MusicSettings(msgspec.Struct, frozen=True):
    """What the configuration says about sound and about hearing Plex."""

    rooms: tuple[RoomSettings, ...] = ()
    plex_configured: bool = False
    poll_s: float = 60.0
    """How often the sessions are read without any other reason."""
    poll_playing_s: float = 10.0
    """The same while something plays; Plex' players report every 10 s."""
    read_gap_s: float = 0.1
    """Sessions are read at most this often, whatever comes in."""
    recheck_s: float = 1.0
    """A webhook is followed by a second reading: a stop may still be listed, a phantom may be gone."""
    step_levels_max: int = 2
    """Levels that one step of a fade may jump, as long as the fade is not stretched beyond twice its length."""
    human_window_s: float = 2.0
    """How long after its acknowledgement a level of ours may still come back as an echo."""
    confirm_s: float = 5.0
    """How long an answer may take to be observed: a pause, a start, a selected input."""
    resume_gap_s: float = 1.5
    """Shorter silences are a seek or a change of tracks, not a start: they bring no fade."""
    stale_after_s: float = 300.0
    """A session that `plays` without moving for so long has been forgotten by its player."""


# ------------------------------------------------------------------ hearing Plex


class Idle(msgspec.Struct, frozen=True, tag="idle"):
    """Nobody is reading the sessions."""


class Reading(msgspec.Struct, frozen=True, tag="reading"):
    """One reading is under way; at most one more is pending."""

    effect_id: str
    again: bool = False


class PlexLink(msgspec.Struct, frozen=True):
    """How the sessions are read, and how that goes."""

    phase: Idle | Reading = Idle()
    status: Literal["unknown", "ok", "down", "refused", "unreadable"] = "unknown"
    detail: str = ""
    failures: int = 0
    read_at: float | None = None
    """When the sessions were last read whole."""
    allowed_at: float = 0.0
    """Not before this moment may the next reading begin."""
    due_at: float | None = None
    """A reading that is wanted but not yet allowed."""
    recheck_at: float | None = None
    poll_at: float | None = None


class Observed(msgspec.Struct, frozen=True):
    """A session as it was last read, and since when its position has been what it is."""

    session: PlexSession
    moved_at: float
    seen_at: float
    stale: bool = False
    """It claims to play but has stood still for `stale_after_s`: counted as gone until it moves."""


PlayKey = tuple[str, str, str]
"""What makes one play: the player's id, the session's key and the item's rating key."""


class Play(msgspec.Struct, frozen=True):
    """One play that the house has been told of: the last `PlexStateChanged` about it, and when."""

    told: PlexStateChanged
    told_at: float

    @property
    def key(self) -> PlayKey:
        """What makes it one play."""
        return (self.told.player_id, self.told.session_key, self.told.rating_key)


# ------------------------------------------------------------------ one room


class Resting(msgspec.Struct, frozen=True, tag="resting"):
    """The level is nobody's business but the person's; `wanted_level` may still bring it home."""

    wanted_level: int | None = None
    because: int = 0
    why: str = ""


class Then(msgspec.Struct, frozen=True):
    """What follows when a fade has arrived: a transport command, another source, or nothing."""

    verb: Verb | None = None
    target: Literal["plex", "heos"] = "plex"
    source: Source | None = None
    level_after: int | None = None
    """The level to go to on the new source."""


class Fading(msgspec.Struct, frozen=True, tag="fading"):
    """The level goes from one value to another, linear in level, by deadline (decision 0004)."""

    kind: FadeKind
    from_level: int
    to_level: int
    started_at: float
    ends_at: float
    because: int
    why: str
    then: Then = Then()
    step_at: float | None = None
    """When the next level is due; set only while no command is in flight."""
    committed: bool = False
    """True once the first step has gone out: it alone waits for the journal."""


class Silenced(msgspec.Struct, frozen=True, tag="silenced"):
    """The level is down on purpose until the player is observed to have done what it was told."""

    until: Literal["playing", "paused", "stopped"]
    target: Literal["plex", "heos"]
    give_up_at: float
    because: int


class Selecting(msgspec.Struct, frozen=True, tag="selecting"):
    """An input was asked for and is not yet observed; the level is the lower of the two."""

    source: Source
    effect_id: str
    level_after: int
    give_up_at: float
    because: int
    play: bool = False
    """The room's Plex player is to play once the input is there."""


Phase = Resting | Fading | Silenced | Selecting


class InFlight(msgspec.Struct, frozen=True):
    """The one volume command that is under way."""

    effect_id: str
    level: int


class Sent(msgspec.Struct, frozen=True):
    """A level of ours that may still come back as an echo, until `expires_at` (not set before its answer)."""

    level: int
    expires_at: float | None = None


class Faded(msgspec.Struct, frozen=True):
    """Where a fade of ours may have left the receiver; a level outside is a person's."""

    low: int
    high: int


class Borrowed(msgspec.Struct, frozen=True):
    """What the room listened to before its Plex player came."""

    source: Source
    level: int | None


class Yielded(msgspec.Struct, frozen=True):
    """What gave way to a party, and how far. As long as it is there, something may be ours to give back."""

    scene: Scene
    """What is wanted."""
    arranged: Literal["", "film", "music"] = ""
    """What was last brought about, or is on the way: its levels are in force."""
    under_way: bool = False
    source: Source | None = None
    """What was listened to before."""
    switched: bool = False
    """The input is ours to give back."""
    music: Literal["", "plex", "heos"] = ""
    """Who played, and was silenced by us."""
    may_play: bool = False
    """The music is ours to bring back: nobody has stopped it by hand since."""
    film_level: int | None = None
    """The film's level as configured; nothing once a person turned the knob in the film."""
    intermission_level: int | None = None
    """The music's level in an intermission; nothing once a person turned the knob in one."""
    because: int = 0
    """The step in which the scene became what it is."""
    let_go: bool = False
    """A person chose another input: nothing here is ours any more, until the party is over."""


class Kept(msgspec.Struct, frozen=True):
    """What of a room outlives the process; in the database before the first step of any fade."""

    base_levels: tuple[tuple[str, int], ...] = ()
    """The person's level for each input, apart from any fade. The key is empty for what HEOS streams."""
    faded: Faded | None = None
    borrowed: Borrowed | None = None
    yielded: Yielded | None = None


class Receiver(msgspec.Struct, frozen=True):
    """What is known of a room's receiver."""

    heos_player_id: int | None = None
    observed_level: int | None = None
    level_at: float | None = None
    """When the level was last heard of, by an event or an acknowledgement."""
    observed_muted: bool | None = None
    observed_state: ReceiverState = "unknown"
    observed_source: Source = Source()
    observed_at: float | None = None
    available: bool = False
    """The link is up, the player is there and has told its level."""
    rtt_s: float = 0.02
    """Round trip of a volume command, averaged (a quarter of each new one)."""


class Room(msgspec.Struct, frozen=True):
    """One listening place."""

    settings: RoomSettings
    kept: Kept = Kept()
    receiver: Receiver = Receiver()
    phase: Phase = Resting()
    in_flight: InFlight | None = None
    sent: tuple[Sent, ...] = ()
    overruled: int | None = None
    """Our level that was under way when a person turned the knob; if it still arrives, theirs is put back."""
    activity: Activity = "unknown"
    activity_at: float | None = None
    """When the activity became what it is."""
    read_at: float | None = None
    """When the receiver is asked anew, because it has not told its level yet."""
    restore_at: float | None = None
    """When the borrowed source goes back, unless the player starts again."""
    restore_because: int = 0
    """The step in which the player went."""
    yield_ends_at: float | None = None
    """When what gave way to a party comes back, unless the party does."""
    pause_due_at: float | None = None
    """Until then, the pause for a film that is over already may still be obeyed."""
    seat_due_at: float | None = None
    """Until then, what a former process knew of a party holds although nobody has told of it yet."""

    @property
    def name(self) -> str:
        """The room's name."""
        return self.settings.name


class MusicState(msgspec.Struct, frozen=True):
    """The music domain's slice."""

    settings: MusicSettings = MusicSettings()
    plex: PlexLink = PlexLink()
    observed_sessions: tuple[Observed, ...] = ()
    plays: tuple[Play, ...] = ()
    watched: tuple[str, ...] = ()
    """Titles of what is being watched anywhere, by the last reading; nothing once Plex is away for good."""
    heos_up: bool = False
    heos_host: str = ""
    heos_detail: str = ""
    heos_players: tuple[HeosPlayer, ...] = ()
    fades_allowed: bool = True
    rooms: tuple[Room, ...] = ()
    kept_elsewhere: tuple[tuple[str, Kept], ...] = ()
    """Kept levels of rooms that the configuration does not name at present."""


# ------------------------------------------------------------------ what outlives the process

DURABLE_VERSION = 1


class DurableMusic(msgspec.Struct, frozen=True):
    """The durable projection: by room name, what was kept."""

    rooms: tuple[tuple[str, Kept], ...] = ()


def durable(state: MusicState) -> DurableMusic:
    """Project the slice on what outlives the process."""
    here = tuple((room.name, room.kept) for room in state.rooms)
    return DurableMusic(rooms=here + state.kept_elsewhere)


def revived(kept: DurableMusic) -> MusicState:
    """Begin a slice with what a former process kept; the configuration then claims its rooms."""
    return MusicState(kept_elsewhere=kept.rooms)
