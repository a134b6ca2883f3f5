"""Between the words on the wire and the actions and effects of the core; and who says that it speaks.

Who speaks is never read from a message once the handshake has settled it: every function here takes the username that
was authenticated and the link that it came through.
"""

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from segue.core.party.actions import (
    ClientConnected,
    HandSeen,
    PartyActions,
    SeatReady,
    SeatReported,
)
from segue.core.party.effects import CorrectSeat, PublishState, TellEvent, TellMember
from segue.core.party.requests import (
    OffsetRequested,
    PartyRequest,
    PauseRequested,
    RemoveRequested,
    ResumeRequested,
    ResyncRequested,
    SeekRequested,
    SkipRequested,
    StartRequested,
    StopRequested,
)
from segue.core.party.settings import Device, Film
from segue.core.party.state import Ended, Lobby, PartyState
from segue.core.party.state import Report as SeatReport
from segue.core.vocabulary import Refuse
from segue.interfaces.party_old_protocol import OldCommand, Register, StatusUpdate
from segue.interfaces.party_protocol import (
    Answer,
    BadMessage,
    DeviceBody,
    Error,
    Event,
    FilmBody,
    Hello,
    Member,
    Ready,
    Report,
    State,
    Want,
)
from segue.secret import Secret

USERNAME_MAX, PASSKEY_MAX = 64, 512

# ------------------------------------------------------------------ who speaks


class Credentials(msgspec.Struct, frozen=True):
    """What a handshake or a first message says of who speaks. Nothing of it is proven."""

    username: str
    passkey: Secret


def credentials(headers: Mapping[str, str], query: Mapping[str, str]) -> Credentials | None:
    """Read them from a handshake: `Authorization: Bearer` with `X-Username`, else `?username=&passkey=`.

    Header names are in lower case. What is not there, the first message must carry; nothing where all of it is missing.
    Raises `BadMessage` for what no username or passkey can be.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        username = headers.get("x-username") or query.get("username", "")
        return checked(username, token.strip())
    if headers.get("x-username"):
        return checked(headers["x-username"], "")
    if "passkey" in query or "username" in query:
        return checked(query.get("username", ""), query.get("passkey", ""))
    return None


def checked(username: str, passkey: str) -> Credentials:
    """Hold what was said to the limits. Raises `BadMessage`, which never quotes the passkey."""
    username = username.strip()
    if not username or len(username) > USERNAME_MAX or not username.isprintable():
        text = f"A username has 1 to {USERNAME_MAX} characters, all of them printable."
        raise BadMessage("bad_username", text, "Set the agent's username.")
    if len(passkey) > PASSKEY_MAX:
        raise BadMessage("bad_passkey", f"A passkey has at most {PASSKEY_MAX} characters.")
    return Credentials(username, Secret(passkey))


def hashed(token: str) -> str:
    """Give the hash of an invitation's token, which is all that the state knows of it; empty for none."""
    return sha256(token.encode()).hexdigest() if token else ""


# ------------------------------------------------------------------ up: messages to actions


def connected(message: Hello | Register, username: str, link_id: str) -> ClientConnected:
    """Make the action of a first message."""
    devices = tuple(Device(device.id, device.title) for device in message.devices)
    if isinstance(message, Register):
        return ClientConnected(username, link_id, devices, "old")
    invite_hash = hashed(message.invite)
    return ClientConnected(username, link_id, devices, "ours", message.session, invite_hash)


def said(message: Ready | Report | Want, username: str, link_id: str) -> PartyActions:
    """Make the action of what an agent of ours says. Raises `BadMessage` where a wish lacks its number."""
    if isinstance(message, Want):
        return wanted(message, username)
    where = (username, link_id, message.session, message.device)
    if isinstance(message, Ready):
        return SeatReady(*where, message.rev, message.parked_ms, message.problem, message.detail)
    match message.note:
        case "hand_paused":
            return HandSeen(*where, "paused", message.position_ms)
        case "hand_played":
            return HandSeen(*where, "played", message.position_ms)
        case "hand_sought":
            return HandSeen(*where, "sought", message.position_ms)
        case "hand_stopped":
            return HandSeen(*where, "stopped", message.position_ms)
        case note:
            report = SeatReport(
                rev=message.rev,
                state=message.state,
                drift_ms=message.drift_ms,
                sigma_ms=message.sigma_ms,
                samples=message.samples,
                note=note,
                step=message.step,
                position_ms=message.position_ms,
                parking_ms=message.parking_ms,
            )
            return SeatReported(*where, report)


