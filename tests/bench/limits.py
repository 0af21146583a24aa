"""What the machine itself can do, in the same run: everything else is to be read against it."""

import asyncio
import multiprocessing
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from fedishare.net import keys
from tests.bench import letters, load
from tests.bench.load import quantile

SECONDS: Final = 1.0
MESSAGE: Final = b"what a signature covers" * 10


def measure(folder: Path) -> dict[str, float]:
    """Per second: RSA-2048 verifications and signatures, committed SQLite writes, an empty aiohttp handler."""
    pair = keys.new_rsa()
    private, public = keys.private_rsa(pair.private_pem), keys.public_rsa(pair.public)
    signature = private.sign(MESSAGE, PKCS1v15(), SHA256())
    return {
        "rsa_verify_per_s": _rate(lambda: public.verify(signature, MESSAGE, PKCS1v15(), SHA256())),
        "rsa_sign_per_s": _rate(lambda: private.sign(MESSAGE, PKCS1v15(), SHA256())),
        "sqlite_commits_per_s": _commits(folder / "limits.db"),
        "aiohttp_per_s": _empty_handler(),
    }


def _rate(step: Callable[[], object]) -> float:
    done, began = 0, time.monotonic()
    while (now := time.monotonic()) < began + SECONDS:
        step()
        done += 1
    return round(done / (now - began), 1)


def _commits(path: Path) -> float:
    """A row of two kilobytes and two indexes, each in a commit of its own, synchronous=FULL."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE post (id INTEGER PRIMARY KEY, uri TEXT UNIQUE, author INTEGER, body BLOB)")
    connection.execute("CREATE INDEX post_author ON post (author)")
    rows = iter(range(1 << 30))

    def write() -> None:
        number = next(rows)
        row = (number, f"https://school.example/{number}", number % 20, bytes(2_000))
        connection.execute("INSERT INTO post VALUES (?, ?, ?, ?)", row)

    rate = _rate(write)
    connection.close()
    return rate


def _empty_handler() -> float:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    process = multiprocessing.get_context("fork").Process(target=_serve_nothing, args=(listener,), daemon=True)
    process.start()
    port = int(listener.getsockname()[1])
    listener.close()
    try:
        request = letters.get("/", host="empty.localhost")
        load.repeat(request, port=port, connections=4, seconds=0.3)
        sent = load.repeat(request, port=port, connections=32, seconds=2 * SECONDS)
    finally:
        process.terminate()
        process.join()
    assert quantile(sent.waits, 0.5) > 0
    return round(sent.per_second, 1)


def _serve_nothing(listener: socket.socket) -> None:
    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/", _nothing)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        await asyncio.Event().wait()

    asyncio.run(serve())


async def _nothing(_request: web.Request) -> web.Response:
    return web.Response(text="nothing")
