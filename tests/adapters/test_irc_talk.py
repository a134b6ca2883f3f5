"""A conversation with an IRC server, line by line and without a socket."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.irc_lines import LINE_BYTES_MAX
from segue.adapters.irc_talk import Away, Conversation, Entered, Gone, IrcEnd, IrcEvent, IrcSettings, Said
from segue.secret import Secret

PASSWORD = "canary-sasl-4711"
WITH_ACCOUNT = IrcSettings(
    host="irc.test", channel="#films", account="houseacc", account_password=Secret(PASSWORD)
)


class Talk:
    """A conversation, what it sent and what it told."""

    def __init__(self, settings: IrcSettings | None = None) -> None:
        self.sent: list[str] = []
        self.events: list[IrcEvent] = []
        settings = settings or IrcSettings(host="irc.test", channel="#films")
        self.it = Conversation(
            settings, lambda line: self.sent.append(line.decode()[:-2]), self.events.append
        )
        self.it.begin()

    def take(self, *lines: str | bytes) -> None:
        for line in lines:
            self.it.take(line.encode() if isinstance(line, str) else line)

    def enter(self, members: str = "@op alice", caps: str = "account-tag") -> None:
        self.take(f":s CAP * LS :{caps}")
        if caps:
            self.take(f":s CAP * ACK :{caps}")
        self.take(":s 001 segue :Hi", ":s 376 segue :End")
        self.take(
            ":segue!~s@h JOIN #films", f":s 353 segue = #films :{members} segue", ":s 366 segue #films :End"
        )
        self.sent.clear()
        self.events.clear()


def test_capabilities_may_come_in_several_lines() -> None:
    talk = Talk()
    talk.take(":s CAP * LS * :multi-prefix account-notify", ":s CAP * LS :account-tag away-notify")
    assert talk.sent[-1] == "CAP REQ account-tag"
    talk.take(":s CAP segue ACK :account-tag")
    assert talk.sent[-1] == "CAP END"


def test_a_server_that_refuses_what_it_offers_is_spoken_to_all_the_same() -> None:
    talk = Talk()
    talk.take(":s CAP * LS :account-tag", ":s CAP * NAK :account-tag")
    assert talk.sent[-1] == "CAP END"


def test_a_server_that_knows_no_capabilities_lets_us_in() -> None:
    """Such a one answers the first line with an error, or not at all."""
    talk = Talk()
    talk.take(":s 421 * CAP :Unknown command", ":s 001 segue :Hi", ":s 422 segue :No MOTD")
    assert talk.sent[-1] == "JOIN #films"


def test_the_account_and_its_password_are_said_as_sasl_plain() -> None:
    talk = Talk(WITH_ACCOUNT)
    talk.take(":s CAP * LS :sasl=EXTERNAL,PLAIN account-tag")
    assert talk.sent[-1] == "CAP REQ :account-tag sasl"
    talk.take(":s CAP * ACK :account-tag sasl")
    assert talk.sent[-1] == "AUTHENTICATE PLAIN"
    talk.take("AUTHENTICATE +")
    assert (
        b64decode(talk.sent[-1].removeprefix("AUTHENTICATE ")) == f"houseacc\0houseacc\0{PASSWORD}".encode()
    )
    talk.take(":s 900 segue segue!s@h houseacc :You are now logged in", ":s 903 segue :SASL successful")
    assert talk.sent[-1] == "CAP END"
    talk.take(":s 001 segue :Hi", ":s 376 segue :End")
    assert talk.sent[-1] == "JOIN #films"


@pytest.mark.parametrize("length", [10, 275, 276, 277, 600])
def test_a_long_password_is_said_in_pieces(length: int) -> None:
    """Of 400 characters; one that is filled to the last has an empty one behind it."""
    password = "p" * length
    settings = IrcSettings(host="h", channel="#films", account="account", account_password=Secret(password))
    talk = Talk(settings)
    talk.take(":s CAP * LS :sasl", ":s CAP * ACK :sasl")
    talk.sent.clear()
    talk.take("AUTHENTICATE +")
    pieces = [line.removeprefix("AUTHENTICATE ") for line in talk.sent]
    assert all(len(piece) <= 400 for piece in pieces)
    assert len(pieces[-1]) < 400
    text = "".join("" if piece == "+" else piece for piece in pieces)
    assert b64decode(text) == f"account\0account\0{password}".encode()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([":s CAP * LS :account-tag"], "offers no SASL PLAIN"),
        ([":s CAP * LS :sasl=EXTERNAL"], "offers no SASL PLAIN"),
        ([":s CAP * LS :sasl", ":s CAP * NAK :sasl"], "refuses SASL"),
        ([":s CAP * LS :sasl", ":s CAP * ACK :sasl", ":s 904 * :SASL authentication failed"], "houseacc"),
        ([":s 421 * CAP :Unknown command", ":s 001 segue :Hi"], "without logging us in"),
    ],
)
def test_with_an_account_it_is_not_there_as_nobody(lines: list[str], reason: str) -> None:
    """A house that has an account set speaks with it or not at all, and the reason never shows the password."""
    talk = Talk(WITH_ACCOUNT)
    with pytest.raises(IrcEnd, match=reason) as caught:
        talk.take(*lines)
    assert caught.value.again == "later"
    assert PASSWORD not in str(caught.value)


def test_an_account_counts_only_where_the_server_vouches_for_it() -> None:
    """Without that capability a tag of that name is just somebody's text."""
    talk = Talk()
    talk.enter()
    talk.take("@account=alice-acc;time=now :alice!a@h PRIVMSG #films :!list")
    assert talk.events == [Said("alice", "!list", "alice-acc", is_here=True)]
    talk.events.clear()
    talk.take(":s CAP segue DEL :account-tag")
    talk.take("@account=alice-acc :alice!a@h PRIVMSG #films :!list")
    assert talk.events == [Said("alice", "!list", "", is_here=True)]
    other = Talk()
    other.enter(caps="")
    other.take("@account=alice-acc :alice!a@h PRIVMSG #films :!list")
    assert other.events == [Said("alice", "!list", "", is_here=True)]


