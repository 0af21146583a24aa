"""The two processes of a node: one that answers requests, and one that only works."""

import asyncio
import logging
import signal
import ssl
import sys
from contextlib import suppress
from typing import Final

import structlog
from aiohttp import web

from fedishare import app, start, worker
from fedishare.core.clock import SystemClock
from fedishare.core.errors import Unreachable
from fedishare.settings import Settings

IDLE_CONNECTION_SECONDS: Final = 75.0
SHUTDOWN_SECONDS: Final = 5.0
# How long a connection whose request was refused half-way is still read from.
LINGER_SECONDS: Final = 1.0
LONGEST_LINE: Final = 8_190


async def serve(settings: Settings) -> None:
    """Serve until told to stop. Raises Unreachable when the address is taken or the database not there."""
    _speak_plainly()
    stopped = _told_to_stop()
    runner = await listening(settings)
    structlog.get_logger().info("ready", url=settings.url, listen=f"{settings.listen_host}:{settings.listen_port}")
    await stopped.wait()
    await runner.cleanup()


async def listening(settings: Settings) -> web.AppRunner:
    """The application, listening; `cleanup` of what comes back stops it."""
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
    try:
        await runner.setup()
        site = web.TCPSite(runner, settings.listen_host, settings.listen_port, ssl_context=_certificate(settings))
        await site.start()
    except OSError as error:
        await runner.cleanup()
        place = f"{settings.listen_host}:{settings.listen_port}"
        raise Unreachable(f"cannot listen on {place} (FEDISHARE_LISTEN): {error.strerror}") from error
    except BaseException:
        await runner.cleanup()
        raise
    return runner


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
