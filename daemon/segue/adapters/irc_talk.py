"""One conversation with an IRC server, without a socket: lines in; lines out, and what was heard.

Theory of operation. We register (capabilities, password, SASL, nick), join the one channel at the end of the greeting,
and know from then on who is in it: whoever is not in our sight could be anybody. An account counts only where the
server itself puts it on a message (`account-tag`), which no client can forge.

Reference: RFC 2812; IRCv3 capability negotiation 302, SASL 3.1, account-tag; modern.ircdocs.horse for what servers do.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from irctokens.line import Line

from segue.adapters.irc_lines import clean, cut, folded, formed, is_target, parsed
from segue.secret import Secret

REALNAME: Final = "segue, announcements of watch parties"
CAPS: Final = ("account-tag",)
NICKS_MAX: Final = 9
"""So many nicks are tried when one after the other is taken."""
MEMBERS_MAX: Final = 5000
"""People in a channel that we follow; more are nobody to us."""
REASON_BYTES: Final = 200
SASL_CHUNK: Final = 400
RANKS: Final = "~&@%+!"
"""What stands before the nicks of those who have a rank in a channel."""
NO_JOIN: Final = frozenset({"403", "405", "437", "471", "473", "474", "475", "476", "477", "489", "520"})
NO_SASL: Final = frozenset({"902", "904", "905", "906", "908"})
TURNED_AWAY: Final = frozenset({"463", "464", "465"})
NOT_THIS_NICK: Final = frozenset({"431", "432", "433", "436", "437"})

Again = Literal["soon", "later"]
"""Whether coming back soon may help, or only once a person has changed something."""


class IrcEnd(Exception):  # noqa: N818 - it is no error that a conversation ends
    """The conversation is over. The text says why, for people."""

    def __init__(self, reason: str, again: Again = "soon") -> None:
        super().__init__(reason)
        self.again: Again = again


@dataclass(frozen=True, kw_only=True)
class IrcSettings:
    """Where we speak, and as whom."""

    host: str
    port: int = 6697
    tls: bool = True
    ca_file: str = ""
    """Certificate that the server's is checked against; empty: those that the system trusts."""
    channel: str
    nick: str = "segue"
    password: Secret | None = None
    """The server's."""
    account: str = ""
    """Account to log in to (SASL PLAIN); over TLS only."""
    account_password: Secret | None = None

    def __post_init__(self) -> None:
        if self.account and not self.tls:
            raise ValueError("an account's password is only sent over TLS")


# ------------------------------------------------------------------ what is heard


@dataclass(frozen=True)
class Entered:
    """We are in the channel."""

    nick: str
    """As which we are there."""


@dataclass(frozen=True)
class Away:
    """We are not in the channel (any more), or could not come in."""

    reason: str


@dataclass(frozen=True)
class Said:
    """A person said something, in the channel or to us alone."""

    nick: str
    text: str
    account: str = ""
    """What the server vouches for; empty: nothing."""
    is_here: bool = False
    """Whether that person is in the channel, where we would see them go."""


@dataclass(frozen=True)
class Gone:
    """A nick left the channel, or somebody who had it took another."""

    nick: str


IrcEvent = Entered | Away | Said | Gone
Hear = Callable[[IrcEvent], None]


