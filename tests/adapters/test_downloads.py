"""qBittorrent's and Transmission's adapters, against the simulated clients and against bad servers."""

import base64
import traceback
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters import downloads, qbittorrent, transmission
from segue.adapters.downloads import (
    Download,
    DownloadsError,
    DownloadsRefused,
    DownloadsUnavailable,
    DownloadsUnreadable,
)
from segue.adapters.http_client import HttpClient, Origin
from segue.adapters.qbittorrent import QBittorrent
from segue.adapters.transmission import Transmission
from segue.demo import download_clients
from segue.demo.download_clients import Torrent
from tests.adapters.raw_http import Answer, close_after, drop, flood, hang, ok, serving, trickle

PASSWORD = "canary & pässword=81c2"
Adapter = QBittorrent | Transmission
ADAPTERS: tuple[type[QBittorrent] | type[Transmission], ...] = (QBittorrent, Transmission)
SIMULATED: dict[type, Callable[..., Any]] = {
    QBittorrent: download_clients.QBittorrent,
    Transmission: download_clients.Transmission,
}


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient("segue-test/1") as made:
        yield made


async def failure_of(client: Adapter) -> DownloadsError:
    """Ask for what cannot be had, and check that no secret shows."""
    with pytest.raises(DownloadsError) as caught:
        await client.downloads()
    shown = "".join(traceback.format_exception(caught.value)) + repr(client)
    assert "81c2" not in shown
    assert base64.b64encode(PASSWORD.encode()).decode()[:20] not in shown
    return caught.value


TORRENTS = {
    "done": Torrent("Done.2019.mkv", size=1000, have=1000),
    "half": Torrent("Half.mkv", size=1000, have=400),
    "paused": Torrent("Paused", size=1000, have=1000, paused=True),
    "stopped early": Torrent("Early", size=1000, have=1, paused=True),
    "checking": Torrent("Checking", size=1000, have=1000, checking=True),
    "broken": Torrent("Broken", size=1000, have=1000, broken=True),
    "nothing wanted": Torrent("Nothing", size=0),
}
COMPLETE = ("done", "paused")


@pytest.mark.parametrize("kind", ADAPTERS)
async def test_downloads_are_listed(kind: type[Adapter], http: HttpClient) -> None:
    """Only what is all there, and settled, is complete."""
    async with SIMULATED[kind](list(TORRENTS.values()), username="alice", password=PASSWORD) as client:
        found = await kind(http, client.url, "alice", lambda: PASSWORD).downloads()
    by_name = {download.name: download for download in found}
    assert by_name["Done.2019.mkv"] == Download("/downloads/Done.2019.mkv", True, "Done.2019.mkv", 0)
    assert by_name["Half.mkv"] == Download("/downloads/Half.mkv", False, "Half.mkv", 600)
    complete = {name for name, torrent in TORRENTS.items() if by_name[torrent.name].complete}
    assert complete == set(COMPLETE)


@pytest.mark.parametrize("kind", ADAPTERS)
async def test_a_magnet_link_that_has_told_nothing_is_not_complete(
    kind: type[Adapter], http: HttpClient
) -> None:
    """Nothing is missing of what is not known; that does not make it complete."""
    async with SIMULATED[kind](
        [Torrent("Magnet", knows_what=False)], username="alice", password=PASSWORD
    ) as client:
        found = await kind(http, client.url, "alice", lambda: PASSWORD).downloads()
    assert not any(download.complete for download in found)


@pytest.mark.parametrize("kind", ADAPTERS)
async def test_an_empty_list_is_an_answer(kind: type[Adapter], http: HttpClient) -> None:
    """Nothing is downloaded."""
    async with SIMULATED[kind](username="alice", password=PASSWORD) as client:
        assert await kind(http, client.url, "alice", lambda: PASSWORD).downloads() == ()


@pytest.mark.parametrize("version", ["4.6", "5.2"])
async def test_qbittorrents_session_is_kept_and_opened_anew(version: Any, http: HttpClient) -> None:
    """One login for many lists; when the session has ended, one more."""
    async with download_clients.QBittorrent(
        [TORRENTS["done"]], version=version, username="alice", password=PASSWORD
    ) as client:
        adapter = QBittorrent(http, client.url, "alice", lambda: PASSWORD)
        for _ in range(3):
            assert len(await adapter.downloads()) == 1
        assert client.requests.count("POST /api/v2/auth/login") == 1
        client.end_sessions()
        assert len(await adapter.downloads()) == 1
        assert client.requests.count("POST /api/v2/auth/login") == 2


async def test_qbittorrent_that_lets_everybody_in_is_not_asked_for_a_session(http: HttpClient) -> None:
    """Its option for local clients."""
    async with download_clients.QBittorrent([TORRENTS["done"]], bypass=True) as client:
        assert len(await QBittorrent(http, client.url, "", lambda: "").downloads()) == 1
        assert client.requests == ["GET /api/v2/torrents/info"]


