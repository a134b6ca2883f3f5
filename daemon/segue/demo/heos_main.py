"""`python -m segue.demo.heos_speaker`: a simulated receiver by itself, that says what it is told."""

import argparse
import re
import signal
from collections.abc import Sequence

import trio

from segue.demo.heos_connection import LoggedCommand
from segue.demo.heos_faults import Faults
from segue.demo.heos_media import make_tracks
from segue.demo.heos_player import Player
from segue.demo.heos_protocol import PORT
from segue.demo.heos_speaker import HOST, HeosSpeaker
from segue.demo.heos_ssdp import MULTICAST


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; 1 when the address cannot be had."""
    args, status = _arguments(argv), 0
    try:
        trio.run(_run, args)
    except* OSError as errors:
        error: BaseException = errors
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        print(f"cannot listen on {args.host} port {args.port}: {error}", flush=True)
        status = 1
    return status


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m segue.demo.heos_speaker", description=__doc__)
    parser.add_argument("--host", default=HOST, help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="TCP port (default %(default)s, 0 for any)")
    parser.add_argument("--name", default="Living Room", help="name of the player (default %(default)s)")
    parser.add_argument(
        "--level", type=int, default=30, help="volume at the start, 0-100 (default %(default)s)"
    )
    parser.add_argument("--songs", type=int, default=0, help="songs in the queue at the start")
    parser.add_argument(
        "--latency-ms", type=float, default=25.0, help="time a command takes (default %(default)s)"
    )
    parser.add_argument("--ssdp", action="store_true", help="answer searches on the multicast group of SSDP")
    parser.add_argument("--quiet", action="store_true", help="do not print the commands")
    return parser.parse_args(argv)


async def _run(args: argparse.Namespace) -> None:
    player = Player(name=args.name, ip=args.host, level=args.level, queue=make_tracks(args.songs))
    speaker = HeosSpeaker(
        [player],
        host=args.host,
        port=args.port,
        ssdp=MULTICAST if args.ssdp else None,
        faults=Faults(latency_s=args.latency_ms / 1000),
    )
    if not args.quiet:
        speaker.watch_command = lambda command: print(_sentence(command), flush=True)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with speaker:
            print(f"{player.name} ({player.model}) listens on {speaker.host} port {speaker.port}", flush=True)
            await anext(signals)


def _sentence(command: LoggedCommand) -> str:
    """One line about a command, without what a url carries in its query."""
    args = " ".join(f"{name}={value}" for name, value in command.args.items())
    return f"{command.connection}: {command.name} {re.sub(r'[?&][^ ]*', '?...', args)}".rstrip()
