"""What was in a room before it moved here: fetched from where it is, once, and as something old."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest

from fedishare.as2.node import CONTEXT, EVERYBODY
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.notices import Notice
from fedishare.db.posts import Home, Post
from fedishare.db.rooms import Ban, Lock, PastPost, Pin, Purpose
from fedishare.db.work import Job
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import PastGap
from fedishare.inbox import pasts
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import FetchPast
from fedishare.queries import pasts as queried
from fedishare.queries.pasts import Progress
from fedishare.services import pasts as services
from fedishare.services import people
from tests.builders import MONDAY, FrozenClock, Made, a_follow_row, a_post, a_room, a_teacher
from tests.inbox.elsewhere import ACTIVITY, Document, Elsewhere, a_note, an_actor, rows
from tests.net.peers import Asked, a_reply

OLD: Final = "https://birch.test/groups/slt"
ADA: Final = "https://cedar.test/users/ada"
OTHER: Final = "https://elm.test/groups/heads"
LAST_WEEK: Final = (MONDAY - timedelta(days=7)).isoformat()


class Scene:
    """A room of ours with Ben in it, to which one of Birch has moved; `asked_as` says whose keys asked for what."""

    def __init__(self, tools: Tools, elsewhere: Elsewhere, *, old: Made, room: Made, ben: Made) -> None:
        self.tools = tools
        self.elsewhere = elsewhere
        self.old, self.room, self.ben = old, room, ben
        self.asked_as: list[tuple[str, str]] = []
        self.decisions: list[Document] = []
        self.pages: list[list[str]] = []

    def write(self, number: int, *, author: str = ADA, **over: Any) -> str:
        """A post of a week ago, at its own address; whoever asks for it is written down."""
        note = a_note(author, number=number, published=LAST_WEEK, to=[OLD, f"{OLD}/followers"], cc=[]) | over
        self.say(note["id"], note)
        return str(note["id"])

    def say(self, address: str, document: Document) -> None:
        def answer(asked: Asked) -> bytes:
            self.asked_as.append((address, asked.headers.get("signature", "").partition('keyId="')[2].split("#")[0]))
            return a_reply(msgspec.json.encode(document), headers=[("Content-Type", ACTIVITY)])

        self.elsewhere.say(address, answer)

    def tell(self) -> None:
        """What the old home shows: its decisions, and the addresses on as many pages as there are."""
        self.say(f"{OLD}/decisions", self._list(f"{OLD}/decisions", self.decisions))
        pages = [f"{OLD}/past?page=true&min_id={number}" for number in range(len(self.pages))]
        self.say(f"{OLD}/past", {"@context": CONTEXT, "id": f"{OLD}/past", "type": "OrderedCollection"} | _first(pages))
        for number, (address, items) in enumerate(zip(pages, self.pages, strict=True)):
            page = self._list(address, items) | {"type": "OrderedCollectionPage"}
            self.say(address, page | ({"next": pages[number + 1]} if number + 1 < len(pages) else {}))

    def _list(self, address: str, items: Any) -> Document:
        return {"@context": CONTEXT, "id": address, "type": "OrderedCollection", "orderedItems": items}

    async def move(self) -> None:
        await self.tools.db.write(people.move, old_id=self.old.id, new_id=self.room.id, here=self.tools.here)

    async def work(self) -> None:
        """What the worker would do next for the room, if it is due."""
        for payload, kind, due in await rows(self.tools.db, Job.payload, Job.kind, Job.due_at):
            if kind == "FetchPast" and due <= self.tools.here.now():
                await pasts.fetch(self.tools, msgspec.json.decode(payload, type=FetchPast))

    async def progress(self) -> Progress:
        found = await self.tools.db.read(queried.progress, room_id=self.room.id)
        assert found is not None
        return found


def _first(pages: list[str]) -> Document:
    return {"first": pages[0]} if pages else {}


@pytest.fixture
async def scene(tools: Tools, db: Database, here: Here, elsewhere: Elsewhere) -> Scene:
    shut: dict[str, Any] = {"locked": True, "discoverable": False}
    ben = await a_teacher(db, here)
    old = await a_room(db, here, local=False, uri=OLD, **shut)
    room = await a_room(db, here, owner=ben, username="slt", also_known_as=[OLD], **shut)
    await a_follow_row(db, here, by=ben, of=old)
    await a_follow_row(db, here, by=ben, of=room)
    for uri in (ADA, "https://elm.test/users/eve"):
        elsewhere.settle(an_actor(uri))
    elsewhere.settle(an_actor(OLD, type="Group", movedTo=room.uri, manuallyApprovesFollowers=True, discoverable=False))
    return Scene(tools, elsewhere, old=old, room=room, ben=ben)


async def test_what_was_in_a_room_comes_along_with_what_was_decided_and_as_something_old(
    scene: Scene, db: Database, here: Here
) -> None:
    await scene.move()
    known = await a_post(db, here, by=scene.ben, room_id=scene.room.id, visibility=Visibility.ROOM)
    asks = scene.write(1, **{"schema:genre": "question"})
    answers = scene.write(2, inReplyTo=asks)
    scene.pages = [[known.uri, asks], [answers, asks]]
    scene.decisions = [
        {"type": "Block", "object": "https://elm.test/users/eve", "target": OLD, "summary": "Spam"},
        {"type": "Lock", "object": asks, "summary": "Settled"},
        {"type": "Add", "object": asks, "target": f"{OLD}/featured"},
        {"type": "Add", "object": asks, "target": f"{OTHER}/featured"},
    ]
    scene.tell()

    await scene.work()

    found = {uri: (post, room) for uri, post, room in await rows(db, Post.uri, Post.id, Post.room_id)}
    assert {uri: room for uri, (_, room) in found.items()} == dict.fromkeys([known.uri, asks, answers], scene.room.id)
    # They stand before what came since, and in their own order in the conversation; nobody is told.
    assert max(found[asks][0], found[answers][0]) < known.id
    assert (await rows(db, Home.post_id), await rows(db, Notice.id)) == ([], [])
    assert await rows(db, Post.replies_count) == [(0,), (0,), (1,)]
    assert await rows(db, Pin.post_id) == [(found[asks][0],)]
    assert await rows(db, Lock.thread_id, Lock.reason) == [(found[asks][0], "Settled")]
    assert await rows(db, Ban.room_id, Ban.reason) == [(scene.room.id, "Spam")]
    assert {whose for address, whose in scene.asked_as if not address.endswith("users/ada")} == {scene.room.uri}
    told = await scene.progress()
    assert (told.total, told.here, told.missing, told.undecided, told.is_over) == (3, 3, 0, 0, True)


async def test_an_answer_that_settled_a_question_settles_it_still(scene: Scene, db: Database) -> None:
    await scene.move()
    asks, answers = (
        scene.write(1, **{"schema:genre": "question"}),
        scene.write(2, inReplyTo=f"{ADA}/posts/1"),
    )
    scene.pages, scene.decisions = [[asks, answers]], [{"type": "Add", "object": answers, "target": f"{OLD}/answers"}]
    scene.tell()

    await scene.work()

    assert await rows(db, Purpose.answer_uri) == [(answers,)]


async def test_whatever_ends_the_work_half_way_each_post_comes_once(scene: Scene, db: Database) -> None:
    await scene.move()
    posts = [scene.write(number) for number in range(1, 13)]
    scene.pages = [posts[:6], posts[6:]]
    scene.tell()
    work = asyncio.create_task(scene.work())

    def end(_: Asked) -> bytes:
        work.cancel()
        return a_reply(status=500)

    scene.elsewhere.say(posts[7], end)
    with pytest.raises(asyncio.CancelledError):
        await work
    half = len(await rows(db, Post.id))
    scene.write(8)
    for _ in range(2):
        await scene.work()

    assert 0 < half < len(posts)
    assert sorted(uri for (uri,) in await rows(db, Post.uri)) == sorted(posts)
    # What was here by then was not asked for again.
    assert max(sum(address == uri for address, _ in scene.asked_as) for uri in posts[:6]) == 1
    assert (await scene.progress()).here == len(posts)


async def test_what_cannot_be_had_is_asked_for_again_and_then_told(scene: Scene, clock: FrozenClock) -> None:
    await scene.move()
    here, gone, late, slow = (scene.write(number) for number in range(1, 5))
    scene.elsewhere.fail(gone, 410)
    scene.elsewhere.fail(late, 404)
    scene.elsewhere.fail(slow, 503)
    scene.pages = [[here, gone, late, slow]]
    scene.tell()

    await scene.work()
    first = await scene.progress()
    scene.write(3)
    for wait in services.AGAIN:
        clock.tick(seconds=wait.total_seconds() + 1)
        await scene.work()
    last = await scene.progress()
    scene.write(4)
    await scene.tools.db.write(services.ask_again, scene.tools.here, room_id=scene.room.id)
    await scene.work()

    assert (first.here, first.late, first.gaps, first.is_over) == (1, 2, {PastGap.GONE: 1}, False)
    assert (last.here, last.late, last.gaps, last.is_over) == (2, 0, {PastGap.GONE: 1, PastGap.SILENT: 1}, True)
    assert (await scene.progress()).here == 3


async def test_nothing_but_what_was_for_this_room_comes_into_it(scene: Scene, db: Database, here: Here) -> None:
    """The old home cannot bring in what we may read for other reasons: not another room's, and nothing public."""
    await scene.move()
    heads = await a_room(db, here, local=False, uri=OTHER, locked=True, discoverable=False)
    theirs = await a_post(
        db, here, by=scene.ben, room_id=heads.id, visibility=Visibility.ROOM, addressed_to=[OTHER, f"{OTHER}/followers"]
    )
    unknown = scene.write(1, to=[OTHER, f"{OTHER}/followers"])
    public = scene.write(2, to=[EVERYBODY, OLD])
    scene.pages = [[theirs.uri, unknown, public]]
    scene.tell()

    await scene.work()

    rooms = dict(await rows(db, Post.uri, Post.room_id))
    assert (rooms[theirs.uri], rooms[unknown], rooms[public]) == (heads.id, None, None)
    assert {why for (why,) in await rows(db, PastPost.why)} == {PastGap.REFUSED}


