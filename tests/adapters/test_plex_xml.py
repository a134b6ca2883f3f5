"""Plex's XML: what must be read although it is odd, and what must never be believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.plex_xml import (
    SESSIONS_BYTES,
    Identity,
    Loudness,
    PlayerInfo,
    PlexUnreadable,
    Session,
    Timeline,
    parse_clients,
    parse_identity,
    parse_loudness,
    parse_sessions,
    parse_timeline,
    refusal_code,
)
from tests.adapters.plex_bodies import CLIENTS, MOVIE, TIMELINES, TRACK, container

TWO = container(TRACK, MOVIE)


def one(entry: str) -> Session:
    """Read a body with one session."""
    (session,) = parse_sessions(container(entry))
    return session


def track(**attributes: str) -> str:
    """A small track with the given attributes, and a player."""
    written = "".join(f' {name}="{value}"' for name, value in ({"sessionKey": "1"} | attributes).items())
    return f'<Track{written}><Player machineIdentifier="p" state="playing"/></Track>'


# ------------------------------------------------------------------ what is read


def test_a_track_is_read_with_everything_that_a_room_needs() -> None:
    """Title, artist, album, position, player, and the loudness of the stream that plays."""
    assert one(TRACK) == Session(
        session_key="12",
        rating_key="4711",
        media_type="track",
        title="Blue in Green",
        artist="Miles Davis",
        album="Kind of Blue",
        duration_ms=337_000,
        position_ms=61_500,
        state="playing",
        player_id="living-1",
        player_title="Living Room",
        player_product="Plexamp",
        player_platform="Linux",
        player_address="192.0.2.20",
        local=True,
        user_title="alice",
        live=False,
        guid="plex://track/5d07cdb4",
        loudness=Loudness(gain_db=-5.81, album_gain_db=-6.10, peak=0.97, album_peak=1.0),
    )


def test_sessions_come_in_the_order_of_the_server() -> None:
    """Several players at once are several sessions."""
    assert [(s.player_id, s.state) for s in parse_sessions(TWO)] == [
        ("living-1", "playing"),
        ("tv-1", "paused"),
    ]


def test_a_films_title_in_its_own_language_is_no_artist() -> None:
    """`originalTitle` is the artist of a track, but the other title of a film."""
    assert one(MOVIE).artist == ""
    assert (
        one(track(type="track", originalTitle="Bill Evans", grandparentTitle="Various")).artist
        == "Bill Evans"
    )


@pytest.mark.parametrize(
    "body", [b'<MediaContainer size="0"/>', b"<MediaContainer/>", b"<MediaContainer></MediaContainer>"]
)
def test_a_whole_container_without_entries_means_that_nothing_is_open(body: bytes) -> None:
    """The one way to say that nothing plays."""
    assert parse_sessions(body) == ()


@pytest.mark.parametrize("size", ["2", "1", "", "0", "-22", "two", " 2 ", "2.0"])
def test_the_size_may_be_missing_or_odd_but_never_more_than_is_there(size: str) -> None:
    """Servers disagree about `size`; whatever is listed counts."""
    assert len(parse_sessions(container(TRACK, MOVIE, size=size))) == 2


@pytest.mark.parametrize("state", ["playing", "paused", "buffering", "stopped", "error", "stretching"])
def test_every_state_is_kept_as_it_is(state: str) -> None:
    """What a state means is decided elsewhere."""
    assert one(f'<Track sessionKey="1"><Player state="{state}"/></Track>').state == state


def test_a_local_player_without_a_user_is_a_session() -> None:
    """A player in the house that nobody has signed in to has no User element."""
    assert one(track(title="x")).user_title == ""


def test_a_photo_is_a_session() -> None:
    """A slide show has neither duration nor media that sound."""
    photo = one(
        '<Photo ratingKey="5" type="photo" sessionKey="9" title="Sea"><Player state="playing"/></Photo>'
    )
    assert (photo.media_type, photo.duration_ms, photo.loudness) == ("photo", None, Loudness())


def test_an_unknown_kind_of_entry_is_a_session_when_it_has_a_player() -> None:
    """Plex adds kinds of media; a player that plays one is not silent."""
    assert one('<Clip title="x"><Player machineIdentifier="p" state="playing"/></Clip>').media_type == "clip"


@pytest.mark.parametrize(
    ("attributes", "rating_key"),
    [
        ({"key": "/livetv/sessions/7c-1", "live": "1", "title": "News "}, "/livetv/sessions/7c-1"),
        (
            {"key": "/livetv/sessions/7c-1", "librarySectionID": "-4", "duration": "0"},
            "/livetv/sessions/7c-1",
        ),
        ({"live": "1", "ratingKey": "99", "duration": "3600000", "viewOffset": "-1"}, "99"),
    ],
)
def test_live_television_has_no_duration_and_may_have_no_rating_key(
    attributes: dict[str, str], rating_key: str
) -> None:
    """Its key stands in, and the blank behind its title goes."""
    session = one(track(**attributes))
    assert (session.live, session.duration_ms, session.rating_key) == (True, None, rating_key)
    assert session.title in ("News", "")
    assert session.position_ms == 0


def test_a_preroll_is_not_live() -> None:
    """Other negative section numbers mean other things."""
    assert not one(track(librarySectionID="-2")).live


@pytest.mark.parametrize("key", ["12", "a1b2-c3", "0", "transcode/5"])
def test_a_session_key_is_opaque(key: str) -> None:
    """It is a number on most servers, and not on all."""
    assert one(track(sessionKey=key)).session_key == key


def test_a_session_without_a_key_is_known_by_its_id() -> None:
    """The Session element's id is the next best name."""
    assert one('<Track><Player state="playing"/><Session id="s1"/></Track>').session_key == "s1"


