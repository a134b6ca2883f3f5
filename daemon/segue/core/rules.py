"""What the house decides as one. The only place where domains meet.

Each rule is a function whose name is the sentence. It looks at the joint state, writes nothing, and returns the actions
that would make the sentence true; nothing when it is true already. It looks at states, not at events, so it does not
matter how the house came here. `settle` asks all of them, in this order, until none has anything to say: the order is
the priority. An action of a rule is reduced like any other, and the journal names the rule.

A rule returns a tuple, because one reading may concern several players at once.
"""

from collections.abc import Callable

from segue.core.actions import Action
from segue.core.ingest.actions import TransfersHeld
from segue.core.music import sessions
from segue.core.music.actions import FadesAllowed, RestoreRequested, RoomSceneChanged, Scene, SceneKind
from segue.core.music.state import Fading, Room
from segue.core.party.home import HomeSeat
from segue.core.state import State

ROUNDS_MAX = 8
"""More rounds mean that two rules contradict each other: a programmer's error."""

Rule = Callable[[State], tuple[Action, ...]]


def players_follow_their_sessions(state: State) -> tuple[Action, ...]:
    """Tell the house what the last reading of Plex' sessions changed."""
    return sessions.transitions(state.music)


def sound_acts_without_fades_while_the_journal_is_late(state: State) -> tuple[Action, ...]:
    """Lower no level that a crash could leave low."""
    allowed = state.system.journal == "ok"
    if state.music.fades_allowed == allowed:
        return ()
    return (FadesAllowed(allowed=allowed, because=f"journal_{state.system.journal}"),)


def transfers_give_way_to_people_who_watch(state: State) -> tuple[Action, ...]:
    """Copy nothing, or slowly, while a film or an episode plays anywhere in the house ([ingest] while_watching)."""
    wish = state.ingest.settings.while_watching
    because = ""
    if state.music.watched:
        because = f"{state.music.watched[0]} is being watched"
    elif sessions.not_read_yet(state.music):
        because = "whether anybody watches is not known yet"
    hold = wish if wish != "ignore" and because else ""
    if state.ingest.held.hold == hold:
        return ()
    return (TransfersHeld(hold, because if hold else ""),)


def music_yields_to_party(state: State) -> tuple[Action, ...]:
    """Give way to a film that is watched together in the room, come back in its intermission, and when it is over."""
    home, changed = state.party.home, []
    if state.system.stopping:
        return ()  # the agent's players go on without it, and the next process goes on with them
    for room in state.music.rooms:
        if not home.seats and room.kept.yielded is None:
            continue
        name = room.settings.film_player or room.settings.plex_player
        seats = [seat for seat in home.seats if sessions.is_player(name, seat.device_id, seat.title)]
        before = Scene() if room.kept.yielded is None else room.kept.yielded.scene
        scene = _scene_of(seats, room, before)
        is_news = bool(seats) and room.seat_due_at is not None
        # That there is no seat means something only while somebody is there who would tell of one: after a restart of
        # the daemon, what it knew before holds until its agent has found the orchestrator again.
        is_silent = room.seat_due_at is not None or (bool(home.orchestrator) and not home.up)
        if is_news or (scene != before and not (is_silent and not seats)):
            changed.append(RoomSceneChanged(room.name, scene))
    return tuple(changed)


def _scene_of(seats: list[HomeSeat], room: Room, before: Scene) -> Scene:
    """Say what the seats of a room's player mean for it; who is in step counts before who is not."""
    scenes = (_scene(seat, room, before) for seat in sorted(seats, key=lambda seat: not seat.in_step))
    return next((scene for scene in scenes if scene.kind), Scene())


def _scene(seat: HomeSeat, room: Room, before: Scene) -> Scene:
    """Say what one seat means for its room. A viewer who stepped away finds everything as it was."""
    kind: SceneKind = "" if seat.phase in ("lobby", "ended") else "film"
    if seat.phase == "intermission" and not seat.cued:
        kind = "intermission"
    fetched = seat.phase == "intermission" and seat.cued
    if kind and not seat.in_step and not fetched:
        kind = before.kind if before.party_id == seat.party_id else ""
    if not kind:
        return Scene()
    on_music_player = sessions.is_player(room.settings.plex_player, seat.device_id, seat.title)
    return Scene(kind, seat.party_id, seat.film, on_music_player, seat.in_step)


def levels_go_home_before_the_daemon_stops(state: State) -> tuple[Action, ...]:
    """Leave no receiver in the middle of a fade."""
    if not state.system.stopping:
        return ()
    for room in state.music.rooms:
        if room.kept.faded is None or not room.receiver.available:
            continue
        if not (isinstance(room.phase, Fading) and room.phase.why == "daemon_stops"):
            return (RestoreRequested(because="daemon_stops"),)
    return ()


RULES: tuple[Rule, ...] = (
    players_follow_their_sessions,
    sound_acts_without_fades_while_the_journal_is_late,
    transfers_give_way_to_people_who_watch,
    music_yields_to_party,
    levels_go_home_before_the_daemon_stops,
)


def enabled(state: State) -> tuple[Rule, tuple[Action, ...]] | None:
    """Give the first rule that has something to say, and what; nothing once the state is settled."""
    for rule in RULES:
        actions = rule(state)
        if actions:
            return rule, actions
    return None
