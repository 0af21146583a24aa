"""The sitemap: whole, in parts, and without whoever or whatever is not to be found."""

from typing import Final
from xml.etree import ElementTree as ET

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.queries import sitemaps
from tests.ap.conftest import ORIGIN, Peer
from tests.ap.test_published import change
from tests.builders import MONDAY, FrozenClock, Made, a_person, a_post, a_resource, a_room

SITEMAP: Final = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


async def read(peer: Peer, path: str, *, root: str, child: str) -> dict[str, str]:
    """Each address with the day of its last change; anything else than the two in it is a mistake."""
    answer = await peer.get(path, accept="*/*")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml; charset=utf-8")
    found = ET.fromstring(answer.body)  # noqa: S314 -- it is ours
    assert found.tag == f"{SITEMAP}{root}"
    assert {each.tag for each in found} <= {f"{SITEMAP}{child}"}
    assert all([part.tag for part in each] == [f"{SITEMAP}loc", f"{SITEMAP}lastmod"] for each in found)
    return {each[0].text or "": (each[1].text or "") for each in found}


async def listed(peer: Peer) -> dict[str, str]:
    """Everything in all parts."""
    found: dict[str, str] = {}
    for part in await read(peer, "/sitemap.xml", root="sitemapindex", child="sitemap"):
        found |= await read(peer, part.removeprefix(ORIGIN), root="urlset", child="url")
    return found


async def test_an_empty_node_has_an_empty_sitemap(peer: Peer, node: Made) -> None:
    assert node
    assert await listed(peer) == {}
    assert (await peer.get("/sitemaps/resources-1.xml", accept="*/*")).status == 404


async def test_public_resources_are_listed_and_nothing_else(
    peer: Peer, db: Database, here: Here, clock: FrozenClock
) -> None:
    ada, eve, bea = await a_person(db, here), await a_person(db, here), await a_person(db, here, local=False)
    clock.tick(days=1)
    first = await a_resource(db, here, by=ada)
    edited = await a_resource(db, here, by=ada, edited_at=MONDAY.replace(day=20))
    for visibility in Visibility:
        if visibility is not Visibility.PUBLIC:
            await a_resource(db, here, by=ada, visibility=visibility)
    await a_post(db, here, by=ada)
    await a_resource(db, here, by=bea)
    await a_resource(db, here, by=ada, deleted_at=MONDAY)
    await a_resource(db, here, by=eve)
    await db.write(change, Actor, eve, suspended_at=MONDAY)

    assert await listed(peer) == {first.uri: "2026-09-08T08:30:00Z", edited.uri: "2026-09-20T08:30:00Z"}


async def test_whoever_did_not_agree_is_not_listed(peer: Peer, db: Database, here: Here, node: Made) -> None:
    assert node
    seen = [
        await a_person(db, here, indexable=True, username="ada"),
        await a_room(db, here, username="maths"),
        await a_person(db, here, kind=Kind.ORGANISATION, username="alder"),
    ]
    await a_person(db, here)
    await a_room(db, here, locked=True, discoverable=False)
    await a_person(db, here, indexable=True, moved_to="https://birch.test/users/x")
    await a_person(db, here, indexable=True, deleted_at=MONDAY)
    await a_person(db, here, indexable=True, suspended_at=MONDAY)
    await a_person(db, here, indexable=True, local=False)

    assert len(seen) == 3
    assert list(await listed(peer)) == [f"{ORIGIN}/@{name}" for name in ("ada", "maths", "alder")]


@pytest.mark.parametrize(("many", "sizes"), [(3, [2, 1]), (4, [2, 2])])
async def test_long_lists_come_in_parts(db: Database, here: Here, many: int, sizes: list[int]) -> None:
    ada = await a_person(db, here)
    posts = [await a_resource(db, here, by=ada) for _ in range(many)]

    parts = (await db.read(sitemaps.parts, size=2))["resources"]
    found = [await db.read(sitemaps.places, kind="resources", first=part.first, size=2) for part in parts]

    assert [len(places) for places in found] == sizes
    assert [place.url for places in found for place in places] == [post.uri for post in posts]
    assert sitemaps.PART == 50_000


async def test_crawlers_are_told_where_it_is(peer: Peer) -> None:
    answer = await peer.get("/robots.txt", accept="*/*")

    assert f"\n\nSitemap: {ORIGIN}/sitemap.xml\n" in answer.body.decode()
