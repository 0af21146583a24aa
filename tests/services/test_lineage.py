"""What was made of what: who is told, and the chain both ways."""

from typing import Any

from sqlalchemy import select

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.notices import Notice
from fedishare.db.resources import ResourceBasis
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.terms import Basis
from fedishare.queries import lineage, recipients, resources
from fedishare.services import arrivals
from fedishare.services.resources import ForeignResource
from tests.builders import Made, a_person, a_resource, a_teacher, add
from tests.queries.test_timelines import count_statements
from tests.services.test_arrivals import a_foreign_post


def made_of(uri: str) -> ForeignResource:
    facts: dict[str, Any] = dict.fromkeys(("age_min", "age_max", "licence", "licence_url", "minutes"))
    facts |= {"description": "A wall.", "licence_label": "CC BY 4.0", "credit": "", "version": 1}
    return ForeignResource(**facts, terms=(), bases=(Basis(uri, "Wall"),), files=())


async def base(db: Database, made: Made, on: Made) -> None:
    await db.write(add, ResourceBasis, post_id=made.id, position=0, uri=on.uri, name="", licence_url=None)


async def test_an_author_here_is_told_once_of_what_was_made_elsewhere(db: Database, here: Here) -> None:
    author, adapter = await a_teacher(db, here), await a_person(db, here, local=False)
    public = await a_resource(db, here, by=author)
    hidden = await a_resource(db, here, by=author, visibility=Visibility.FOLLOWERS)

    for number, source in enumerate((public, public, hidden)):
        post = a_foreign_post(adapter, number=number, resource=made_of(source.uri))
        await db.write(arrivals.store, here, post, activity_uri=None)
        await db.write(arrivals.store, here, post, activity_uri=None)

    told = await db.read(lambda tx: tx.execute(select(Notice.kind, Notice.recipient_id)).all())
    assert [tuple(row) for row in told] == [(NoticeKind.ADAPTED, author.id)] * 2
    found = await db.read(lineage.adaptations, uri=public.uri, viewer=None)
    assert [each.author.id for each in found] == [adapter.id] * 2


async def test_what_the_visitor_may_not_see_is_in_no_lineage(db: Database, here: Here) -> None:
    author, adapter = await a_person(db, here), await a_person(db, here)
    source = await a_resource(db, here, by=author)
    hidden = await a_resource(db, here, by=adapter, visibility=Visibility.FOLLOWERS)
    behind = await a_resource(db, here, by=adapter)
    await base(db, hidden, source)
    await base(db, behind, hidden)

    def seen(viewer: int | None) -> Any:
        return lambda tx: (
            [each.post_id for each in lineage.adaptations(tx, uri=source.uri, viewer=viewer)],
            [each.uri for each in lineage.ancestry(tx, uri=behind.uri, bases=[Basis(hidden.uri)], viewer=viewer)],
        )

    assert await db.read(seen(None)) == ([], [hidden.uri])
    assert await db.read(seen(adapter.id)) == ([hidden.id, behind.id], [hidden.uri, source.uri])


async def test_a_ring_ends_where_it_began(db: Database, here: Here) -> None:
    author = await a_person(db, here)
    first, second, third = [await a_resource(db, here, by=author) for _ in range(3)]
    for made, on in ((first, second), (second, third), (third, first)):
        await base(db, made, on)

    bases = (await db.read(resources.bases, [first.id]))[first.id]
    up = await db.read(lineage.ancestry, uri=first.uri, bases=bases, viewer=None)
    down = await db.read(lineage.adaptations, uri=first.uri, viewer=None)

    assert [each.uri for each in up] == [second.uri, third.uri]
    assert [each.uri for each in down] == [third.uri, second.uri]


async def test_many_adaptations_cost_no_more_statements_than_one(db: Database, here: Here) -> None:
    author = await a_person(db, here)
    few, many = await a_resource(db, here, by=author), await a_resource(db, here, by=author)
    for source, times in ((few, 1), (many, 3)):
        for _ in range(times):
            await base(db, await a_resource(db, here, by=await a_person(db, here)), source)

    asked = [
        await db.read(count_statements, lineage.adaptations, {"uri": source.uri, "viewer": None})
        for source in (few, many)
    ]

    assert asked == [2, 2]


async def test_an_adaptation_is_sent_to_the_server_of_its_source(db: Database, here: Here) -> None:
    adapter, author = await a_person(db, here), await a_person(db, here, local=False, domain="cedar.test")
    public, hidden = [
        await a_resource(db, here, by=author, visibility=visibility)
        for visibility in (Visibility.PUBLIC, Visibility.FOLLOWERS)
    ]
    found = []
    for source in (public, hidden):
        made = await a_resource(db, here, by=adapter)
        await base(db, made, source)
        found.append(await db.read(recipients.source_inboxes, post_id=made.id))

    assert found == [["https://cedar.test/inbox"], []]
