"""Atom feeds: whole by the rules of RFC 4287, paged as RFC 5005 says, and without a word of what is not public."""

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

import feedparser  # type: ignore[import-untyped]  # it comes without types
import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.db.posts import PostTag
from fedishare.db.rooms import Carried
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind, PaperKind
from fedishare.queries import feeds
from tests.ap import validators
from tests.ap.conftest import ORIGIN, Peer
from tests.ap.test_published import change
from tests.builders import MONDAY, Made, a_person, a_post, a_resource, a_room, add
from tests.queries.test_timelines import count_statements

ATOM: Final = "{http://www.w3.org/2005/Atom}"
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ONCE: Final = ("id", "title", "updated")


def faults(feed: ET.Element) -> list[str]:
    """What is wrong with a feed by RFC 4287, 4.1: what has to be there, how often, and what it looks like."""
    found = [] if feed.tag == f"{ATOM}feed" else [feed.tag]
    entries = feed.findall(f"{ATOM}entry")
    for part in (feed, *entries):
        found += [f"{name} of {part.tag}" for name in ONCE if len(part.findall(f"{ATOM}{name}")) != 1]
        dates = [part.findtext(f"{ATOM}{name}", "") for name in ("updated", "published")]
        found += [date for date in dates if date and not MOMENT.fullmatch(date)]
        links = [(link.get("rel"), link.get("type"), link.get("hreflang")) for link in part.findall(f"{ATOM}link")]
        alone = [link for link in links if link[0] in {"alternate", "self", "first", "next"}]
        found += [f"{link} twice" for link in alone if alone.count(link) > 1]
        found += [f"{name} of nobody" for name in part.findall(f"{ATOM}author") if not name.findtext(f"{ATOM}name")]
        found += ["a link to nowhere" for link in part.findall(f"{ATOM}link") if not link.get("href")]
    if feed.find(f"{ATOM}author") is None:
        found += ["by nobody" for entry in entries if entry.find(f"{ATOM}author") is None]
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    return found + [f"{one} twice" for one in ids if ids.count(one) > 1]


async def read(peer: Peer, path: str) -> ET.Element:
    answer = await peer.get(path, accept="*/*")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    root = ET.fromstring(answer.body)  # noqa: S314 -- it is ours
    assert faults(root) == []
    assert validators.against("atom", answer.body) == []
    # A reader that is not ours has nothing to put right in it, and finds as many entries.
    found = feedparser.parse(answer.body)
    assert (found.bozo, found.version, len(found.entries)) == (False, "atom10", len(ids(root)))
    return root


def ids(feed: ET.Element) -> list[str]:
    return [entry.findtext(f"{ATOM}id", "") for entry in feed.findall(f"{ATOM}entry")]


def uris(posts: Sequence[Made]) -> list[str]:
    return [post.uri for post in posts]


def link(part: ET.Element, rel: str) -> ET.Element | None:
    return next((each for each in part.findall(f"{ATOM}link") if each.get("rel") == rel), None)


@pytest.fixture
async def ada(db: Database, here: Here, node: Made) -> Made:
    assert node
    return await a_person(db, here, username="ada", name="Ada Okafor")


async def test_an_entry_tells_of_a_resource_and_hands_out_its_file(
    peer: Peer, db: Database, here: Here, ada: Made
) -> None:
    post = await a_resource(db, here, by=ada, title="Wall <1/2> & more")
    await db.write(add, PostTag, post_id=post.id, name="fractions", label="Fractions")

    feed = await read(peer, "/@ada.atom")

    (entry,) = feed.findall(f"{ATOM}entry")
    enclosure = link(entry, "enclosure")
    assert feed.findtext(f"{ATOM}title") == "Ada Okafor"
    assert entry.findtext(f"{ATOM}title") == "Wall <1/2> & more"
    assert entry.findtext(f"{ATOM}content") == f"<p>Post {post.id}</p>"
    assert [each.get("term") for each in entry.findall(f"{ATOM}category")] == ["Mathematics", "Fractions"]
    assert entry.findtext(f"{ATOM}rights", "").startswith("CC BY-SA 4.0")
    assert enclosure is not None
    assert enclosure.attrib == {
        "rel": "enclosure",
        "type": "application/pdf",
        "href": f"{post.uri}/files/wall.pdf",
        "title": "wall.pdf",
        "length": "4",
    }


def test_the_check_of_feeds_finds_mistakes() -> None:
    entry = "<entry><id>1</id><updated>2026-09-07</updated><link/></entry>"
    feed = ET.fromstring(f'<feed xmlns="{ATOM[1:-1]}"><id/><title/>{entry}{entry}</feed>')  # noqa: S314 -- as above

    assert len(faults(feed)) == 11


