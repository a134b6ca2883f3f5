"""The settings of one room: what plays there, where it is heard, and how loud."""

from typing import Annotated, Literal

from msgspec import Meta

from segue.config.section import Section

Level = Annotated[int, Meta(ge=0, le=100)]
FadeS = Annotated[float, Meta(ge=0, le=30)]
TakeOver = Literal["never", "idle-or-music", "always"]
FadeOn = Literal["start", "resume", "pause", "stop"]

ROOM_NAME = "^[a-z0-9][a-z0-9_-]{0,31}$"
INPUT_NAME = "^(inputs/[a-z0-9_]+)?$"

MUSIC_INPUTS = ("inputs/cd", "inputs/phono", "inputs/tuner", "inputs/hdradio", "inputs/recorder_in_1")
"""Inputs of a receiver that carry no picture, as HEOS names them (HEOS CLI protocol, section 4.4.9)."""


class RoomConfig(Section, frozen=True, kw_only=True):
    """One listening place; write one `[[room]]` for each."""

    name: Annotated[
        str,
        Meta(
            pattern=ROOM_NAME,
            description="What you call it on the command line and in addresses: lower-case letters, digits, `-`, `_`.",
            extra={"expected": "a name of at most 32 lower-case letters, digits, - and _"},
        ),
    ]
    plex_player: Annotated[
        str,
        Meta(description="Machine identifier or title of its Plex player; `seguectl players` lists them."),
    ] = ""
    heos_player: Annotated[
        str, Meta(description="Name or id of its HEOS player; `seguectl players` lists them.")
    ] = ""
    input: Annotated[
        str,
        Meta(
            pattern=INPUT_NAME,
            description="Input of the receiver that the Plex player is wired to, such as `inputs/cd`. Empty: the "
            "receiver is never switched.",
            extra={"expected": "an input as HEOS names it, such as inputs/cd"},
        ),
    ] = ""
    max_level: Annotated[
        Level,
        Meta(
            description="segue never sends a louder level. A knob turned above it is left alone, but fades come back "
            "to at most this. 80 is 0 dB on the scale of Denon and Marantz: loud, and no accident."
        ),
    ] = 80
    fade_in_s: Annotated[FadeS, Meta(description="Length of the fade when music starts or resumes.")] = 1.0
    fade_out_s: Annotated[FadeS, Meta(description="Length of the fade before a pause or stop.")] = 1.0
    start_level: Annotated[
        Level | None,
        Meta(
            description="Level to start at, whatever the knob says. Not set: the level that was last chosen by hand."
        ),
    ] = None
    volume_step: Annotated[
        int, Meta(ge=1, le=20, description="Levels of one step of `volume up` and `volume down`.")
    ] = 2
    take_over: Annotated[
        TakeOver,
        Meta(
            description="When a start of the Plex player may switch the receiver to `input`: never; when the receiver "
            "is idle or plays music (never away from television); always."
        ),
    ] = "idle-or-music"
    trust_idle: Annotated[
        bool,
        Meta(
            description="HEOS calls a receiver `stopped` that is in standby, shows television over HDMI, or is really "
            "idle. false: such a receiver is left alone. true: it counts as idle; for devices without television."
        ),
    ] = False
    wake: Annotated[
        bool, Meta(description='true: with `take_over = "always"`, a start may wake a receiver in standby.')
    ] = False
    restore_after_s: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="How long after the music ends the receiver goes back to its former input.",
        ),
    ] = 10.0
    fade_on: Annotated[tuple[FadeOn, ...], Meta(description="Which changes are faded; empty: none.")] = (
        "start",
        "resume",
        "pause",
        "stop",
    )
    music_inputs: Annotated[
        tuple[Annotated[str, Meta(pattern=INPUT_NAME)], ...],
        Meta(
            description="Inputs that carry music and no picture: a start may take over from them.",
            extra={"expected": "a list of inputs as HEOS names them, such as inputs/cd"},
        ),
    ] = MUSIC_INPUTS
    film_player: Annotated[
        str,
        Meta(
            description="Machine identifier or title of the Plex player that shows films in this room, where that is "
            "another one than `plex_player`. While it is in a watch party, the room's music makes way."
        ),
    ] = ""
    film_input: Annotated[
        str,
        Meta(
            pattern=INPUT_NAME,
            description="Input of the receiver that films come in by, selected while a watch party's film runs. Empty: "
            "`input`, unless there is a `film_player`; then the receiver is not switched for a film.",
            extra={"expected": "an input as HEOS names it, such as inputs/tv"},
        ),
    ] = ""
    film_level: Annotated[
        Level | None,
        Meta(
            description="Level of a watch party's film, at most `max_level`. A knob turned during the film stands, and "
            "the music's own level is back afterwards. Not set: the level last chosen by hand for that input."
        ),
    ] = None
    intermission_music: Annotated[
        bool,
        Meta(description="true: music that a party's film silenced comes back softly in its intermissions."),
    ] = True
    intermission_level: Annotated[
        Level | None,
        Meta(
            description="Level of the music in an intermission, at most `max_level`. Not set: three quarters of the "
            "music's own level."
        ),
    ] = None
    restore_music: Annotated[
        bool,
        Meta(
            description="true: music that a party's film silenced plays again when the party is over. Input and level "
            "are given back in any case, `restore_after_s` later."
        ),
    ] = True