async def test_transmissions_session_id_is_kept_and_renewed(http: HttpClient) -> None:
    """The first request learns it, the next ones use it, a new one is taken at once."""
    async with download_clients.Transmission(
        [TORRENTS["done"]], username="alice", password=PASSWORD
    ) as client:
        adapter = Transmission(http, client.url, "alice", lambda: PASSWORD)
        for _ in range(3):
            assert len(await adapter.downloads()) == 1
        assert len(client.requests) == 4
        client.renew_session_id()
        assert len(await adapter.downloads()) == 1
        assert len(client.requests) == 6


async def test_transmission_is_found_at_its_whole_address_too(http: HttpClient) -> None:
    """People copy what its own settings show."""
    async with download_clients.Transmission([TORRENTS["done"]], username="") as client:
        adapter = Transmission(http, f"{client.url}/transmission/rpc", "", lambda: "")
        assert len(await adapter.downloads()) == 1
        assert set(client.requests) == {"POST /transmission/rpc"}


@pytest.mark.parametrize("kind", ADAPTERS)
async def test_a_wrong_password_is_tried_once(
    kind: type[Adapter], http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying it again and again would shut us out; a new one is tried at once, the old one after an hour."""
    password = "wrong-81c2"
    async with SIMULATED[kind]([TORRENTS["done"]], username="alice", password=PASSWORD) as client:
        adapter = kind(http, client.url, "alice", lambda: password)
        assert isinstance(await failure_of(adapter), DownloadsRefused)
        for _ in range(10):
            assert "not tried again" in str(await failure_of(adapter))
        assert client.wrong_logins == 1
        monkeypatch.setattr(downloads, "AGAIN_S", 0.0)
        assert "wrong" in str(await failure_of(adapter))
        assert client.wrong_logins == 2
        monkeypatch.undo()
        password = PASSWORD
        assert len(await adapter.downloads()) == 1


async def test_qbittorrent_that_has_shut_us_out_says_so(http: HttpClient) -> None:
    """Then the right password does not help either."""
    async with download_clients.QBittorrent(version="4.6", username="alice", password=PASSWORD) as client:
        client.wrong_logins = download_clients.BAN_AFTER
        error = await failure_of(QBittorrent(http, client.url, "alice", lambda: PASSWORD))
        assert isinstance(error, DownloadsRefused)
        assert "shut out" in str(error)


@pytest.mark.parametrize(
    ("status", "words"), [(403, "rpc-whitelist"), (421, "rpc-host-whitelist"), (401, "missing")]
)
async def test_transmissions_refusals_name_the_setting(status: int, words: str, http: HttpClient) -> None:
    """Three doors, three settings."""
    async with download_clients.Transmission() as client:
        client.faults.status = status
        error = await failure_of(Transmission(http, client.url, "", lambda: ""))
        assert isinstance(error, DownloadsRefused)
        assert words in str(error)


async def test_qbittorrents_refusal_of_our_host_name_names_the_setting(http: HttpClient) -> None:
    """It answers 401 where it does not know the name that it was called by."""
    async with download_clients.QBittorrent() as client:
        client.faults.status = 401
        error = await failure_of(QBittorrent(http, client.url, "", lambda: ""))
        assert isinstance(error, DownloadsRefused)
        assert "Server domains" in str(error)


@pytest.mark.parametrize("kind", ADAPTERS)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (hang, DownloadsUnavailable),
        (drop, DownloadsUnavailable),
        (close_after(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n["), DownloadsUnavailable),
        (trickle(b"HTTP/1.1 200 OK\r\n" * 9999, 0.05), DownloadsUnavailable),
        (close_after(b"SSH-2.0-OpenSSH_9.2p1\r\n"), DownloadsUnavailable),
        (ok(b"", status="500 Internal Server Error"), DownloadsUnavailable),
        (ok(b"", status="302 Found", extra="Location: http://elsewhere.invalid/\r\n"), DownloadsUnavailable),
        (ok(b"<html>a router</html>"), DownloadsUnreadable),
        (ok(b'{"result": 4}'), DownloadsUnreadable),
        (ok(b'[{"name": 4}]'), DownloadsUnreadable),
        (ok(b""), DownloadsUnreadable),
        (ok(b'\xff\xfe["'), DownloadsUnreadable),
        (ok(b"[" * 100_000), DownloadsUnreadable),
    ],
)
async def test_a_bad_answer_is_one_clear_error(
    kind: type[Adapter], answer: bytes | Answer, expected: type[DownloadsError], http: HttpClient
) -> None:
    """It names the place, ends within its deadline, and shows no secret."""
    async with serving(answer) as server:
        adapter = kind(http, server.url, "alice", lambda: PASSWORD, total_s=1.0)
        with trio.fail_after(60):
            error = await failure_of(adapter)
        assert isinstance(error, expected), error
        assert f"127.0.0.1:{server.port}" in str(error)


@pytest.mark.parametrize("kind", ADAPTERS)
async def test_a_list_without_end_is_given_up(
    kind: type[Adapter], http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its limit."""
    monkeypatch.setattr(qbittorrent, "LIST_BYTES", 100_000)
    monkeypatch.setattr(transmission, "LIST_BYTES", 100_000)
    async with serving(flood(b" " * 10_000)) as server:
        error = await failure_of(kind(http, server.url, "alice", lambda: PASSWORD, total_s=30))
        assert isinstance(error, DownloadsUnreadable)
        assert "100000 bytes" in str(error)


@pytest.mark.parametrize("kind", ADAPTERS)
async def test_nobody_there_is_told_as_such(kind: type[Adapter], http: HttpClient) -> None:
    """The client is not running."""
    async with SIMULATED[kind]() as client:
        url = client.url
    error = await failure_of(kind(http, url, "alice", lambda: PASSWORD))
    assert isinstance(error, DownloadsUnavailable)
    assert error.kind == "connection_refused"


async def test_a_login_page_is_not_taken_for_a_login(http: HttpClient) -> None:
    """Something else than qBittorrent listens there, and says 403 and 200 as it likes."""
    async with serving(ok(b"", status="403 Forbidden"), ok(b"<html>welcome</html>")) as server:
        error = await failure_of(QBittorrent(http, server.url, "alice", lambda: PASSWORD))
        assert isinstance(error, DownloadsUnreadable)


async def test_a_session_that_is_never_good_ends_after_one_login(http: HttpClient) -> None:
    """403 before, 403 after: no third try."""
    forbidden = ok(b"Forbidden", status="403 Forbidden")
    login = ok(b"Ok.", extra="Set-Cookie: SID=abc; HttpOnly\r\nSet-Cookie: proxy=x=1; path=/\r\n")
    async with serving(forbidden, login, forbidden) as server:
        error = await failure_of(QBittorrent(http, server.url, "alice", lambda: PASSWORD))
        assert isinstance(error, DownloadsRefused)
        assert len(server.heads) == 3
        assert server.headers(2)["cookie"] == "SID=abc; proxy=x=1"
        # Names and passwords travel in the body, never in a URL.
        assert server.lines(1)[0] == "POST /api/v2/auth/login HTTP/1.1"


@pytest.mark.parametrize(
    "given", ["", "X-Transmission-Session-Id: \x7f\r\n", "X-Transmission-Session-Id: a b\r\n"]
)
async def test_a_conflict_without_a_session_id_is_not_transmission(given: str, http: HttpClient) -> None:
    """409 has to say which id is wanted."""
    async with serving(ok(b"", status="409 Conflict", extra=given)) as server:
        error = await failure_of(Transmission(http, server.url, "alice", lambda: PASSWORD))
        assert isinstance(error, DownloadsUnreadable | DownloadsUnavailable)
        assert len(server.heads) == 1


async def test_a_session_id_that_is_never_good_ends_after_two_tries(http: HttpClient) -> None:
    """409 before, 409 after."""
    conflict = ok(b"", status="409 Conflict", extra="X-Transmission-Session-Id: abc\r\n")
    async with serving(conflict) as server:
        error = await failure_of(Transmission(http, server.url, "alice", lambda: PASSWORD))
        assert isinstance(error, DownloadsUnavailable)
        assert len(server.heads) == 2
        assert server.headers(1)["x-transmission-session-id"] == "abc"


async def test_transmissions_own_words_are_passed_on(http: HttpClient) -> None:
    """What it calls no success is no list."""
    async with serving(ok(b'{"result": "no such thing", "arguments": {}}')) as server:
        error = await failure_of(Transmission(http, server.url, "", lambda: ""))
        assert "says 'no such thing'" in str(error)


@pytest.mark.parametrize("kind", ADAPTERS)
async def test_a_long_list_is_read_whole(kind: type[Adapter], http: HttpClient) -> None:
    """Thousands of downloads are parsed off the loop."""
    torrents = [Torrent(f"Film {number}", size=10, have=number % 11) for number in range(2000)]
    async with SIMULATED[kind](torrents, username="alice", password=PASSWORD) as client:
        found = await kind(http, client.url, "alice", lambda: PASSWORD).downloads()
    assert len(found) == 2000
    assert sum(download.complete for download in found) == sum(torrent.done for torrent in torrents)


@pytest.mark.parametrize("kind", ADAPTERS)
@pytest.mark.parametrize("url", ["", "ftp://host", "http://alice:secret@host", "host:8080"])
async def test_an_address_that_names_no_server_is_refused(
    kind: type[Adapter], url: str, http: HttpClient
) -> None:
    """When the adapter is made, not at the first request."""
    with pytest.raises(ValueError, match="URL"):
        kind(http, url, "alice", lambda: PASSWORD)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_body_is_a_list_or_one_clear_error(body: bytes) -> None:
    """Whatever a server sends."""
    for read in (qbittorrent._read, transmission._read):
        try:
            found = read(Origin.of("host", 80), body)
        except (DownloadsUnreadable, DownloadsUnavailable):
            continue
        assert all(isinstance(download, Download) for download in found)
