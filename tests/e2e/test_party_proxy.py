"""The reverse proxies of `docs/party.md`, with the configurations that stand there, in front of our HTTP server."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from segue.runtime.http import HttpServer, open_tcp_listeners
from segue.runtime.http.asgi import Message, Receive, Scope, Send
from tests.helpers.rig import REPO, free_port

PAGE = (REPO / "docs/party.md").read_text()
PASSKEY = "canary-passkey-0815"
"""Must show up in no log."""
DEADLINE_S = 60.0
SOON_S = 20.0


def program(name: str) -> str | None:
    """Find a server's program, which is not on every user's path."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def needs(name: str, package: str) -> pytest.MarkDecorator:
    """Skip where a program is missing, except in CI."""
    missing = program(name) is None and "CI" not in os.environ
    return pytest.mark.skipif(missing, reason=f"needs the Debian package {package}")


both = pytest.mark.parametrize(
    "kind",
    [
        pytest.param("nginx", marks=needs("nginx", "nginx-light")),
        pytest.param("caddy", marks=needs("caddy", "caddy")),
    ],
)


def configuration(language: str) -> str:
    """Give the configuration that the page tells people to write."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def replaced(text: str, changes: dict[str, str]) -> str:
    """Put this machine's things in place of the page's; each must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Proxy:
    """A reverse proxy with the page's configuration, for `localhost`."""

    def __init__(self, kind: str, place: Path, upstream_port: int) -> None:
        self.kind, self.place = kind, place
        self.port = free_port()
        self.certificate, self.key = place / "fullchain.pem", place / "privkey.pem"
        self.logs = place / "logs"
        self.logs.mkdir()
        make = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
        )
        subprocess.run(
            [*make.split(), "-addext", "subjectAltName=DNS:localhost",
             "-keyout", str(self.key), "-out", str(self.certificate)],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        write: Callable[[int], list[str]] = self._nginx if kind == "nginx" else self._caddy
        self.command = write(upstream_port)

    def _nginx(self, upstream_port: int) -> list[str]:
        site = replaced(
            configuration("nginx"),
            {
                "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
                "    listen [::]:443 ssl;\n": "",
                "server_name party.example.org": "server_name localhost",
                "/etc/letsencrypt/live/party.example.org/": f"{self.place}/",
                "/var/log/nginx/": f"{self.logs}/",
                "127.0.0.1:3001": f"127.0.0.1:{upstream_port}",
            },
        )
        (self.place / "site.conf").write_text(site)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {self.place}/{kind};\n" for kind in kinds)
        whole = self.place / "nginx.conf"
        whole.write_text(
            f"daemon off;\nworker_processes 1;\npid {self.place}/pid;\nerror_log {self.logs}/start.log;\n"
            f"events {{}}\nhttp {{\n{temporary}include {self.place}/site.conf;\n}}\n"
        )
        start = ["-e", f"{self.logs}/start.log", "-p", str(self.place), "-c", str(whole)]
        return [program("nginx") or "nginx", *start]

    def _caddy(self, upstream_port: int) -> list[str]:
        own = f"\ttls {self.certificate} {self.key}\n\tbind 127.0.0.1"
        site = replaced(
            configuration("caddy"),
            {
                "{\n\tlog {": "{\n\tadmin off\n\tauto_https disable_redirects\n\tlog {",
                "party.example.org {": f"localhost:{self.port} {{\n{own}",
                "127.0.0.1:3001": f"127.0.0.1:{upstream_port}",
            },
        )
        (self.place / "Caddyfile").write_text(site)
        return [program("caddy") or "caddy", "run", "--config", str(self.place / "Caddyfile")]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Run it for a while."""
        environ = os.environ | {"HOME": str(self.place), "XDG_DATA_HOME": str(self.place / "data")}
        environ |= {"XDG_CONFIG_HOME": str(self.place / "config")}
        with (self.logs / "output.log").open("ab") as output:
            process = await trio.lowlevel.open_process(
                self.command, env=environ, stdout=output, stderr=output
            )
        try:
            await self._until_open(process)
            yield self
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + SOON_S):
                process.terminate()
                await process.wait()
            if process.poll() is None:
                process.kill()

    async def _until_open(self, process: trio.Process) -> None:
        with trio.move_on_after(SOON_S):
            while process.poll() is None:
                try:
                    stream = await trio.open_tcp_stream("127.0.0.1", self.port)
                except OSError:
                    await trio.sleep(0.02)
                else:
                    await stream.aclose()
                    return
        raise AssertionError(f"{self.kind} did not start:\n{self.written()}")

    def written(self) -> str:
        """Everything that it wrote into any log."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.logs.iterdir()))

    # ---------------------------------------------------------------- through it

    def talk(self, path: str, headers: dict[str, str], *messages: str) -> list[str]:
        """Open a WebSocket with an independent client, say something, and give what is answered to each."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=SOON_S)
        url = f"wss://localhost:{self.port}{path}"
        with connect(
            url,
            sock=sock,
            ssl=trust,
            additional_headers=headers,
            compression=None,
            proxy=None,
            open_timeout=SOON_S,
        ) as link:
            answers = []
            for message in messages:
                link.send(message)
                answers.append(str(link.recv(timeout=SOON_S)))
            return answers


async def talked(proxy: Proxy, path: str, headers: dict[str, str], *messages: str) -> list[str]:
    """Talk in a thread."""
    return await trio.to_thread.run_sync(lambda: proxy.talk(path, headers, *messages), abandon_on_cancel=True)


class Listener:
    """Our HTTP server with an application that answers each message with what it was told by the handshake."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        self.paths.append(scope["path"])
        if scope["type"] != "websocket":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"open to the world"})
            return
        await receive()
        await send({"type": "websocket.accept"})
        told = {name.decode(): value.decode() for name, value in scope["headers"]}
        while (message := await receive())["type"] == "websocket.receive":
            await send(_answer(message, told))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Listener"]:
        """Serve for a while."""
        listeners = await open_tcp_listeners("127.0.0.1", 0)
        self.port = int(listeners[0].socket.getsockname()[1])
        async with trio.open_nursery() as nursery:
            await nursery.start(HttpServer(self).serve, listeners)
            yield self
            nursery.cancel_scope.cancel()


