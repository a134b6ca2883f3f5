"""Webhooks as the simulated Plex server writes them, which was written without our reader."""

import pytest

from segue.demo.plex_catalogue import make_library
from segue.demo.plex_sessions import Account, PlayerInfo
from segue.demo.plex_webhooks import Hook, ServerName, admin_hook, item_hook
from segue.interfaces.webhook import PlexHook
from tests.interfaces.test_webhook import read

SERVER = ServerName("Cellar", "ab" * 20, "1.42")
PLAYER = PlayerInfo("player-1", "Shelf")
BOUNDARY = "------------------------0f1e2d3c"


def heard(hook: Hook) -> PlexHook:
    """Write a hook as the server does, and read it in pieces."""
    return read(hook.body(BOUNDARY), f"multipart/form-data; boundary={BOUNDARY}", 4096)


@pytest.mark.parametrize(
    "event", ["media.play", "media.pause", "media.stop", "media.scrobble", "playback.started"]
)
@pytest.mark.parametrize(
    ("title", "kind"), [("Handshake", "track"), ("夜の歩行", "track"), ("Two Minutes", "movie")]
)
def test_every_event_of_a_player_is_read(event: str, title: str, kind: str) -> None:
    """With and without a picture, in any script."""
    item = make_library().find(title, kind)
    hook = item_hook(SERVER, event, item, Account(7, "alice"), player=PLAYER, extra={"viewOffset": 5})
    result = heard(hook)
    assert (result.event, result.player_id, result.player_title) == (event, "player-1", "Shelf")
    assert (result.rating_key, result.media_type, result.title) == (str(item.rating_key), kind, title)
    assert (result.server_id, result.account_id, result.position_ms) == ("ab" * 20, "7", 5)


def test_an_admin_event_has_neither_player_nor_item() -> None:
    """The server speaks of itself."""
    result = heard(admin_hook(SERVER, "admin.database.backup", None))
    assert (result.event, result.player_id, result.rating_key) == ("admin.database.backup", "", "")
    assert result.owner is True
