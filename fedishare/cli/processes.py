"""The processes of a node: those that answer requests, and those that only work."""

import asyncio
import gc
import logging
import os
import signal
import ssl
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web

from fedishare import app, start, worker
from fedishare.core.clock import SystemClock
from fedishare.core.errors import Unreachable
from fedishare.http import noise
from fedishare.settings import Settings

# The same for a request whose headers only trickle in (DOS-04).
IDLE_CONNECTION_SECONDS: Final = 15.0
SHUTDOWN_SECONDS: Final = 5.0
# How long a connection whose request was refused half-way is still read from.
LINGER_SECONDS: Final = 1.0
LONGEST_LINE: Final = 8_190
# The first answers need not wait for a look through all of memory.
SETTLED_AFTER_SECONDS: Final = 1.0


async def serve(settings: Settings, *, config: Path | None, is_beside: bool) -> None:
    """Serve until told to stop. Raises Unreachable when the address is taken or the database not there.

    Further processes beside this one, where the settings ask for them, live as long as it does.
    """
    _speak_plainly()
    stopped = _told_to_stop()
    if is_beside:
        _stop_with_parent(stopped)
    runner = await listening(settings, is_shared=settings.processes > 1)
    asyncio.get_running_loop().call_later(SETTLED_AFTER_SECONDS, _settle_memory)
    others = [] if is_beside else [await _beside(config) for _ in range(settings.processes - 1)]
    structlog.get_logger().info("ready", url=settings.url, listen=f"{settings.listen_host}:{settings.listen_port}")
    ended = [asyncio.create_task(_end_of(other, stopped)) for other in others]
    await stopped.wait()
    for other in others:
        if other.stdin is not None:
            other.stdin.close()
    await runner.cleanup()
    if any([await end for end in ended]):
        raise Unreachable("a process beside this one has ended by itself; its last words stand above")


async def listening(settings: Settings, *, is_shared: bool = False) -> web.AppRunner:
    """The application, listening; `cleanup` of what comes back stops it. Several may share an address."""
    runner = web.AppRunner(
        app.build(settings),
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=IDLE_CONNECTION_SECONDS,
        lingering_time=LINGER_SECONDS,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    host, port, tls = settings.listen_host, settings.listen_port, _certificate(settings)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port, ssl_context=tls, reuse_port=is_shared or None).start()
    except OSError as error:
        await runner.cleanup()
        raise Unreachable(f"cannot listen on {host}:{port} (FEDISHARE_LISTEN): {error.strerror}") from error
    except BaseException:
        await runner.cleanup()
        raise
    return runner


def _settle_memory() -> None:
    """What was made while starting stays for good: the collector need never look at it again."""
    gc.collect()
    gc.freeze()
    gc.enable()


async def _beside(config: Path | None) -> Process:
    """One more process behind the same address, that leaves the work to us and ends when we do."""
    options = ["--config", str(config)] if config else []
    command = [sys.executable, "-m", "fedishare", *options, "serve", "--beside"]
    environment = os.environ | {"FEDISHARE_WORKER": "separate"}
    return await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, env=environment)


async def _end_of(other: Process, stopped: asyncio.Event) -> bool:
    """Wait for the end of a process; whether it came too early, which stops us, too."""
    await other.wait()
    came_early = not stopped.is_set()
    stopped.set()
    return came_early


def _stop_with_parent(stopped: asyncio.Event) -> None:
    """Whoever started us holds the other end of standard input, and lets it go when it ends, however it ends."""
    loop, ours = asyncio.get_running_loop(), sys.stdin.fileno()

    def look() -> None:
        if not os.read(ours, 1):
            loop.remove_reader(ours)
            stopped.set()

    loop.add_reader(ours, look)


async def work(settings: Settings) -> None:
    _speak_plainly()
    stopped = _told_to_stop()
    async with start.tools(settings, clock=SystemClock()) as tools:
        working = asyncio.create_task(worker.keep_working(tools))
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


def _certificate(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (ssl.SSLError, OSError) as error:
        raise Unreachable(f"the certificate of FEDISHARE_TLS_CERT and FEDISHARE_TLS_KEY: {error}") from error
    return context


def _told_to_stop() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


def _speak_plainly() -> None:
    """One line an event on standard error; colours only where a person watches."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING)
    noise.quieten()
