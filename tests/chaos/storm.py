"""Five thousand accounts that we never knew are deleted elsewhere, and every server of the network is told (DOS-23).

`python -m tests.chaos.storm [count]` measures what that costs, in this process and without HTTP, and prints JSON.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, func, select

from fedishare.as2.node import CONTEXT, EVERYBODY
from fedishare.core.clock import SystemClock
from fedishare.core.here import Here
from fedishare.core.ids import Ids
from fedishare.core.uris import Uris
from fedishare.db import schema
from fedishare.db.engine import Database, open_database
from fedishare.db.tables import METADATA
from fedishare.inbox import receive
from fedishare.jobs.tools import Tools
from fedishare.net import signatures
from fedishare.net.signatures import Request, Scheme, Signer
from fedishare.net.storage import Storage
from tests.builders import an_rsa_pair
from tests.net.peers import Names, a_client

ACTIVITY: Final = "application/activity+json"
STORM: Final = 5_000
SERVERS: Final = 600


class Counting:
    """A database that counts how often it is asked."""

    def __init__(self, inner: Database) -> None:
        self.bell, self.ledger = inner.bell, inner.ledger
        self.reads = self.writes = 0
        self._inner = inner

    async def stand(self) -> object:
        return await self._inner.stand()

    async def read(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.reads += 1
        return await self._inner.read(function, *args, **kwargs)

    async def write(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.writes += 1
        return await self._inner.write(function, *args, **kwargs)

    def version(self) -> int | None:
        return self._inner.version()

    async def close(self) -> None:
        await self._inner.close()


def farewells(here: Here, *, count: int) -> Iterator[Request]:
    """Signed deletions as Mastodon sends them: of strangers, by themselves, with keys that are gone."""
    private = an_rsa_pair().private_pem
    for number in range(count):
        uri = f"https://s{number % SERVERS}.test/users/u{number}"
        activity = {"@context": CONTEXT, "id": f"{uri}#delete", "type": "Delete", "actor": uri, "to": [EVERYBODY]}
        body = msgspec.json.encode(activity | {"object": uri})
        headers = signatures.sign(
            Signer(f"{uri}#main-key", private),
            scheme=Scheme.CAVAGE,
            method="POST",
            url=f"{here.uris.origin}/inbox",
            body=body,
            now=here.now(),
        )
        yield Request("POST", "/inbox", tuple(headers.items()), body, here.uris.origin)


async def weather(tools: Tools, storm: list[Request], *, at_once: int = 16) -> float:
    """Take it all in; answers the seconds of processor time that took."""
    begun = time.process_time()
    for start in range(0, len(storm), at_once):
        coming = storm[start : start + at_once]
        await asyncio.gather(
            *(receive.receive(tools, one, content_type=ACTIVITY, content_encoding="", recipient=None) for one in coming)
        )
    return time.process_time() - begun


def rows(tx: Connection) -> dict[str, int]:
    """What is kept of it."""
    count = select(func.count())
    return {table.name: tx.scalar(count.select_from(table)) or 0 for table in METADATA.sorted_tables}


async def measure(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/node.db"
        await asyncio.to_thread(_migrated, url)
        clock = SystemClock()
        here = Here(Uris("https://alder.test"), Ids(clock, worker=1), clock)
        storm, names = list(farewells(here, count=count)), Names()
        db = Counting(await open_database(url))
        async with a_client(resolver=names, own_origin=here.uris.origin) as client:
            tools = Tools(db, client, here, Storage(Path(folder) / "files"))
            seconds = await weather(tools, storm)
            kept = await db.read(rows)
        await db.close()
    return {
        "farewells": count,
        "processor_seconds": round(seconds, 3),
        "of_one_core_at_5000_a_minute": round(seconds / count * STORM / 60, 4),
        "reads": db.reads - 1,
        "writes": db.writes,
        "names_looked_up": len(names.asked),
        "kept": {table: number for table, number in kept.items() if number},
    }


def _migrated(url: str) -> None:
    asyncio.run(schema.upgrade(url))


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else STORM
    sys.stdout.write(json.dumps(asyncio.run(measure(wanted)), indent=2) + "\n")