async def test_only_public_beginnings_are_in_a_feed(peer: Peer, db: Database, here: Here, ada: Made) -> None:
    shown = await a_post(db, here, by=ada)
    for visibility in Visibility:
        if visibility is not Visibility.PUBLIC:
            await a_post(db, here, by=ada, visibility=visibility)
    await a_post(db, here, by=ada, in_reply_to_uri=shown.uri, in_reply_to_id=shown.id)
    await a_post(db, here, by=ada, deleted_at=MONDAY)
    await a_post(db, here, by=ada, paper=next(iter(PaperKind)))

    assert ids(await read(peer, "/@ada.atom")) == [shown.uri]


async def test_rooms_tags_and_subjects_have_feeds_of_what_is_in_them(
    peer: Peer, db: Database, here: Here, ada: Made
) -> None:
    room, bea = await a_room(db, here, username="maths"), await a_person(db, here, local=False)
    ours = await a_resource(db, here, by=ada, room_id=room.id)
    theirs = await a_resource(db, here, by=bea, room_id=room.id)
    for post in (ours, theirs):
        await db.write(add, PostTag, post_id=post.id, name="fractions", label="fractions")

    elsewhere = await a_room(db, here, local=False)
    linked = await a_resource(db, here, by=bea, room_id=elsewhere.id)
    hidden = await a_resource(db, here, by=bea, room_id=elsewhere.id, visibility=Visibility.ROOM)
    for post in (linked, hidden):
        await db.write(add, Carried, room_id=room.id, post_id=post.id, entry_id=post.id)

    # What came to the room by a link is in its feed, if it is for everybody.
    assert ids(await read(peer, "/@maths.atom")) == uris([linked, theirs, ours])
    assert ids(await read(peer, "/tags/Fractions.atom")) == [ours.uri]
    assert ids(await read(peer, "/subjects/mathematics.atom")) == [ours.uri]
    assert ids(await read(peer, "/subjects/history.atom")) == []


async def test_every_page_leads_to_the_next_and_nothing_is_left_out(
    peer: Peer, db: Database, here: Here, ada: Made
) -> None:
    posts = [await a_post(db, here, by=ada) for _ in range(feeds.PAGE + 2)]
    found, path = [], "/@ada.atom"

    while path:
        feed = await read(peer, path)
        found += ids(feed)
        first, self, onward = [link(feed, rel) for rel in ("first", "self", "next")]
        assert (first is not None and first.get("href")) == f"{ORIGIN}/@ada.atom"
        assert (self is not None and self.get("href")) == f"{ORIGIN}{path}"
        path = onward.get("href", "").removeprefix(ORIGIN) if onward is not None else ""

    assert found == uris(posts[::-1])


async def test_a_feed_that_has_not_changed_is_not_sent_again(peer: Peer, db: Database, here: Here, ada: Made) -> None:
    first = await peer.get("/@ada.atom", accept="*/*")

    known = await peer.get("/@ada.atom", accept="*/*", If_None_Match=first.headers["ETag"])
    await a_post(db, here, by=ada)
    changed = await peer.get("/@ada.atom", accept="*/*", If_None_Match=first.headers["ETag"])

    assert [(each.status, bool(each.body)) for each in (first, known, changed)] == [
        (200, True),
        (304, False),
        (200, True),
    ]


async def test_whoever_has_no_feed_looks_like_nobody(peer: Peer, db: Database, here: Here, ada: Made) -> None:
    bea = await a_person(db, here, local=False, username="bea")
    await a_room(db, here, username="staff", locked=True, discoverable=False)
    await db.write(change, Actor, ada, suspended_at=MONDAY)
    never = await peer.get("/@nobody.atom", accept="*/*")

    for handle in ("ada", "bea@birch.test", "staff", "alder.test"):
        assert (await peer.get(f"/@{handle}.atom", accept="*/*")).all == never.all, handle
    assert (never.status, bea.uri) == (404, "https://birch.test/users/bea")
    assert (await peer.get("/subjects/nothing.atom", accept="*/*")).all == never.all


@pytest.mark.parametrize("posts", [1, 3])
async def test_a_feed_costs_the_same_however_full_it_is(db: Database, here: Here, ada: Made, posts: int) -> None:
    for _ in range(posts):
        await a_resource(db, here, by=ada)
    owner = await db.read(feeds.owner, handle="ada@alder.test")
    assert owner is not None
    assert owner.kind is Kind.PERSON

    asked = await db.read(count_statements, lambda tx: feeds.of_owner(tx, owner), {})

    assert asked == 8


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        pytest.param(b"<updated>", b"<updated>Monday, ", id="a-date-in-words"),
        pytest.param(b"</id>", b"</id><id>urn:x</id>", id="two-ids"),
        pytest.param(b" href=", b" to=", id="a-link-without-an-address"),
        pytest.param(b"<title", b"<headline/><title", id="what-atom-does-not-know"),
    ],
)
async def test_the_grammar_of_atom_refuses(peer: Peer, db: Database, here: Here, good: bytes, bad: bytes) -> None:
    await a_person(db, here, username="anna")
    body = (await peer.get("/@anna.atom", accept="*/*")).body
    assert good in body

    assert validators.against("atom", body.replace(good, bad, 1)) != []
