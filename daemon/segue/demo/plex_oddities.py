"""Sessions that are not a track played by Plexamp: things that real servers list, and that readers stumble over."""

from segue.demo.plex_document import Node
from segue.demo.plex_library import Item
from segue.demo.plex_sessions import Account, PlayerInfo, Report, Session, Sessions, who_nodes

UNKNOWN: Item = Item("movie", "")
"""Stands for an item that is in no library."""
PHANTOM_S = 1.0
"""How long a phantom session of a DLNA player is there (seen by Tautulli)."""


def photo_session(sessions: Sessions, player: PlayerInfo, account: Account | None) -> Session:
    """Somebody looks at a photo: no Video, no Track, no duration."""
    session = sessions.begin(player, "photo-session", account)
    session.node = _photo
    return sessions.put(session, (0.0, Report(UNKNOWN, "playing", 0)))


def live_tv_session(sessions: Sessions, player: PlayerInfo, account: Account | None) -> Session:
    """Somebody watches television: no rating key, no duration, a section that does not exist, sizes below zero."""
    session = sessions.begin(player, "live-tv-session", account)
    session.node = _live_tv
    return sessions.put(session, (0.0, Report(UNKNOWN, "playing", 0)))


def dlna_phantom(
    sessions: Sessions, item: Item, player: PlayerInfo, *, lasts_s: float = PHANTOM_S
) -> Session:
    """A DLNA player has looked at an item: a session that is gone after a second, and never was one."""
    session = sessions.begin(player, "dlna-session", None)
    return sessions.put(session, (0.0, Report(item, "playing", 0)), (lasts_s, Report(item, "stopped", 0)))


def second_session(sessions: Sessions, first: Session, item: Item) -> Session:
    """The same player in a second session, as after a crash of its program."""
    session = sessions.begin(first.player, f"{first.session_id}-second", first.account)
    return sessions.put(session, (0.0, Report(item, "paused", 12_000)))


def _photo(session: Session, report: Report) -> Node:
    return Node(
        "Photo",
        {
            "ratingKey": "90001",
            "key": "/library/metadata/90001",
            "sessionKey": session.key,
            "type": "photo",
            "title": "IMG_0001",
            "librarySectionID": "9",
            "librarySectionTitle": "Holidays",
            "addedAt": 1_700_000_000,
        },
        who_nodes(session, report),
        listed_as="Metadata",
    )


def _live_tv(session: Session, report: Report) -> Node:
    media = Node(
        "Media",
        {"id": "8b1f", "bitrate": 2147483647, "progress": "-1", "size": "-22", "protocol": "hls"},
        [Node("Part", {"id": "8b20", "decision": "transcode", "protocol": "hls"})],
    )
    return Node(
        "Video",
        {
            "key": "/livetv/sessions/5a2c9d0e-6f0b-4d5c-8a55-000000000001",
            "sessionKey": session.key,
            "guid": "com.plexapp.agents.none://demo-broadcast?lang=xn",
            "type": "clip",
            "title": "The Late Bulletin ",
            "live": "1",
            "librarySectionID": "-4",
            "librarySectionTitle": "Live TV & DVR",
        },
        [media, *who_nodes(session, report)],
        listed_as="Metadata",
    )
