"""A school day at one node, as its neighbours and Anna at her browser make it.

Whatever is not acknowledged is done again. The same day ends in the same state, whether or not the
node was killed in the middle.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

from aiohttp import web

from fedishare.cli.browser import Browser
from fedishare.core import crash
from fedishare.core.errors import FediShareError
from tests.live.nodes import PASSWORD
from tests.live.peers import AS2, PUBLIC, Json
from tests.live.processes import PlainHost, Process, a_document
from tests.live.town import eventually

FIRST: Final = "The first of many"
WRITTEN: Final = "Written today"
EDITED: Final = "Edited today"
TO_GO: Final = "Soon to go"
# Oak is down when the day begins, and comes back after so many tries.
DOWN_FOR: Final = 3
LONGEST_SECONDS: Final = 120.0


class Neighbour(PlainHost):
    """A server with one person `p`, and a second one, `c`, whose inbox takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.down_for = 0
        self.notes: dict[str, Json] = {}

    def add_routes(self, app: web.Application) -> None:
        super().add_routes(app)
        app.router.add_get("/users/c", self._closed_actor)
        app.router.add_post("/closed", self._closed)
        app.router.add_get("/notes/{name}", self._note)

    async def _inbox(self, request: web.Request) -> web.Response:
        activity = await request.json()
        if self.down_for:
            self.down_for -= 1
            return web.Response(status=503)
        self.got.append(activity)
        return web.Response(status=202)

    async def _closed(self, _request: web.Request) -> web.Response:
        return web.Response(status=403)

    async def _closed_actor(self, _request: web.Request) -> web.Response:
        return a_document(self.document("c", inbox=f"{self.origin}/closed"))

    async def _note(self, request: web.Request) -> web.Response:
        note = self.notes.get(request.match_info["name"])
        return a_document({"@context": AS2} | note) if note else web.Response(status=404)

    def write(self, name: str, **over: Any) -> Json:
        """A note of this server's person, to be fetched at its address."""
        uri = f"{self.origin}/notes/{name}"
        note = {"id": uri, "type": "Note", "attributedTo": self.uri, "to": [PUBLIC], "cc": []}
        self.notes[name] = note | {"content": f"<p>{name}</p>", "published": "2026-11-21T08:00:00Z"} | over
        return self.notes[name]


class Day:
    """The day of one process; `start` it, `live` it, and look at how it `ended`."""

    def __init__(self, process: Process, neighbours: list[Neighbour], browser: Browser) -> None:
        self.process = process
        self.oak, self.elm, self.ash = neighbours
        self.crashes = 0
        self._browser = browser
        self._inbox = f"{process.url}/inbox"
        self._anna = f"{process.url}/users/anna"

    async def prepare(self) -> None:
        """What was before: Oak and Elm follow Anna, and so does somebody at Elm whose inbox takes nothing."""
        page = await asyncio.to_thread(self._browser.post, "/sign-in", login="anna", password=PASSWORD, next="/")
        assert page.status == 200
        for host in (self.oak, self.elm):
            await host.insist(self._inbox, "Follow", self._anna, number=0)
        await self.elm.insist(self._inbox, "Follow", self._anna, number=0, by="c")
        await self._write(FIRST)
        await self.drain()

    async def live(self) -> None:
        first = await self.process.one("SELECT uri FROM post WHERE source = :text", text=FIRST)
        names = [{"type": "Mention", "href": self._anna}]
        self.oak.down_for = DOWN_FOR
        parent = self.elm.write("parent")
        await self._hear(self.oak, "Create", self.oak.write("news", tag=names, cc=[self._anna]), number=1)
        await self._hear(self.elm, "Create", self.elm.write("by-address")["id"], number=1)
        await self._hear(self.oak, "Create", self.oak.write("reply", inReplyTo=parent["id"], cc=[self._anna]), number=2)
        for host in (self.oak, self.elm):
            await self._hear(host, "Like", first, number=1)
        like = {"id": f"{self.elm.uri}/Like/1", "type": "Like", "actor": self.elm.uri, "object": first}
        await self._hear(self.elm, "Undo", like, number=1)
        await self._hear(self.elm, "Create", self.elm.write("short-lived", inReplyTo=first), number=3)
        await self._hear(self.elm, "Delete", f"{self.elm.origin}/notes/short-lived", number=1)
        await self._hear(self.ash, "Follow", self._anna, number=0)
        await self._insist(partial(self._write, WRITTEN), partial(self._is_written, WRITTEN))
        await self._insist(partial(self._write, TO_GO), partial(self._is_written, TO_GO))
        await self._insist(partial(asyncio.sleep, 0.05), self._is_out)
        await self._insist(self._edit, partial(self._is_written, EDITED))
        await self._insist(self._delete, self._is_deleted)
        await self.drain()

    # --- The steps ---------------------------------------------------------------------------------------------------

    async def _hear(self, host: Neighbour, kind: str, thing: Any, *, number: int) -> None:
        taken = False

        async def say() -> None:
            nonlocal taken
            taken = await host.say(self._inbox, kind, thing, number=number, cc=[self._anna])

        async def is_taken() -> bool:
            return taken

        await self._insist(say, is_taken)

    async def _write(self, text: str) -> None:
        form = {"kind": "talk", "text": text, "visibility": "public", "language": "en"}
        await asyncio.to_thread(self._browser.upload, "/compose", form, [])

    async def _edit(self) -> None:
        post = await self._number_of(WRITTEN)
        form = {"kind": "talk", "text": EDITED, "visibility": "public", "language": "en"}
        await asyncio.to_thread(self._browser.upload, f"/posts/{post}/edit", form, [])

    async def _delete(self) -> None:
        await asyncio.to_thread(self._browser.post, f"/posts/{await self._number_of(TO_GO)}/delete")

    async def _number_of(self, text: str) -> int:
        return int(await self.process.one("SELECT id FROM post WHERE source = :text", text=text))

    async def _is_written(self, text: str) -> bool:
        return bool(await self.process.one("SELECT count(*) FROM post WHERE source = :text", text=text))

    async def _is_deleted(self) -> bool:
        return not await self._is_written(TO_GO)  # A post that is gone has lost its text.

    async def _is_out(self) -> bool:
        return any(TO_GO in str(got) for got in self.elm.got)

    async def _insist(self, do: Callable[[], Awaitable[None]], is_done: Callable[[], Awaitable[bool]]) -> None:
        """Do it until it is done; a node that ended is started again."""

        async def look() -> bool | None:
            if await is_done():
                return True
            with suppress(OSError, FediShareError):
                await do()
            await self._revived()
            return None

        await eventually(look, what=f"a step is done; the node said {self.process.said()}", within=LONGEST_SECONDS)

    async def _revived(self) -> bool:
        """Whether the node had ended; then it has been started again."""
        status = self.process.ended()
        if status is None:
            return False
        assert status == crash.STATUS, self.process.said()
        self.crashes += 1
        await self.process.let_leases_run_out()
        await self.process.start()
        return True

    async def drain(self) -> None:
        """Until nothing is left to do; what waits for a later try is hurried on."""

        async def look() -> bool | None:
            if not await self._revived() and not await self.process.one(UNDONE):
                # It may end over what it does when all is done.
                await asyncio.sleep(0.1)
                return not await self._revived() or None
            await self.process.hurry()
            await asyncio.sleep(0.1)
            return None

        await eventually(
            look, what=f"nothing is left to do; the node said {self.process.said()}", within=LONGEST_SECONDS
        )

    # --- How it ended ------------------------------------------------------------------------------------------------

    async def ended(self) -> "End":
        # What is new each day is known by what it says.
        posts = dict(await self.process.rows("SELECT uri, coalesce(source, '') FROM post WHERE local"))
        state = [
            " ".join([name, *(str(posts.get(value, value)) for value in row)])
            for name, query in QUERIES.items()
            for row in await self.process.rows(query)
        ]
        hosts = enumerate((self.oak, self.elm, self.ash))
        got = [f"{number} {line}" for number, host in hosts for line in _in_order(host.got, posts)]
        return End(sorted(state), sorted(got))


