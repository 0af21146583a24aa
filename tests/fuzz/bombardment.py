"""Sends inputs to a running node and says what went wrong: an error of ours, a trace in the log, a stall, silence."""

import asyncio
import json
import logging
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.http import noise
from fedishare.services import rooms
from tests.attack import shots, world
from tests.attack.rig import Rig
from tests.attack.world import Villain
from tests.builders import an_ed25519_pair, an_rsa_pair
from tests.fuzz import inputs
from tests.fuzz.inputs import Input

BATCH: Final = 32
AT_ONCE: Final = 8
# A request that promises more than it brings is waited for by the node; nobody has to wait with it.
PATIENCE_SECONDS: Final = 2.0
ERRORS: Final = range(500, 600)
NONE: Final = 0
LATER: Final = -503


HUNG_UP: Final = (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class Wrong(Exception):
    """What should not have happened; `among` are the inputs of which one did it."""

    def __init__(self, why: str, among: Sequence[Input]) -> None:
        super().__init__(why)
        self.among = list(among)


class Range(Rig):
    """The node under attack, with one more person elsewhere, whom nobody speaks for; and a room."""

    witness: Villain

    async def set_up(self) -> None:
        await super().set_up()
        self.witness = self.world.enrol("witness", "good.test")
        await self.accepted(self.witness, shots.like(self.witness.uri, number=world.number()))
        await self.node.tools.db.write(_open_room, self.node.tools.here, owner=self.anna.id)


def _open_room(tx: Connection, here: Here, *, owner: int) -> None:
    pair, proof = an_rsa_pair(1), an_ed25519_pair(1)
    words: dict[str, Any] = {"username": "maths", "name": "Maths", "description": "Fractions and more"}
    rooms.open_room(tx, here, owner_id=owner, rsa=pair, ed25519=proof, **words)


class Report(NamedTuple):
    """How many inputs were sent, and how often each status was the answer, or `NONE`, or `LATER`."""

    sent: int
    statuses: dict[int, int]


class _Traces(logging.Handler):
    """Everything that is logged as an error, by us or by the libraries below."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))

    def note(self, _logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if method in {"error", "critical", "exception"}:
            self.found.append("\n".join(str(part) for part in event.values()))
        return event


@asynccontextmanager
async def listening() -> AsyncIterator[_Traces]:
    """The log, as long as the bombardment lasts."""
    traces, before = _Traces(), structlog.get_config()
    logging.getLogger().addHandler(traces)
    noise.quieten()
    processors: list[structlog.typing.Processor] = [
        structlog.processors.format_exc_info,
        traces.note,
        structlog.processors.KeyValueRenderer(),
    ]
    structlog.configure(processors=processors, cache_logger_on_first_use=False)
    try:
        yield traces
    finally:
        logging.getLogger().removeHandler(traces)
        structlog.configure(**before)


async def bombard(rig: Range, *, seed: int, seconds: float, most: int | None = None) -> Report:
    """Inputs one batch after another until the time is over, or so many were sent. Raises Wrong."""
    statuses: dict[int, int] = {}
    sent, end = 0, time.monotonic() + seconds
    async with listening() as traces:
        while time.monotonic() < end and (most is None or sent < most):
            batch = [inputs.make(seed, number) for number in range(sent, sent + BATCH)]
            await _send(rig, batch, traces, statuses)
            sent += len(batch)
    return Report(sent, dict(sorted(statuses.items())))


async def again(rig: Range, batch: Sequence[Input]) -> Report:
    """The same inputs once more, as a file kept them, one after the other. Raises Wrong with the one that did it."""
    statuses: dict[int, int] = {}
    async with listening() as traces:
        for one in batch:
            await _send(rig, [one], traces, statuses)
    return Report(len(batch), dict(sorted(statuses.items())))


async def _send(rig: Range, batch: Sequence[Input], traces: _Traces, statuses: dict[int, int]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    senders = {name: getattr(rig, name) for name in inputs.SENDERS}
    trust = ssl.create_default_context(cafile=str(rig.town.ca_file))

    async def one(sent: Input) -> tuple[Input, int]:
        async with gate:
            return sent, await _status(rig, trust, sent.wire(senders, at=rig.clock.now()))

    try:
        async with rig.awake():
            answered = await asyncio.gather(*(one(sent) for sent in batch))
            await rig.quiet()
    except AssertionError as error:
        raise Wrong(str(error), batch) from error
    for sent, status in answered:
        statuses[status] = statuses.get(status, 0) + 1
        if status in ERRORS:
            raise Wrong(f"input {sent.number} was answered with status {status}", [sent])
    if traces.found:
        raise Wrong(f"the log holds a trace: {traces.found[0]}", batch)
    await _still_answers(rig, batch)


async def _status(rig: Range, trust: ssl.SSLContext, wire: bytes) -> int:
    """The status of the answer; `NONE` where the node hung up, or still waits for the rest."""
    with suppress(*HUNG_UP):
        async with asyncio.timeout(PATIENCE_SECONDS):
            reply = await shots.send(rig.town.ports[rig.node.host], trust, wire)
            # "Later" is the right answer where the server of a key cannot be asked (SIG-26), and one byte may name it.
            is_later = reply.status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in reply.headers
            return LATER if is_later else reply.status
    return NONE


async def _still_answers(rig: Range, batch: Sequence[Input]) -> None:
    """An ordinary activity of somebody who has no part in this is still taken, and the node still knows Anna."""
    reply = await rig.fire(rig.signed(rig.witness, shots.like(rig.witness.uri, number=world.number())))
    if reply.status != HTTPStatus.ACCEPTED:
        raise Wrong(f"an ordinary Like was answered with status {reply.status} afterwards", batch)
    headers = (("Host", "us.test"), ("Accept", inputs.ACTIVITY_JSON))
    reply = await rig.fire(shots.Shot("/users/anna", headers, b"", "GET"))
    if reply.status != HTTPStatus.OK or json.loads(reply.body)["id"] != f"{inputs.US}/users/anna":
        raise Wrong(f"Anna's document was answered with status {reply.status} afterwards", batch)


def keep(folder: Path, wrong: Wrong, *, seed: int) -> Path:
    return inputs.save(folder, wrong.among, seed=seed, why=str(wrong))