_PLAIN: dict[str, type[PartyRequest]] = {
    "start": StartRequested,
    "pause": PauseRequested,
    "play": ResumeRequested,
    "skip": SkipRequested,
    "stop": StopRequested,
    "resync": ResyncRequested,
}


def wanted(want: Want, username: str) -> PartyActions:
    """Make the request of a wish; the core decides whether its user may. Raises `BadMessage`."""
    session = want.session
    match want.op:
        case "seek":
            if want.position_ms is None:
                raise BadMessage("bad_message", "A seek needs position_ms.")
            return SeekRequested(party_id=session, who=username, position_ms=want.position_ms)
        case "offset":
            if want.offset_ms is None:
                raise BadMessage("bad_message", "An offset needs offset_ms.")
            return OffsetRequested(
                party_id=session, who=username, username=username, offset_ms=want.offset_ms
            )
        case "leave":
            return RemoveRequested(party_id=session, who=username, username=username)
        case "rejoin":
            return ResyncRequested(party_id=session, who=username, username=username)
        case op:
            plain = _PLAIN[op]
            action: PartyActions = plain(party_id=session, who=username)  # type: ignore[assignment]
            return action


def old_report(update: StatusUpdate, state: PartyState, username: str, link_id: str) -> SeatReported | None:
    """Find what an old client's status is about: it names a film and no device. Nothing where that is not clear."""
    for party in state.parties.values():
        member = party.member(username)
        if member is None or isinstance(party.phase, Lobby | Ended) or party.film.filename != update.filename:
            continue
        seats = [seat for seat in member.seats if seat.device_id and not seat.away]
        if len(seats) == 1:
            report = SeatReport(rev=party.rev, state="playing", position_ms=update.position_ms)
            return SeatReported(username, link_id, party.party_id, seats[0].device_id, report)
    return None


# ------------------------------------------------------------------ down: effects to messages


def film_body(film: Film) -> FilmBody:
    """Write a film."""
    return FilmBody(film.duration_ms, film.guid[:200], film.filename[:255], film.title[:200])


def state_message(effect: PublishState, username: str) -> State:
    """Write where the film should be, for one member."""
    line = effect.frame.line
    return State(
        session=effect.party_id,
        rev=line.rev,
        phase=effect.phase,
        item=effect.frame.item,
        film=film_body(effect.film),
        position_ms=line.position_ms,
        at=line.at_s,
        rate=line.rate,
        why=effect.frame.why,
        lead_ms=min(600_000, round(effect.frame.lead_s * 1000)),
        fetch=tuple(device for user, device in effect.frame.fetch if user == username),
        starts_at=effect.wall_starts_at,
    )


def member_message(effect: TellMember) -> Member:
    """Write what a member is."""
    return Member(
        session=effect.party_id,
        role=effect.role,
        offset_ms=effect.offset_ms,
        device=effect.device_id,
        title=effect.title[:200],
        away=effect.away,
        problem=effect.problem,
        detail=effect.detail[:500],
        removed=effect.removed,
    )


def event_message(effect: TellEvent) -> Event:
    """Write what happened."""
    return Event(effect.party_id, effect.kind, effect.text[:500], effect.username, effect.device_id)


def corrected(effect: CorrectSeat) -> OldCommand:
    """Write where an old client's player belongs now."""
    device = DeviceBody(id=effect.device_id, title=effect.title)
    return OldCommand("seek", effect.film.filename, effect.position_ms, device)


def answered(want: Want, refusal: Refuse | None) -> Answer:
    """Write what became of a wish."""
    if refusal is None:
        return Answer(want.id, ok=True)
    return Answer(
        want.id, ok=False, code=refusal.code, message=refusal.message[:500], hint=refusal.hint[:500]
    )


def refused(refusal: Refuse) -> Error:
    """Write what is wrong with a message that was no wish."""
    return Error(refusal.code, refusal.message[:500], refusal.hint[:500])