def _answer(message: Message, told: dict[str, str]) -> Message:
    return {"type": "websocket.send", "text": json.dumps({"heard": message["text"], "told": told})}


@pytest.fixture
def headers() -> dict[str, str]:
    return {"X-Username": "alice", "Authorization": f"Bearer {PASSKEY}"}


@both
async def test_a_websocket_goes_through_and_says_where_it_comes_from(
    kind: str, place: Path, headers: dict[str, str]
) -> None:
    """Messages pass both ways at once. What the friend claims to be forwarded for is not passed on as the truth."""
    with trio.fail_after(DEADLINE_S):
        async with Listener().serving() as listener, Proxy(kind, place, listener.port).running() as proxy:
            forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
            answers = await talked(proxy, "/ws", headers | forged, "one", "two")
    first: dict[str, Any] = json.loads(answers[0])
    assert [json.loads(answer)["heard"] for answer in answers] == ["one", "two"]
    told = first["told"]
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert told["x-forwarded-proto"] in ("https", "wss")
    assert (told["x-username"], told["authorization"]) == ("alice", f"Bearer {PASSKEY}")
    assert told["host"] == f"127.0.0.1:{listener.port}"


@both
async def test_nothing_but_the_party_is_open_to_the_world(kind: str, place: Path) -> None:
    """The API, the webhooks and the pages of the house are not there at all."""
    with trio.fail_after(DEADLINE_S):
        async with Listener().serving() as listener, Proxy(kind, place, listener.port).running() as proxy:
            for path in (
                "/",
                "/api/v1/status",
                "/ws/state",
                "/ws/",
                "/healthz",
                "/webhooks/plex/x",
                "//api/v1/why",
            ):
                url = f"https://localhost:{proxy.port}{path}"
                command = ["curl", "-sS", "-m", "20", "--cacert", str(proxy.certificate), "--resolve"]
                command += [f"localhost:{proxy.port}:127.0.0.1", "--path-as-is", "-w", "\n%{http_code}", url]
                done = await trio.run_process(command, capture_stdout=True)
                assert done.stdout.endswith(b"\n404"), (path, done.stdout)
    assert listener.paths == []


@both
async def test_the_proxy_writes_no_passkey_into_a_log(
    kind: str, place: Path, headers: dict[str, str]
) -> None:
    """Not of a client of the old protocol, which has it in the address; and not when segued is down either."""
    query = f"/ws?username=alice&passkey={PASSKEY}"
    with trio.fail_after(DEADLINE_S):
        async with Listener().serving() as listener, Proxy(kind, place, listener.port).running() as proxy:
            await talked(proxy, query, headers, "hello")
            up = proxy.written()
        async with proxy.running():
            with pytest.raises(InvalidStatus) as refused:
                await talked(proxy, query, headers, "hello")
            down = proxy.written()
    assert refused.value.response.status_code == 502
    assert ('"GET /ws" 101' in up) == (kind == "nginx")
    assert ("passkey=REDACTED" in down) == (kind == "caddy")
    assert PASSKEY not in up + down