async def test_an_old_home_that_shows_nothing_ends_it(scene: Scene) -> None:
    await scene.move()

    await scene.work()

    told = await scene.progress()
    assert (told.why, told.is_over, told.total) == (PastGap.GONE, True, 0)


@pytest.mark.parametrize("where", ["first", "next"])
async def test_a_list_that_leads_to_another_server_is_not_followed(
    scene: Scene, elsewhere: Elsewhere, *, where: str
) -> None:
    await scene.move()
    scene.pages = [[scene.write(1)]]
    scene.tell()
    page, trap = f"{OLD}/past?page=true&min_id=0", "https://evil.test/past"
    at = f"{OLD}/past" if where == "first" else page
    document = {"@context": CONTEXT, "id": at, "type": "OrderedCollection", "orderedItems": [f"{ADA}/posts/1"]}
    scene.say(at, document | {where: trap})

    await scene.work()

    assert (trap in elsewhere.asked, (await scene.progress()).why) == (False, PastGap.GONE)


async def test_only_a_room_that_moved_here_brings_anything(db: Database, here: Here, scene: Scene) -> None:
    other = await a_room(db, here, local=False, uri=OTHER)

    await db.write(lambda tx: people.move(tx, old_id=scene.old.id, new_id=other.id, here=here))

    assert [kind for (kind,) in await rows(db, Job.kind) if kind == "FetchPast"] == []


async def test_a_deleted_post_does_not_come_back(scene: Scene, db: Database, here: Here) -> None:
    await scene.move()
    post = await a_post(db, here, by=scene.ben, room_id=scene.room.id, deleted_at=MONDAY)
    scene.pages = [[post.uri]]
    scene.tell()

    await scene.work()

    assert (await scene.progress()).gaps == {PastGap.GONE: 1}