class Conversation:
    """From the first line to the last; of no use after `take` has raised."""

    def __init__(self, settings: IrcSettings, send: Callable[[bytes], None], hear: Hear) -> None:
        """`send` takes whole lines that must go out at once; `hear` is called in the order of what happened."""
        self.nick = settings.nick
        self.is_registered = False
        self.is_in = False
        """Whether we are in the channel, and know who else is."""
        self._settings = settings
        self._send = send
        self._hear = hear
        self._offered: list[str] = []
        self._caps: set[str] = set()
        self._logged_in = False
        self._nicks = _other_nicks(settings.nick)
        self._members: dict[str, str] = {}
        self._entering = False

    # ------------------------------------------------------------ what we say by ourselves

    def begin(self) -> None:
        """Introduce ourselves."""
        settings = self._settings
        self._say("CAP", "LS", "302")
        if settings.password is not None:
            self._say("PASS", settings.password.reveal())
        self._say("NICK", self.nick)
        self._say("USER", "segue", "0", "*", REALNAME)

    def beat(self) -> None:
        """Ask for a sign of life; and try again what did not succeed: our own nick, our channel."""
        self._say("PING", "segue")
        if not self.is_registered:
            return
        if self.nick != self._settings.nick:
            self._say("NICK", self._settings.nick)
        if not self.is_in:
            self._say("NAMES" if self._entering else "JOIN", self._settings.channel)

    def _say(self, command: str, *params: str) -> None:
        self._send(formed(command, *params))

    # ------------------------------------------------------------ what we are told

    def take(self, raw: bytes) -> None:
        """Take a line of the server. Raises `IrcEnd`."""
        line = parsed(raw)
        if line is None:
            return
        params = line.params
        match line.command, len(params):
            case "PING", n if n:
                self._pong(params[-1])
            case "ERROR", n if n:
                raise IrcEnd(f"the server says: {_short(params[-1])}")
            case command, n if command.isdigit() and n >= 1:
                self._take_number(command, params)
            case "CAP", n if n >= 3:
                self._take_cap(params)
            case "AUTHENTICATE", n if n and params[0] == "+":
                self._authenticate()
            case _ if line.source is not None:
                self._take_from(line, line.hostmask.nickname)

    def _pong(self, token: str) -> None:
        try:
            self._say("PONG", token)
        except ValueError:
            raise IrcEnd("the server asked for a sign of life that is no line") from None

    def _take_number(self, number: str, params: list[str]) -> None:
        text = _short(params[-1])
        match number:
            case "001":
                self._welcomed(params[0])
            case "376" | "422" if self.is_registered:
                self._say("JOIN", self._settings.channel)
            case "353" if len(params) >= 4 and self._is_ours(params[2]):
                self._add(*params[3].split())
            case "366" if len(params) >= 2 and self._is_ours(params[1]) and self._entering:
                self._entering, self.is_in = False, True
                self._hear(Entered(self.nick))
            case "903" | "907":
                self._logged_in = True
                self._say("CAP", "END")
            case _ if number in NO_SASL:
                raise IrcEnd(f"it does not log us in to account {self._settings.account}: {text}", "later")
            case _ if number in TURNED_AWAY:
                raise IrcEnd(f"it turns us away: {text}", "later")
            case _ if number in NOT_THIS_NICK and not self.is_registered:
                self._next_nick(text)
            case _ if number in NO_JOIN and len(params) >= 2 and self._is_ours(params[1]):
                self._leave(f"{self._settings.channel} cannot be entered: {text}")
            case _:
                pass

    def _take_from(self, line: Line, nick: str) -> None:
        params, ours = line.params, folded(nick) == folded(self.nick)
        channel = bool(params) and self._is_ours(params[0])
        match line.command:
            case "PRIVMSG" if len(params) >= 2 and not ours and line.hostmask.hostname:
                self._take_words(line, nick)
            case "JOIN" if channel and ours:
                self._members.clear()
                self._entering, self.is_in = True, False
            case "JOIN" if channel:
                self._add(nick)
            case "PART" if channel and ours:
                self._leave("we were made to leave the channel")
            case "KICK" if channel and len(params) >= 2 and folded(params[1]) == folded(self.nick):
                self._leave(f"{_short(nick)} threw us out: {_short(params[-1])}")
            case "KICK" if channel and len(params) >= 2:
                self._remove(params[1])
            case "PART" if channel:
                self._remove(nick)
            case "QUIT" if not ours:
                self._remove(nick)
            case "NICK" if params and ours:
                self.nick = params[0]
            case "NICK" if params:
                self._renamed(nick, params[0])
            case "INVITE" if len(params) >= 2 and self._is_ours(params[1]) and not self.is_in:
                self._say("JOIN", self._settings.channel)
            case _:
                pass

    def _take_words(self, line: Line, nick: str) -> None:
        target, text = line.params[0], line.params[1]
        if text.startswith("\x01") or not (self._is_ours(target) or folded(target) == folded(self.nick)):
            return
        account = (line.tags or {}).get("account") or "" if "account-tag" in self._caps else ""
        is_here = self.is_in and folded(nick) in self._members
        self._hear(Said(nick, clean(text), account, is_here))

    # ------------------------------------------------------------ coming in

    def _take_cap(self, params: list[str]) -> None:
        """Ask for what we can use of what the server can do, once all of it has been listed."""
        caps = params[-1].split()
        match params[1].upper():
            case "LS" if not self.is_registered:
                self._offered += caps[: MEMBERS_MAX - len(self._offered)]
                if params[2] != "*":
                    self._ask_for_caps()
            case "ACK":
                self._caps.update(cap for cap in caps if cap in (*CAPS, "sasl"))
                if "sasl" in caps and self._settings.account:
                    self._say("AUTHENTICATE", "PLAIN")
                elif not self.is_registered:
                    self._say("CAP", "END")
            case "NAK" if self._settings.account:
                raise IrcEnd("it refuses SASL, which logging in to an account needs", "later")
            case "NAK":
                self._say("CAP", "END")
            case "DEL":
                self._caps.difference_update(caps)
            case _:
                pass

    def _ask_for_caps(self) -> None:
        values = {name: value for name, _, value in (cap.partition("=") for cap in self._offered)}
        wanted = [cap for cap in CAPS if cap in values]
        if self._settings.account:
            mechanisms = values.get("sasl", "none").upper().split(",")
            if mechanisms != [""] and "PLAIN" not in mechanisms:
                raise IrcEnd("it offers no SASL PLAIN, which logging in to an account needs", "later")
            wanted.append("sasl")
        if wanted:
            self._say("CAP", "REQ", " ".join(wanted))
        else:
            self._say("CAP", "END")

    def _authenticate(self) -> None:
        """Say the account and its password, in pieces of 400 bytes (SASL 3.1)."""
        settings = self._settings
        if not settings.account or settings.account_password is None or self._logged_in:
            return
        plain = f"{settings.account}\0{settings.account}\0{settings.account_password.reveal()}"
        text = b64encode(plain.encode()).decode()
        for start in range(0, len(text), SASL_CHUNK):
            self._say("AUTHENTICATE", text[start : start + SASL_CHUNK])
        if len(text) % SASL_CHUNK == 0:
            self._say("AUTHENTICATE", "+")

    def _welcomed(self, nick: str) -> None:
        if self._settings.account and not self._logged_in:
            raise IrcEnd("it let us in without logging us in to our account", "later")
        self.is_registered = True
        self.nick = nick

    def _next_nick(self, why: str) -> None:
        nick = next(self._nicks, None)
        if nick is None:
            raise IrcEnd(f"no nick like {self._settings.nick} is free: {why}", "later")
        self.nick = nick
        self._say("NICK", nick)

    # ------------------------------------------------------------ who is there

    def _is_ours(self, channel: str) -> bool:
        return folded(channel) == folded(self._settings.channel)

    def _add(self, *nicks: str) -> None:
        for nick in nicks:
            plain = nick.lstrip(RANKS)
            if is_target(plain) and len(self._members) < MEMBERS_MAX:
                self._members[folded(plain)] = plain

    def _remove(self, nick: str) -> None:
        if self._members.pop(folded(nick), None) is not None:
            self._hear(Gone(nick))

    def _renamed(self, nick: str, to: str) -> None:
        if folded(nick) in self._members:
            self._remove(nick)
            self._add(to)

    def _leave(self, reason: str) -> None:
        self._members.clear()
        self._entering = self.is_in = False
        self._hear(Away(reason))


def _other_nicks(nick: str) -> Iterator[str]:
    """Give nicks for when this one is taken: with `_` behind it, then shortened with a digit, as short servers want."""
    yield f"{nick}_"
    yield f"{nick}__"
    for digit in range(1, NICKS_MAX - 1):
        yield f"{nick[:8]}{digit}"


def _short(text: str) -> str:
    return cut(clean(text), REASON_BYTES)
