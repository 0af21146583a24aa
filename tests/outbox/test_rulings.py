"""What a moderator of a room of ours decides is told to each kind of server in its own way (fediverse.md 1.5)."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import Connection, func, select, update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.nodes import Node
from fedishare.db.posts import Home, Post
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Lock, Removal, Steward
from fedishare.db.work import Activity, Delivery, Job
from fedishare.domain.audience import PUBLIC_IRI
from fedishare.domain.kinds import StewardRole
from fedishare.jobs import types
from fedishare.jobs.tools import Tools
from fedishare.net import keys, proofs
from fedishare.outbox import publish
from fedishare.outbox import rooms as outbox_rooms
from fedishare.outbox import rulings as outbox_rulings
from fedishare.services import rooms, rulings
from fedishare.services.rulings import Ruling
from tests.builders import Made, a_follow_row, a_person, a_post, a_room, add, an_ed25519_pair
from tests.strict import lemmy

SERVERS: Final = {"lemmy.test": "lemmy", "masto.test": "mastodon", "new.test": None}
RUN: Final[dict[type[types.Job], Callable[..., Any]]] = {
    types.PublishRuling: outbox_rulings.publish_ruling,
    types.Distribute: outbox_rooms.distribute,
    types.PublishPin: publish.publish_pin,
    types.RefusePost: outbox_rulings.refuse_post,
}
DECODER: Final = msgspec.json.Decoder(types.AnyJob)


class Scene:
    """A room of ours with a moderator, a post in it, and one member on each kind of server."""

    def __init__(self, db: Database, here: Here, *, room: Made, mod: Made, member: Made, post: Made) -> None:
        self.db, self.here = db, here
        self.room, self.mod, self.member, self.post = room, mod, member, post

    @property
    def by(self) -> Ruling:
        return Ruling(room_id=self.room.id, by_id=self.mod.id, reason="Not for here")

    async def decide(self, what: Callable[..., bool], **about: Any) -> bool:
        return await self.db.write(what, self.here, self.by, **about)


@pytest.fixture
async def scene(desk: Tools, here: Here) -> Scene:
    db = desk.db
    room, mod, member = await a_room(db, here), await a_person(db, here), await a_person(db, here)
    for who in (mod, member):
        await a_follow_row(db, here, by=who, of=room)
    await db.write(add, Steward, room_id=room.id, actor_id=mod.id, role=StewardRole.OWNER)
    for domain, software in SERVERS.items():
        await a_follow_row(db, here, by=await a_person(db, here, local=False, domain=domain), of=room)
        await db.write(add, Node, host=domain, software=software)
    post = await a_post(db, here, by=member, addressed_cc=[room.uri])
    await db.write(rooms.admit, here, room_id=room.id, post_id=post.id, activity_uri=None)
    return Scene(db, here, room=room, mod=mod, member=member, post=post)


def column(tx: Connection, wanted: Any) -> list[Any]:
    return list(tx.scalars(select(wanted)))


def waiting(tx: Connection) -> list[tuple[int, bytes]]:
    return [(row.id, row.payload) for row in tx.execute(select(Job.id, Job.payload).order_by(Job.id))]


async def work(desk: Tools, done: set[int]) -> None:
    """Do what was left to be done, and what follows from it."""
    while new := [(row, payload) for row, payload in await desk.db.read(waiting) if row not in done]:
        for row, payload in new:
            done.add(row)
            job = DECODER.decode(payload)
            if type(job) in RUN:
                await RUN[type(job)](desk, job)


def told(tx: Connection) -> list[tuple[str, list[str]]]:
    """What was said, and to whom."""
    found = []
    for row in tx.execute(select(Activity.id, Activity.body).order_by(Activity.id)):
        hosts = list(tx.scalars(select(Delivery.host).where(Delivery.activity_id == row.id).order_by(Delivery.host)))
        if hosts:
            found.append((_named(msgspec.json.decode(row.body)), hosts))
    return found


def _named(said: Any) -> str:
    inner = said.get("object")
    return f"{said['type']} {_named(inner)}" if isinstance(inner, dict) and "type" in inner else str(said["type"])


def bodies(tx: Connection) -> list[Any]:
    return [msgspec.json.decode(body) for body in tx.scalars(select(Activity.body).order_by(Activity.id))]


async def test_a_removal_is_a_delete_with_a_reason_for_some_and_an_undone_boost_for_others(
    desk: Tools, scene: Scene
) -> None:
    [boost] = await desk.db.read(column, Reaction.uri)

    assert await scene.decide(rulings.remove, post_id=scene.post.id)
    await work(desk, set())

    assert await desk.db.read(told) == [
        ("Announce Delete", ["lemmy.test", "new.test"]),
        ("Undo Announce", ["masto.test", "new.test"]),
    ]
    delete, announce, undo = await desk.db.read(bodies)
    assert (delete["actor"], delete["object"], delete["summary"]) == (scene.mod.uri, scene.post.uri, "Not for here")
    assert proofs.verify(announce["object"], keys.public_ed25519(an_ed25519_pair().public))
    assert lemmy.check_activity(announce, scene.room.uri) == []
    assert (undo["actor"], undo["object"]["id"]) == (scene.room.uri, boost)
    assert await desk.db.read(column, Home.booster_id) == []


async def test_a_post_that_is_put_back_is_boosted_anew(desk: Tools, scene: Scene) -> None:
    done: set[int] = set()
    await scene.decide(rulings.remove, post_id=scene.post.id)
    await work(desk, done)
    before = len(await desk.db.read(told))

    assert await scene.decide(rulings.restore, post_id=scene.post.id)
    await work(desk, done)

    assert (await desk.db.read(told))[before:] == [
        ("Announce Undo Delete", ["lemmy.test", "new.test"]),
        ("Announce", ["masto.test", "new.test"]),
    ]
    [reaction] = await desk.db.read(column, Reaction.uri)
    *_, wrapped, boosted = await desk.db.read(bodies)
    assert wrapped["id"] == boosted["id"] == reaction


@pytest.mark.parametrize(
    ("there", "back", "words"),
    [
        (rulings.lock, rulings.unlock, ("Announce Lock", "Announce Undo Lock")),
        (rulings.pin, rulings.unpin, ("Announce Add", "Announce Remove")),
    ],
)
async def test_what_is_about_a_post_goes_wrapped(
    desk: Tools, scene: Scene, *, there: Callable[..., bool], back: Callable[..., bool], words: tuple[str, str]
) -> None:
    done: set[int] = set()
    for what in (there, back):
        assert await scene.decide(what, post_id=scene.post.id)
        await work(desk, done)

    said = await desk.db.read(told)
    assert [line for line in said if line[0] in words] == [(word, ["lemmy.test", "new.test"]) for word in words]
    # A pin goes to servers without rooms as the room's own.
    own = [(name.removeprefix("Announce "), ["masto.test", "new.test"]) for name in words if there is rulings.pin]
    assert sorted(line for line in said if line[0] not in words) == sorted(own)
    announced = [body for body in await desk.db.read(bodies) if body["type"] == "Announce"]
    assert [complaint for body in announced for complaint in lemmy.check_activity(body, scene.room.uri)] == []
    assert {body["object"]["actor"] for body in announced} == {scene.mod.uri}


async def test_a_ban_names_the_room_and_reaches_whom_it_is_about(desk: Tools, scene: Scene) -> None:
    ada = await a_person(desk.db, scene.here, local=False, domain="elm.test")

    await scene.decide(rulings.ban, actor_id=ada.id, with_posts=True)
    await scene.decide(rulings.unban, actor_id=ada.id)
    await work(desk, set())

    assert await desk.db.read(told) == [
        ("Block", ["elm.test"]),
        ("Undo Block", ["elm.test"]),
        ("Announce Block", ["lemmy.test", "new.test"]),
        ("Announce Undo Block", ["lemmy.test", "new.test"]),
    ]
    block = (await desk.db.read(bodies))[0]
    assert {name: block[name] for name in ("actor", "object", "target", "removeData", "summary", "to", "cc")} == {
        "actor": scene.mod.uri,
        "object": ada.uri,
        "target": scene.room.uri,
        "removeData": True,
        "summary": "Not for here",
        "to": [PUBLIC_IRI],
        "cc": [scene.room.uri],
    }


async def test_moderators_come_and_go_in_the_rooms_list(desk: Tools, scene: Scene) -> None:
    assert await scene.decide(rulings.appoint, actor_id=scene.member.id)
    assert await scene.decide(rulings.dismiss, actor_id=scene.member.id)
    assert not await scene.decide(rulings.dismiss, actor_id=scene.mod.id), "whoever opened it stays"
    await work(desk, set())

    assert await desk.db.read(told) == [
        ("Announce Add", ["lemmy.test", "new.test"]),
        ("Announce Remove", ["lemmy.test", "new.test"]),
    ]
    appointed = (await desk.db.read(bodies))[0]
    assert (appointed["object"], appointed["target"]) == (scene.member.uri, f"{scene.room.uri}/moderators")


async def test_an_answer_to_a_closed_conversation_is_answered_with_a_reject(desk: Tools, scene: Scene) -> None:
    ada = await a_person(desk.db, scene.here, local=False, domain="elm.test")
    await scene.decide(rulings.lock, post_id=scene.post.id)
    answer = await a_post(desk.db, scene.here, by=ada, in_reply_to_uri=scene.post.uri, thread_id=scene.post.id)
    create = f"{answer.uri}/activity"

    kept = await desk.db.write(rooms.admit, scene.here, room_id=scene.room.id, post_id=answer.id, activity_uri=create)
    await work(desk, set())

    assert not kept
    assert ("Reject", ["elm.test"]) in await desk.db.read(told)
    [reject] = [body for body in await desk.db.read(bodies) if body["type"] == "Reject"]
    assert (reject["actor"], reject["object"], reject["to"]) == (scene.room.uri, create, [ada.uri])


async def test_our_authors_edit_reaches_servers_that_only_have_the_boost(desk: Tools, scene: Scene) -> None:
    edited = update(Post).values(edited_at=scene.here.now())
    await desk.db.write(lambda tx: tx.execute(edited))

    await publish.publish_edit(desk, types.PublishEdit(scene.post.id))

    assert await desk.db.read(told) == [("Update Note", ["masto.test", "new.test"])]


async def test_a_repeated_decision_is_one(desk: Tools, scene: Scene) -> None:
    answers = [await scene.decide(rulings.lock, post_id=scene.post.id) for _ in range(2)]
    answers += [await scene.decide(rulings.remove, post_id=scene.post.id) for _ in range(2)]

    assert answers == [True, False, True, False]
    counted = await desk.db.read(
        lambda tx: [tx.scalar(select(func.count()).select_from(table)) for table in (Lock, Removal)]
    )
    assert counted == [1, 1]
