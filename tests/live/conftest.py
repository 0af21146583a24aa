"""Live servers for a test: FediShare nodes on both databases, and fake peers whose offences fail the test."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import pytest

from fedishare.core.clock import Clock
from tests import postgres
from tests.live.nodes import LiveNode, log_plainly
from tests.live.peers import Peer
from tests.live.peers_lemmy import Lemmy
from tests.live.peers_mastodon import Mastodon
from tests.live.town import Town

NewDatabase: TypeAlias = Callable[[str], str]
OpenNode: TypeAlias = Callable[..., Awaitable[LiveNode]]
_serial: Final = count(1)


@pytest.fixture(scope="session", autouse=True)
def _plain_log() -> None:
    log_plainly()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


@pytest.fixture
def new_database(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """The address of a migrated, empty database of its own for each node."""
    if database_kind == "sqlite":
        empty: Path = request.getfixturevalue("empty_sqlite")
        return lambda name: _copied(empty, tmp_path / f"{name}.db")
    server = postgres.running()
    assert server is not None
    template = urlsplit(request.getfixturevalue("empty_postgres")).path.removeprefix("/")

    def create(_name: str) -> str:
        database = f"live_{os.getpid()}_{next(_serial)}"
        server.create(database, template=template)
        request.addfinalizer(lambda: server.drop(database))
        return server.url(database)

    return create


def _copied(empty: Path, to: Path) -> str:
    shutil.copy(empty, to)
    return f"sqlite+aiosqlite:///{to}"


@pytest.fixture
async def open_node(town: Town, new_database: NewDatabase, tmp_path: Path) -> AsyncIterator[OpenNode]:
    """Starts a node by its host and its name; all of them stop when the test is over."""
    nodes: list[LiveNode] = []

    async def open_one(host: str, name: str = "", *, clock: Clock | None = None) -> LiveNode:
        label = host.partition(".")[0]
        node = LiveNode(town, host, database=new_database(label), folder=tmp_path / label, name=name, clock=clock)
        nodes.append(node)
        await node.start()
        return node

    yield open_one
    for node in reversed(nodes):
        await node.close()


@pytest.fixture
async def toot(town: Town) -> AsyncIterator[Mastodon]:
    """The Mastodon-shaped server. What it took amiss, or what was refused to it, fails the test."""
    peer = Mastodon(town, "toot.test")
    await peer.start()
    yield peer
    await peer.close()
    refuse_offences(peer)


@pytest.fixture
async def lemmy(town: Town) -> AsyncIterator[Lemmy]:
    """The Lemmy-shaped server, likewise."""
    peer = Lemmy(town, "lemmy.test")
    await peer.start()
    yield peer
    await peer.close()
    refuse_offences(peer)


def refuse_offences(peer: Peer) -> None:
    """Both of what FediShare sent and should not have, and of what it should have taken and did not."""
    said = "\n\n".join([*peer.violations, *map(str, peer.refused)])
    assert not said, said
