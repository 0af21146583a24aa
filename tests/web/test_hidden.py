"""What is not for the asker does not exist: the same answer, to the byte, as for what never was (VIS-01, MED-09)."""

from typing import Final

import pytest
from sqlalchemy import update

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.media import Media
from fedishare.db.nodes import BlockedDomain
from fedishare.db.posts import Post
from fedishare.db.resources import ResourceFile
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.net import signatures
from fedishare.net.signatures import Scheme, Signer
from tests.builders import MONDAY, Made, a_follow_row, a_person, a_room, add, an_rsa_pair
from tests.web.builders import PDF, form, png
from tests.web.conftest import Node

ORIGIN: Final = "https://alder.test"
ACTIVITY: Final = "application/activity+json"
NEVER: Final = "4711"


class Private:
    """A post and a resource of Anna's that are for some only, and every address at which a piece of them is."""

    def __init__(self, anna: Made, room: Made, *, post: str, resource: str, picture: str) -> None:
        self.anna, self.room = anna, room
        self.post, self.resource, self.picture = post, resource, picture

    @property
    def documents(self) -> list[str]:
        parts = ("", "/activity", "/replies", "/likes", "/shares")
        there = [f"/{place}/{made}{part}" for place, made in self.places.items() for part in parts]
        return [*there, *(f"/threads/{made}" for made in self.places.values())]

    @property
    def places(self) -> dict[str, str]:
        return {"posts": self.post, "resources": self.resource}

    @property
    def media(self) -> list[str]:
        return [f"/media/{self.picture}", f"/resources/{self.resource}/files/wall.pdf"]

    def never(self, path: str) -> str:
        """The same address of something that there never was."""
        for made in self.places.values():
            path = path.replace(made, NEVER)
        return path.replace(self.picture, "0" * len(self.picture))


@pytest.fixture(params=[Visibility.FOLLOWERS, Visibility.ROOM, Visibility.MENTIONED])
async def private(request: pytest.FixtureRequest, node: Node, db: Database, here: Here) -> Private:
    """Written for everybody and then shut, so that every part is in its place on the disk."""
    anna, browser = await node.a_teacher("anna")
    room = await a_room(db, here)
    post = (await browser.post("/compose", form({"text": "Mine"}, [("picture_1", "a.png", png())]))).location
    fields = {"kind": "resource", "title": "Wall", "text": "One", "licence": "CC-BY-4.0"}
    resource = (await browser.post("/compose", form(fields, [("files", "wall.pdf", PDF)]))).location
    to = {
        Visibility.FOLLOWERS: [f"{anna.uri}/followers"],
        Visibility.ROOM: [room.uri, f"{room.uri}/followers"],
        Visibility.MENTIONED: ["https://birch.test/users/bea"],
    }[request.param]
    cc = [] if room.uri in to else [room.uri]
    shut = update(Post).values(visibility=request.param, addressed_to=to, addressed_cc=cc, room_id=room.id)
    await db.write(lambda tx: tx.execute(shut))
    keys = await db.read(lambda tx: list(tx.scalars(Media.__table__.select().with_only_columns(Media.key))))
    assert await db.read(lambda tx: tx.scalar(ResourceFile.__table__.select().with_only_columns(ResourceFile.id)))
    number = [where.rpartition("/")[2] for where in (post, resource)]
    return Private(anna, room, post=number[0], resource=number[1], picture=keys[0])


async def ask(node: Node, here: Here, path: str, *, by: Made | None, accept: str) -> tuple[int, dict[str, str], bytes]:
    sent = {"Accept": accept}
    if by is not None:
        signer = Signer(f"{by.uri}#main-key", an_rsa_pair().private_pem)
        sent |= signatures.sign(
            signer, scheme=Scheme.CAVAGE, method="GET", url=ORIGIN + path, body=None, now=here.now()
        )
    page = await node.stranger.get(path, **{name: value for name, value in sent.items() if name != "Host"})
    return page.status, {name: value for name, value in page.headers.items() if name != "Date"}, page.body