def test_two_sessions_on_one_player_are_both_there() -> None:
    """A player may have a paused film and a track; choosing is not the parser's."""
    sessions = parse_sessions(container(track(sessionKey="1"), track(sessionKey="2")))
    assert [(s.player_id, s.session_key) for s in sessions] == [("p", "1"), ("p", "2")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("61500", 61500),
        (" 61500 ", 61500),
        ("61500.0", 61500),
        ("-5", 0),
        ("", 0),
        ("x", 0),
        ("nan", 0),
        ("inf", 0),
        ("1e400", 0),
        ("9" * 30, 0),
        ("9" * 5000, 0),
        ("٣", 3),
    ],
)
def test_a_position_that_cannot_be_meant_counts_as_not_said(text: str, value: int) -> None:
    """No number of any shape is an error, and none is absurd."""
    assert one(track(viewOffset=text)).position_ms == value


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("0", False), ("true", True), ("", None), ("2", None)]
)
def test_whether_a_player_is_local_may_be_unsaid(text: str, value: bool | None) -> None:
    """A player that does not say is neither."""
    assert one(f'<Track sessionKey="1"><Player local="{text}"/></Track>').local is value


def test_the_duration_may_stand_in_the_media_only() -> None:
    """Some kinds of entry have none of their own."""
    assert one('<Video sessionKey="1"><Media duration="5000"/><Player/></Video>').duration_ms == 5000


def test_loudness_is_that_of_the_selected_stream() -> None:
    """A film with two versions and three languages has one stream that is heard."""
    body = """<Video sessionKey="1"><Media><Part><Stream streamType="2" gain="1"/></Part></Media>
    <Media selected="1"><Part selected="1"><Stream streamType="1" gain="2"/><Stream streamType="2" gain="3"/>
    <Stream streamType="2" selected="1" gain="-4.5" peak="nonsense"/></Part></Media><Player/></Video>"""
    assert one(body).loudness == Loudness(gain_db=-4.5)


# ------------------------------------------------------------------ bytes that no standard allows


@pytest.mark.parametrize(
    "title",
    [
        b"Caf\xe9",  # Latin-1 in a UTF-8 document
        b"a\x00b",
        b"a\x0bb\x1f",
        b"\xed\xa0\x80",  # half a surrogate pair
        b"a&#11;b&#x1F;",
        b"&#0;&#xFFFF;",
        b"\xef\xbf\xbe",
    ],
)
def test_illegal_characters_are_taken_out_once_and_the_rest_is_read(title: bytes) -> None:
    """Old file tags bring them along; the music plays all the same."""
    body = TWO.replace(b"Blue in Green", title)
    sessions = parse_sessions(body)
    assert len(sessions) == 2
    assert sessions[0].rating_key == "4711"


