"""Streams of a node of several processes: whichever took the post, all of them tell of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.live.nodes import PASSWORD
from tests.live.processes import Loopback, Process

SOCKETS: Final = 12
PATIENCE: Final = 60.0


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    made = Process(tmp_path)
    made.run("account", "add", "anna", "--email", "anna@n.example", "--password", PASSWORD, "--role", "admin")
    await made.start(FEDISHARE_PROCESSES="2")
    yield made
    made.kill()


def token(process: Process) -> str:
    return process.output("token", "create", "anna", "--scopes", "read write push").strip()


async def test_every_process_tells_what_any_of_them_took_and_says_goodbye(process: Process) -> None:
    """The kernel gives connections to either process, so among a dozen of them both have some."""
    secret = await asyncio.to_thread(token, process)
    headers = {"Authorization": f"Bearer {secret}"}
    connector = aiohttp.TCPConnector(resolver=Loopback(), force_close=True, limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session, AsyncExitStack() as stack:
        address = f"{process.url}/api/v1/streaming"
        sockets = [
            await stack.enter_async_context(session.ws_connect(address, params={"stream": "user"}))
            for _ in range(SOCKETS)
        ]
        await heard_by_all(session, process, sockets)
        posts = [await post(session, process, f"Post {number}") for number in range(6)]
        heard = [await updates(socket, among=posts) for socket in sockets]
        closing = [asyncio.create_task(close_code(socket)) for socket in sockets]
        await asyncio.to_thread(process.stop)

        assert heard == [posts] * SOCKETS
        assert set(await asyncio.gather(*closing)) == {1001}


async def post(session: aiohttp.ClientSession, process: Process, text: str) -> str:
    async with session.post(f"{process.url}/api/v1/statuses", json={"status": text}) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["id"])


async def heard_by_all(
    session: aiohttp.ClientSession, process: Process, sockets: list[ClientWebSocketResponse]
) -> None:
    """Each process has begun to listen once all of its sockets have heard something."""
    for number, socket in enumerate(sockets):
        while True:
            await post(session, process, f"Is anybody listening to {number}?")
            with suppress(TimeoutError):
                await socket.receive_json(timeout=2.0)
                break


async def updates(socket: ClientWebSocketResponse, *, among: list[str]) -> list[str]:
    """These posts as they come, each told once; what was asked before is passed over."""
    found = list[str]()
    while len(found) < len(among):
        message = await socket.receive_json(timeout=PATIENCE)
        assert message["event"] == "update"
        found += {str(json.loads(message["payload"])["id"])} & set(among)
    return found


async def close_code(socket: ClientWebSocketResponse) -> int | None:
    while (await socket.receive(timeout=PATIENCE)).type is WSMsgType.TEXT:
        pass
    return socket.close_code
