"""An app that keeps a stream open, over a WebSocket or as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

from aiohttp import ClientResponse, ClientWebSocketResponse, WSMsgType
from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.db.posts import Post, PostTag
from fedishare.domain.audience import Visibility
from tests.api.conftest import Phone, School
from tests.builders import Made, a_person, add

PATIENCE: Final = 20.0
# A post with this tag is what a test waits for: whatever happened before it was told before, or never will be.
THE_END: Final = "theend"


class Socket:
    """A WebSocket as an app sees it."""

    def __init__(self, socket: ClientWebSocketResponse, school: School) -> None:
        self.raw = socket
        self._school = school

    async def ask(self, kind: str = "subscribe", **wish: str) -> None:
        await self.raw.send_json({"type": kind} | wish)

    async def next(self) -> dict[str, Any]:
        """What comes next, with its payload read."""
        while _is_end(self._school, said := await self._any()):
            pass
        return said

    async def _any(self) -> dict[str, Any]:
        said: dict[str, Any] = await self.raw.receive_json(timeout=PATIENCE)
        if said.get("event") not in {None, "delete"} and "payload" in said:
            said["payload"] = json.loads(said["payload"])
        return said

    async def ready(self) -> "Socket":
        """Once what happens is heard here."""
        await self.ask(stream="hashtag", tag=THE_END)
        while True:
            await _the_end(self._school)
            with suppress(TimeoutError):
                await self.raw.receive_json(timeout=1.0)
                await self._drained()
                return self

    async def rest(self) -> list[dict[str, Any]]:
        """What has happened so far and was not read yet."""
        end = await _the_end(self._school)
        found = [await self._any()]
        while found[-1].get("event") != "update" or found[-1]["payload"]["id"] != end:
            found.append(await self._any())
        # What was told together with the last one stands in any order.
        return [said for said in found + await self._drained() if not _is_end(self._school, said)]

    async def _drained(self) -> list[dict[str, Any]]:
        """What stands ready: an answer to a question comes after it."""
        await self.ask("what is left")
        found = [await self._any()]
        while "error" not in found[-1]:
            found.append(await self._any())
        return found[:-1]

    async def last(self) -> list[str]:
        """What still comes until the node closes."""
        found = []
        while (message := await self.raw.receive(timeout=PATIENCE)).type is WSMsgType.TEXT:
            found.append(message.data)
        return found

    async def end(self) -> int | None:
        """The number with which the node closes."""
        await self.last()
        return self.raw.close_code


_ends: Final[WeakKeyDictionary[School, set[str]]] = WeakKeyDictionary()


async def _the_end(school: School) -> str:
    author = await a_person(school.db, school.here, local=False)
    post_id = await school.db.write(_tagged, school.here, author)
    _ends.setdefault(school, set()).add(str(post_id))
    return str(post_id)


def _tagged(tx: Connection, here: Here, author: Made) -> int:
    """With its tag from the first moment on: it is looked at but once."""
    post_id = here.ids.new()
    uri = f"{author.uri}/posts/{post_id}"
    values = {"id": post_id, "uri": uri, "url": uri, "kind": "Note", "author_id": author.id, "thread_id": post_id}
    values |= {"local": False, "content": "", "visibility": Visibility.PUBLIC, "addressed_to": [], "addressed_cc": []}
    add(tx, Post, **values, published_at=here.now())
    add(tx, PostTag, name=THE_END, post_id=post_id, label=THE_END)
    return post_id


def _is_end(school: School, said: dict[str, Any]) -> bool:
    """Whether it is nothing but such a post, which many a stream holds."""
    return said.get("event") == "update" and said["payload"]["id"] in _ends.get(school, ())


@asynccontextmanager
async def a_socket(school: School, phone: Phone, **query: str) -> AsyncIterator[Socket]:
    headers = {"Host": "alder.test", "Authorization": f"Bearer {phone.token}"}
    async with school.client.ws_connect("/api/v1/streaming", headers=headers, params=query) as raw:
        yield Socket(raw, school)


class Events:
    """Server-sent events, read line by line."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer

    async def line(self) -> str:
        async with asyncio.timeout(PATIENCE):
            return (await self.answer.content.readline()).decode()

    async def next(self) -> tuple[str, str]:
        """The name and the data of the next event."""
        name = ""
        while True:
            line = await self.line()
            assert line, "the node has ended the stream"
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            if line.startswith("data: "):
                return name, line.removeprefix("data: ").strip()

    async def rest(self) -> bytes:
        """What is left until the node ends it."""
        async with asyncio.timeout(PATIENCE):
            return await self.answer.content.read()


@asynccontextmanager
async def events(school: School, phone: Phone, path: str, **query: str) -> AsyncIterator[Events]:
    headers = {"Host": "alder.test", "Authorization": f"Bearer {phone.token}"}
    async with school.client.get(f"/api/v1/streaming/{path}", headers=headers, params=query) as answer:
        assert answer.status == 200, await answer.text()
        found = Events(answer)
        assert await found.line() == ":)\n"
        yield found