class End(NamedTuple):
    """What the node holds, and what each neighbour got: which activity about what, and in which order."""

    state: list[str]
    got: list[str]


UNDONE: Final = """
    SELECT (SELECT count(*) FROM job WHERE failed_at IS NULL AND kind <> 'Sweep')
        + (SELECT count(*) FROM delivery WHERE failed_at IS NULL)
"""
QUERIES: Final = {
    "post": """
        SELECT post.uri, actor.uri, post.deleted_at IS NULL, likes_count, replies_count, in_reply_to_id IS NULL
        FROM post JOIN actor ON actor.id = post.author_id
    """,
    "notice": """
        SELECT notice.kind, actor.uri, post.uri FROM notice
        JOIN actor ON actor.id = notice.actor_id LEFT JOIN post ON post.id = notice.post_id
    """,
    "follow": """
        SELECT one.uri, other.uri, follow.state FROM follow
        JOIN actor AS one ON one.id = follow.follower_id JOIN actor AS other ON other.id = follow.followee_id
    """,
    "reaction": """
        SELECT reaction.kind, actor.uri, post.uri FROM reaction
        JOIN actor ON actor.id = reaction.actor_id JOIN post ON post.id = reaction.post_id
    """,
    "received": "SELECT uri, outcome IS NULL FROM received",
    "tombstone": "SELECT count(*) FROM tombstone",
    "home": "SELECT post.uri FROM home JOIN post ON post.id = home.post_id",
    "parked": """
        SELECT activity.type, delivery.inbox, delivery.error FROM delivery
        JOIN activity ON activity.id = delivery.activity_id
    """,
    "given up": "SELECT kind, error FROM job WHERE failed_at IS NOT NULL",
}


def _in_order(got: Iterable[Json], posts: dict[str, str]) -> list[str]:
    """For each thing, what was said about it, in the order in which it first came."""
    said: dict[str, list[str]] = {}
    by_id: dict[str, Json] = {}
    for activity in got:
        assert by_id.setdefault(activity["id"], activity) == activity, "two activities under one id"
        thing = activity["object"] if isinstance(activity["object"], str) else activity["object"]["id"]
        said.setdefault(thing, [])
        if activity["type"] not in said[thing]:
            said[thing].append(activity["type"])
    return [" ".join([*kinds, posts.get(thing, thing)]) for thing, kinds in said.items()]