def test_legal_references_survive_the_cleaning() -> None:
    """Only what is illegal goes."""
    body = TWO.replace(b"Blue in Green", b"A\x01&amp;B&#233;&#x1F600;")
    assert parse_sessions(body)[0].title == "A&Bé\U0001f600"


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"\n",
        b"\r\n  ",
        b"\xef\xbb\xbf",
        b'<?xml version="1.0" encoding="UTF-8"?>',
        b'\n<?xml version="1.0"?>\n',
        b"<!-- hi -->",
    ],
)
def test_what_stands_before_the_container_does_no_harm(before: bytes) -> None:
    """Blank lines, marks and declarations come and go between versions."""
    assert len(parse_sessions(before + TWO)) == 2


def test_another_encoding_is_read_when_the_document_says_so() -> None:
    """A declaration is believed."""
    body = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + TWO.replace(b"Blue", b"Caf\xe9")
    assert parse_sessions(body)[0].title == "Café in Green"


# ------------------------------------------------------------------ what is never believed

LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (i, b"&l%d;" % (i - 1) * 10) for i in range(1, 12))
HTML = b"<html><head><title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>"
HOSTILE = {
    "nothing": (b"", "not XML"),
    "blank": (b" \n ", "not XML"),
    "ok": (b"OK", "not XML"),
    "json": (b'{"MediaContainer":{"size":0}}', "not XML"),
    "html": (HTML, "<html>"),
    "html doctype": (b"<!DOCTYPE html>" + HTML, "document type"),
    "response": (b'<Response code="200" status="OK"/>', "<Response>"),
    "two roots": (TWO + TWO, "not XML"),
    "garbage after": (TWO + b"<", "not XML"),
    "text after": (TWO + b"oops", "not XML"),
    "more announced than listed": (container(TRACK, size="2"), "2 sessions are announced, 1 are listed"),
    "all announced, none listed": (b'<MediaContainer size="1"></MediaContainer>', "1 sessions are announced"),
    "external entity": (
        b'<!DOCTYPE MediaContainer [<!ENTITY x SYSTEM "file:///etc/hostname">]><MediaContainer>&x;</MediaContainer>',
        "",
    ),
    "internal entity": (b'<!DOCTYPE M [<!ENTITY x "y">]><MediaContainer a="&x;"/>', "document type"),
    "external type": (b'<!DOCTYPE M SYSTEM "http://127.0.0.1:1/x.dtd"><MediaContainer/>', "document type"),
    "laughs": (b'<!DOCTYPE M [<!ENTITY l0 "ha">' + LAUGHS + b']><MediaContainer a="&l11;"/>', ""),
    "laughs in text": (
        b'<!DOCTYPE M [<!ENTITY l0 "ha">' + LAUGHS + b"]><MediaContainer>&l11;</MediaContainer>",
        "",
    ),
    "undefined entity": (b"<MediaContainer>&nbsp;</MediaContainer>", "not XML"),
    "deep": (b"<MediaContainer>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</MediaContainer>", "not XML"),
    "namespace": (b'<MediaContainer xmlns="urn:x"/>', "<{urn:x}MediaContainer>"),
    "unknown encoding": (b'<?xml version="1.0" encoding="klingon"?><MediaContainer/>', "not XML"),
    "utf-16 with a type": ('<?xml version="1.0"?><!DOCTYPE M []><MediaContainer/>'.encode("utf-16"), ""),
    "twice the same attribute": (b'<MediaContainer size="0" size="0"/>', "not XML"),
    "too long": (b"<MediaContainer>" + b" " * SESSIONS_BYTES + b"</MediaContainer>", "longer than"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_list_of_sessions_is_unknown_and_never_empty(name: str) -> None:
    """To believe that nothing plays would silence the house."""
    body, says = HOSTILE[name]
    with pytest.raises(PlexUnreadable) as caught:
        parse_sessions(body)
    assert says in caught.value.reason
    assert len(caught.value.reason) < 250


def test_no_beginning_of_a_body_is_a_body() -> None:
    """A connection that ends early, at any byte, leaves nothing to believe."""
    whole = TWO.rstrip()
    for end in range(len(whole)):
        with pytest.raises(PlexUnreadable):
            parse_sessions(whole[:end])


def test_no_lost_byte_loses_a_session() -> None:
    """With any single byte missing, both sessions are there, or the answer is unknown."""
    for at in range(len(TWO)):
        try:
            sessions = parse_sessions(TWO[:at] + TWO[at + 1 :])
        except PlexUnreadable:
            continue
        assert len(sessions) == 2, f"without byte {at}"


@given(st.integers(0, len(TWO) - 1), st.binary(min_size=1, max_size=3))
def test_no_changed_bytes_lose_a_session(at: int, new: bytes) -> None:
    """Nor does a byte that became another, or several."""
    for body in (TWO[:at] + new + TWO[at + 1 :], TWO[:at] + new + TWO[at:]):
        try:
            sessions = parse_sessions(body)
        except PlexUnreadable:
            continue
        assert len(sessions) == 2


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    """Nothing else is ever raised, by any of the parsers."""
    for parse in (parse_sessions, parse_clients, parse_identity, parse_loudness, parse_timeline):
        for wrapped in (body, b"<MediaContainer>" + body + b"</MediaContainer>"):
            try:
                parse(wrapped)
            except PlexUnreadable as error:
                assert error.reason
    refusal_code(body)


@given(
    st.dictionaries(
        st.sampled_from(["duration", "viewOffset", "type", "live", "key", "ratingKey"]), st.text()
    )
)
def test_any_attribute_value_is_read(attributes: dict[str, str]) -> None:
    """Whatever a field says, the session is there."""
    escaped = {k: "".join(f"&#{ord(c)};" for c in v) for k, v in attributes.items()}
    assert one(track(**escaped)).player_id == "p"


# ------------------------------------------------------------------ players and timelines


def test_clients_are_read_with_their_address_and_abilities() -> None:
    """Where a player takes commands, and a port that is none is not one."""
    assert parse_clients(CLIENTS) == (
        PlayerInfo(
            player_id="living-1",
            title="Living Room",
            product="Plexamp",
            platform="",
            host="192.0.2.20",
            port=32500,
            capabilities=("timeline", "playback", "playqueues", "playqueues-creation"),
        ),
        PlayerInfo("tv-1", "TV", "Plex HTPC", "", "192.0.2.21", None, ()),
    )


def test_a_player_describes_itself_in_the_same_words() -> None:
    """`/resources` of a player has Player for Server, and title for name."""
    body = b'<MediaContainer><Player title="Den" machineIdentifier="d" platform="Linux"/></MediaContainer>'
    (player,) = parse_clients(body)
    assert (player.player_id, player.title, player.host, player.port) == ("d", "Den", "", None)


def test_a_server_says_who_it_is() -> None:
    """`/identity` is the name that webhooks carry as `Server.uuid`."""
    body = b'<MediaContainer size="0" machineIdentifier="abc" version="1.41.8.9834"/>'
    assert parse_identity(body) == Identity("abc", "1.41.8.9834")
    with pytest.raises(PlexUnreadable, match="who it is"):
        parse_identity(b"<MediaContainer/>")


def test_the_loudness_of_an_item_may_be_missing() -> None:
    """Where the analysis has not run there is nothing, which is not zero."""
    assert parse_loudness(container(TRACK)).gain_db == -5.81
    assert parse_loudness(b"<MediaContainer/>") == Loudness()


def test_a_timeline_is_read_for_every_kind_of_media() -> None:
    """Position, duration and volume of what plays; nothing for what does not."""
    answer = parse_timeline(TIMELINES)
    assert answer is not None
    assert answer.command_id == 7
    assert answer.timelines[0] == Timeline(
        "music", "playing", 62105, 337000, "4711", 80.5, ("playPause", "stop", "seekTo")
    )
    assert [(t.media_type, t.position_ms) for t in answer.timelines[1:]] == [("video", None), ("photo", None)]


@pytest.mark.parametrize("body", [b"OK", b"", b" OK\n"])
def test_a_player_that_only_says_ok_says_nothing(body: bytes) -> None:
    """Plexamp and Android answer so."""
    assert parse_timeline(body) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"OK", None),
        (b"", None),
        (b'<?xml version="1.0"?><Response code="200" status="OK"/>', None),
        (b'<Response code="200" status="OK">', None),
        (b'<MediaContainer><Response code="500" status="not implemented"/></MediaContainer>', 500),
        (b"<Response status='x' code = '404'>", 404),
        (b"<html>code 500</html>", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_a_refusal_is_found_in_an_answer_of_status_200(body: bytes, code: int | None) -> None:
    """One real player says 200 over HTTP whatever it thinks; another sends XML that is none."""
    assert refusal_code(body) == code