async def the_entitled(db: Database, here: Here, private: Private) -> list[Made]:
    """Bea, who follows Anna, is in the room and is named; and the actor of her whole server."""
    bea = await a_person(db, here, local=False, uri="https://birch.test/users/bea")
    for whom in (private.anna, private.room):
        await a_follow_row(db, here, by=bea, of=whom)
    uri = "https://birch.test/actor"
    return [bea, await a_person(db, here, local=False, kind=Kind.NODE, username="birch.test", uri=uri)]


async def test_those_it_is_for_get_every_part_of_it(private: Private, node: Node, db: Database, here: Here) -> None:
    for who in await the_entitled(db, here, private):
        for path in private.documents:
            status, headers, _ = await ask(node, here, path, by=who, accept=ACTIVITY)
            assert (status, headers["Cache-Control"]) == (200, "private, no-store"), path
        for path in private.media:
            status, headers, _ = await ask(node, here, path, by=who, accept="*/*")
            assert (status, headers["Cache-Control"]) == (200, "private, no-store"), path


async def strangers(db: Database, here: Here) -> dict[str, Made | None]:
    blocked = await a_person(db, here, local=False, domain="evil.test")
    await db.write(add, BlockedDomain, domain="evil.test", reason="", created_at=MONDAY)
    node = await a_person(
        db,
        here,
        local=False,
        kind=Kind.NODE,
        domain="cedar.test",
        username="cedar.test",
        uri="https://cedar.test/actor",
    )
    nobody = await a_person(db, here, local=False, domain="cedar.test")
    unknown = Made(0, "https://birch.test/users/unheard-of")
    return {"unsigned": None, "a stranger": nobody, "another node": node, "blocked": blocked, "unknown": unknown}


async def test_to_everybody_else_it_never_was(private: Private, node: Node, db: Database, here: Here) -> None:
    # Where a document has a page beside it, the page is as absent; /threads/1 leads to one whether there is one or not.
    pages = [f"/{place}/{made}" for place, made in private.places.items()]
    asked = [(path, ACTIVITY) for path in [*private.documents, *private.media]]
    asked += [(path, accept) for path in [*pages, *private.media] for accept in ("text/html", "*/*")]
    for name, who in (await strangers(db, here)).items():
        for path, accept in asked:
            hidden = await ask(node, here, path, by=who, accept=accept)
            never = await ask(node, here, private.never(path), by=who, accept=accept)
            assert hidden == never, (name, path, accept)
            assert hidden[0] == 404, (name, path, accept)


async def test_all_parts_of_it_are_as_absent_as_each_other(private: Private, node: Node, here: Here) -> None:
    answers = [await ask(node, here, path, by=None, accept=ACTIVITY) for path in private.documents]

    assert {body for _, _, body in answers} == {answers[0][2]}


async def test_nobody_reads_on_who_was_let_in_only_for_a_while(
    private: Private, node: Node, db: Database, here: Here
) -> None:
    bea, _ = await the_entitled(db, here, private)
    ended = "DELETE FROM follow"
    await db.write(lambda tx: tx.exec_driver_sql(ended))
    path = private.documents[0]
    is_named = await db.read(lambda tx: tx.scalar(Post.__table__.select().with_only_columns(Post.visibility)))

    status, _, _ = await ask(node, here, path, by=bea, accept=ACTIVITY)

    assert status == (200 if is_named == Visibility.MENTIONED else 404)


async def test_a_deleted_post_is_gone_for_those_alone_who_had_it(
    private: Private, node: Node, db: Database, here: Here
) -> None:
    bea, _ = await the_entitled(db, here, private)
    await db.write(lambda tx: tx.execute(update(Post).values(deleted_at=MONDAY)))
    path = f"/posts/{private.post}"

    gone = await ask(node, here, path, by=bea, accept=ACTIVITY)
    hidden = await ask(node, here, path, by=None, accept=ACTIVITY)

    assert (gone[0], hidden) == (410, await ask(node, here, f"/posts/{NEVER}", by=None, accept=ACTIVITY))
