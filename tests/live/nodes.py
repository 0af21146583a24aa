"""A real FediShare node in this process, as `fedishare serve` runs it: HTTPS, its own database, its worker."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog
from aiohttp import web
from sqlalchemy import Connection, bindparam, func, select, text

from fedishare import app as application
from fedishare import settings
from fedishare.cli import processes
from fedishare.core.clock import Clock
from fedishare.db.work import Delivery, Job
from fedishare.domain.permissions import Role
from fedishare.http import keys
from fedishare.jobs.tools import Tools
from fedishare.services import accounts
from tests.builders import an_ed25519_pair, an_rsa_pair
from tests.live.teachers import Teacher
from tests.live.town import Town, eventually
from tests.strict import wire

PASSWORD: Final = "chalk-and-cheese"
LONGEST_LINE: Final = 8_190
# Everything that is to be done now, by the nodes' own reckoning; what waits for a later try is not.
UNDONE: Final = tuple(
    select(func.count()).select_from(table).where(table.failed_at.is_(None), table.due_at <= bindparam("now"))
    for table in (Job, Delivery)
)


class LiveNode:
    """Start it, enrol teachers, and stop it again; it may be started anew on what it has kept."""

    def __init__(
        self,
        town: Town,
        host: str,
        *,
        database: str,
        folder: Path,
        name: str = "",
        clock: Clock | None = None,
        allow: str = "127.0.0.0/8",
    ) -> None:
        self.town = town
        self.host = host
        self.url = f"https://{host}"
        self.teachers: list[Teacher] = []
        self._clock = clock
        self._runner: web.AppRunner | None = None
        self._numbers = 0
        self.settings = settings.load(
            {
                "FEDISHARE_URL": self.url,
                "FEDISHARE_DATA": str(folder),
                "FEDISHARE_DATABASE": database,
                "FEDISHARE_NAME": name or host,
                "FEDISHARE_ALLOW_ADDRESSES": allow,
                "FEDISHARE_CA_FILE": str(town.ca_file),
            }
        )

    @property
    def app(self) -> web.Application:
        assert self._runner is not None, f"{self.host} is not running"
        return self._runner.app

    @property
    def tools(self) -> Tools:
        assert self._runner is not None, f"{self.host} is not running"
        return self._runner.app[keys.TOOLS]

    async def start(self) -> None:
        built = wire.watch(application.build(self.settings, clock=self._clock, resolver=self.town))
        self._runner = await self.town.open(
            built,
            self.host,
            auto_decompress=False,
            keepalive_timeout=processes.IDLE_CONNECTION_SECONDS,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )

    async def stop(self) -> None:
        """As a switched-off machine: the name leads nowhere."""
        if self._runner is not None:
            self.town.leave(self.host)
            await self.tools.db.read(wire.look_through)
            await self._runner.cleanup()
            self._runner = None

    async def close(self) -> None:
        for teacher in self.teachers:
            await teacher.close()
        await self.stop()

    async def enrol(self, username: str, name: str, *, role: Role = Role.MEMBER) -> Teacher:
        """A new account, signed in at a browser."""
        self._numbers += 1
        await self.tools.db.write(
            accounts.add,
            self.tools.here,
            username=username,
            email=f"{username}@{self.host}.example",
            password_hash=_hashed(),
            role=role,
            name=name,
            rsa=an_rsa_pair(self._numbers),
            ed25519=an_ed25519_pair(self._numbers),
        )
        actor = await self.one("SELECT id FROM actor WHERE uri = :uri", uri=f"{self.url}/users/{username}")
        teacher = Teacher(self.town, self.url, username=username, password=PASSWORD, actor_id=int(actor))
        self.teachers.append(teacher)
        await teacher.sign_in()
        return teacher

    async def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What the database holds, where no page shows it."""

        def ask(tx: Connection) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in tx.execute(text(statement), values)]

        return await self.tools.db.read(ask)

    async def one(self, statement: str, **values: Any) -> Any:
        """The first value of the first row, or None."""
        rows = await self.rows(statement, **values)
        return rows[0][0] if rows else None

    async def wait_for(self, statement: str, *, what: str, **values: Any) -> Any:
        """The first value that `statement` finds, as soon as there is one that is not nothing, zero or false."""

        async def look() -> Any:
            return await self.one(statement, **values) or None

        return await eventually(look, what=f"{self.host}: {what}")

    async def undone(self) -> int:
        now = self.tools.here.now()
        return await self.tools.db.read(_count, now)


def _count(tx: Connection, now: datetime) -> int:
    return sum(tx.execute(statement, {"now": now}).scalar_one() for statement in UNDONE)


async def until_quiet(*nodes: LiveNode, more: Callable[[], bool] = lambda: True) -> None:
    """Come back when none of the nodes has anything left to do that is due, and `more` holds."""

    async def look() -> bool | None:
        for _ in range(2):
            if not more() or any([await node.undone() for node in nodes]):
                return None
            await asyncio.sleep(0)
        return True

    await eventually(look, what=f"{', '.join(node.host for node in nodes)} have nothing left to do")


def log_plainly() -> None:
    """Without colours and the values of every variable, which take seconds to draw when something goes wrong."""
    named, told = structlog.processors.add_log_level, structlog.processors.format_exc_info
    structlog.configure(processors=[named, told, structlog.processors.KeyValueRenderer()])


@cache
def _hashed() -> str:
    return accounts.hash_password(PASSWORD)