def test_who_is_in_the_channel_is_known_from_the_list_and_from_comings_and_goings() -> None:
    talk = Talk()
    talk.enter("@op +alice")

    def is_here(nick: str) -> bool:
        talk.events.clear()
        talk.take(f":{nick}!x@h PRIVMSG #films :!list")
        (event,) = talk.events
        assert isinstance(event, Said)
        return event.is_here

    assert is_here("alice")
    assert is_here("ALICE")
    assert not is_here("bob")
    talk.take(":bob!b@h JOIN :#Films")
    assert is_here("bob")
    talk.events.clear()
    talk.take(":bob!b@h NICK robert")
    assert talk.events == [Gone("bob")]
    assert not is_here("bob")
    assert is_here("robert")
    for line, nick in [
        (":robert!b@h QUIT :bye", "robert"),
        (":op!o@h KICK #films alice :out", "alice"),
        (":op!o@h PART #films", "op"),
    ]:
        talk.events.clear()
        talk.take(line)
        assert talk.events == [Gone(nick)]
        assert not is_here(nick)


def test_what_happens_in_other_channels_and_to_others_is_not_ours() -> None:
    talk = Talk()
    talk.enter()
    talk.take(
        ":alice!a@h PART #else", ":alice!a@h JOIN #else", ":alice!a@h PRIVMSG #else :!list",
        ":op!o@h KICK #else alice :out", ":stranger!x@h QUIT :bye", ":stranger!x@h NICK other",
        ":alice!a@h PRIVMSG somebody :!list", ":alice!a@h NOTICE #films :!list", ":s PRIVMSG #films :!list",
        ":segue!~s@h PRIVMSG #films :!list", ":alice!a@h PRIVMSG #films :\x01VERSION\x01",
        ":op!o@h INVITE segue #else", ":s 474 segue #else :banned", ":s 353 segue = #else :eve",
    )  # fmt: skip
    assert talk.events == []
    assert talk.sent == []
    assert talk.it.is_in


def test_it_knows_when_it_is_out_and_then_nobody_is_there() -> None:
    talk = Talk()
    talk.enter()
    talk.take(":segue!~s@h PART #films", ":alice!a@h PRIVMSG segue :!list")
    assert talk.events == [
        Away("we were made to leave the channel"), Said("alice", "!list", "", is_here=False),
    ]  # fmt: skip
    talk.it.beat()
    assert talk.sent == ["PING segue", "JOIN #films"]


def test_it_follows_its_own_nick() -> None:
    talk = Talk()
    talk.enter()
    talk.take(":segue!~s@h NICK guest42", ":alice!a@h PRIVMSG guest42 :!list")
    assert talk.events == [Said("alice", "!list", "", is_here=True)]
    talk.it.beat()
    assert "NICK segue" in talk.sent


def test_a_list_that_never_ended_is_asked_for_again() -> None:
    talk = Talk()
    talk.take(":s CAP * LS :", ":s 001 segue :Hi", ":s 376 segue :End", ":segue!~s@h JOIN #films")
    talk.it.beat()
    assert talk.sent[-1] == "NAMES #films"
    talk.take(":s 353 segue = #films :alice segue", ":s 366 segue #films :End")
    assert talk.events == [Entered("segue")]


@pytest.mark.parametrize("number", ["463", "464", "465"])
def test_who_is_turned_away_comes_back_much_later(number: str) -> None:
    talk = Talk()
    with pytest.raises(IrcEnd, match="turns us away") as caught:
        talk.take(f":s {number} * :You are banned")
    assert caught.value.again == "later"


WORDS = st.sampled_from(
    [":segue!~s@h", ":alice!a@h", ":s", "@account=x", "JOIN", "PART", "KICK", "NICK", "QUIT", "PRIVMSG", "CAP", "LS",
     "ACK", "NAK", "DEL", "001", "353", "366", "376", "433", "474", "903", "904", "PING", "ERROR", "INVITE", "*", "=",
     "#films", "segue", "alice", "AUTHENTICATE", "+", ":", ":!list", ":account-tag sasl", ",", "#films,#else"]
)  # fmt: skip


@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join) | st.text(max_size=80), max_size=40), st.booleans())
def test_no_server_can_make_it_fall_over_or_send_more_than_a_line(lines: list[str], account: bool) -> None:
    """Whatever a server says, the conversation goes on or ends; what it sends are lines."""
    sent: list[bytes] = []
    settings = WITH_ACCOUNT if account else IrcSettings(host="irc.test", channel="#films")
    it = Conversation(settings, sent.append, lambda _: None)
    it.begin()
    try:
        for line in lines:
            it.take(line.encode("utf-8", "replace"))
            it.beat()
    except IrcEnd as end:
        assert PASSWORD not in str(end)
    for data in sent:
        assert data.endswith(b"\r\n")
        assert not any(mark in data[:-2] for mark in b"\r\n\0")
        assert len(data) <= LINE_BYTES_MAX
