"""OAI-PMH 2.0: every answer by the rules of its schema, every error as specified, and lists that lose nothing."""

import asyncio
import re
from typing import Any, Final
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from oaipmh.client import Client  # type: ignore[import-untyped]  # it comes without types
from oaipmh.metadata import MetadataRegistry, oai_dc_reader  # type: ignore[import-untyped]  # as above
from sqlalchemy import Connection

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource
from fedishare.domain import harvesting
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind
from fedishare.outbox import dublin, lom
from fedishare.queries import harvests
from fedishare.queries.harvests import Span
from fedishare.services import threads
from tests.ap import validators
from tests.ap.conftest import ORIGIN, Peer
from tests.ap.test_published import change
from tests.builders import MONDAY, FrozenClock, Made, a_person, a_post, a_resource, add
from tests.outbox import test_catalogues as catalogues
from tests.queries.test_timelines import count_statements

OAI: Final = "{http://www.openarchives.org/OAI/2.0/}"
N: Final = {"o": OAI[1:-1]}
# Of each element of the protocol, what is in it and in which order: `?` once or never, `+` at least once, `*` often.
ORDER: Final = {
    "OAI-PMH": (
        "responseDate request (error+|Identify|ListMetadataFormats|ListSets|ListIdentifiers|ListRecords|GetRecord)"
    ),
    "Identify": "repositoryName baseURL protocolVersion adminEmail+ earliestDatestamp deletedRecord granularity",
    "ListMetadataFormats": "metadataFormat+",
    "metadataFormat": "metadataPrefix schema metadataNamespace",
    "ListSets": "set+ resumptionToken?",
    "set": "setSpec setName",
    "ListIdentifiers": "header+ resumptionToken?",
    "ListRecords": "record+ resumptionToken?",
    "GetRecord": "record",
    "record": "header metadata?",
    "header": "identifier datestamp setSpec*",
}
MOMENT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
LOOKS: Final = {
    "responseDate": MOMENT,
    "earliestDatestamp": MOMENT,
    "datestamp": MOMENT,
    "setSpec": r"[A-Za-z0-9\-_.!~*'()]+(:[A-Za-z0-9\-_.!~*'()]+)*",
    "metadataPrefix": r"[A-Za-z0-9\-_.!~*'()]+",
    "protocolVersion": r"2\.0",
    "deletedRecord": "no|persistent|transient",
    "granularity": "YYYY-MM-DD(Thh:mm:ssZ)?",
    "adminEmail": r"\S+@(\S+\.)+\S+",
    "identifier": r"[a-z]+:\S+",
}
CODES: Final = {
    "cannotDisseminateFormat",
    "idDoesNotExist",
    "badArgument",
    "badVerb",
    "noMetadataFormats",
    "noRecordsMatch",
    "badResumptionToken",
    "noSetHierarchy",
}


def faults(root: ET.Element) -> list[str]:
    """What is wrong with an answer by the rules above."""
    found = [] if root.tag == f"{OAI}OAI-PMH" else [root.tag]
    for part in root.iter():
        if not part.tag.startswith(OAI):
            continue
        name, text = part.tag.removeprefix(OAI), part.text or ""
        children = "".join(f"<{child.tag.removeprefix(OAI)}>" for child in part if child.tag.startswith(OAI))
        if name in ORDER:
            pattern = re.sub(r"[A-Za-z-]+", lambda word: f"(?:<{word[0]}>)", ORDER[name]).replace(" ", "")
            if not re.fullmatch(pattern, children):
                found.append(f"{name}: {children}")
        elif children:
            found.append(f"{name} has {children}")
        if name in LOOKS and not re.fullmatch(LOOKS[name], text):
            found.append(f"{name}: {text}")
        if name == "header" and part.get("status") not in {None, "deleted"}:
            found.append(f"status {part.get('status')}")
        if name == "metadata" and len(part) != 1:
            found.append("metadata of several")
    return found + misfits(root)


def misfits(root: ET.Element) -> list[str]:
    """Records whose status is at odds with what is in them."""
    found = [f"error {each.get('code')}" for each in root.iter(f"{OAI}error") if each.get("code") not in CODES]
    for record in root.iter(f"{OAI}record"):
        is_gone = record[0].get("status") == "deleted"
        if is_gone is not (record.find("o:metadata", N) is None):
            found.append("a deleted record with metadata, or one that is there without")
    return found


async def ask(peer: Peer, query: str | dict[str, str]) -> ET.Element:
    text = query if isinstance(query, str) else urlencode(query)
    answer = await peer.get(f"/oai?{text}", accept="*/*")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    root = ET.fromstring(answer.body)  # noqa: S314 -- it is ours
    assert faults(root) == []
    assert validators.against("oai", answer.body) == []
    return root


def code(root: ET.Element) -> str | None:
    found = root.find("o:error", N)
    return found.get("code") if found is not None else None


def headers(root: ET.Element) -> dict[str, str]:
    """Each record listed, with its status."""
    return {each.findtext("o:identifier", "", N): each.get("status", "") for each in root.iter(f"{OAI}header")}


def identifiers(**more: str) -> dict[str, str]:
    return {"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"} | more


async def shared(db: Database, here: Here, by: Made, **over: Any) -> Made:
    uri = here.uris.resource(here.ids.new())
    return await a_resource(db, here, by=by, uri=uri, url=uri, **over)


@pytest.fixture
async def ada(db: Database, here: Here, node: Made) -> Made:
    assert node
    return await a_person(db, here, name="Ada Okafor")


def test_the_check_of_answers_finds_mistakes() -> None:
    header = "<header status='lost'><identifier>x</identifier><datestamp>2026-09-07</datestamp></header>"
    said = f"<ListRecords><record>{header}</record></ListRecords>"
    root = ET.fromstring(f"<OAI-PMH xmlns='{OAI[1:-1]}'><request/>{said}</OAI-PMH>")  # noqa: S314 -- as above

    assert len(faults(root)) == 5


async def test_the_node_says_who_it_is_and_what_it_has(peer: Peer, ada: Made) -> None:
    identify = await ask(peer, "verb=Identify")
    formats = await ask(peer, "verb=ListMetadataFormats")
    sets = await ask(peer, "verb=ListSets")

    assert identify.findtext("o:Identify/o:repositoryName", "", N) == "Alder Primary"
    assert identify.findtext("o:Identify/o:earliestDatestamp", "", N) == "2026-09-07T08:30:00Z"
    assert identify.findtext("o:Identify/o:deletedRecord", "", N) == "persistent"
    assert identify.findtext("o:request", "", N) == f"{ORIGIN}/oai"
    assert [each.text for each in formats.iter(f"{OAI}metadataPrefix")] == ["oai_dc", "lom"]
    specs = [each.text for each in sets.iter(f"{OAI}setSpec")]
    assert specs[0] == "school-alder.test"
    assert "subject-mathematics" in specs
    assert ada


async def test_a_record_is_there_in_both_formats(peer: Peer, db: Database, here: Here, ada: Made) -> None:
    wall = await shared(db, here, ada, title="Wall <1/2> & more")
    wish = {"verb": "GetRecord", "identifier": wall.uri}

    simple, whole = [await ask(peer, wish | {"metadataPrefix": prefix}) for prefix in ("oai_dc", "lom")]

    metadata = [root.find("o:GetRecord/o:record/o:metadata", N) for root in (simple, whole)]
    dc, record = [part[0] for part in metadata if part is not None]
    assert dc.tag == f"{{{dublin.OAI_DC}}}dc"
    assert dc.findtext(f"{{{dublin.DC}}}title") == "Wall <1/2> & more"
    assert dc.findtext(f"{{{dublin.DC}}}creator") == "Ada Okafor"
    assert record.tag == f"{{{lom.NAMESPACE}}}lom"
    assert catalogues.faults(record) == []
    assert [each.text for each in simple.iter(f"{OAI}setSpec")] == ["school-alder.test", "subject-mathematics"]
    assert whole.find("o:request", N).attrib == wish | {"metadataPrefix": "lom"}  # type: ignore[union-attr]  # checked


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "badVerb"),
        ("verb=Steal", "badVerb"),
        ("verb=Identify&verb=Identify", "badVerb"),
        ("verb=Identify&metadataPrefix=oai_dc", "badArgument"),
        ("verb=ListRecords", "badArgument"),
        ("verb=GetRecord&metadataPrefix=oai_dc", "badArgument"),
        ("verb=GetRecord&identifier=x", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&metadataPrefix=lom", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&colour=red", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=x", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=yesterday", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-30", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=2026-09-07T08:30Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-09-07&until=2026-09-08T00:00:00Z", "badArgument"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=2026-09-08&until=2026-09-07", "badArgument"),
        ("verb=ListRecords&metadataPrefix=marc", "cannotDisseminateFormat"),
        ("verb=GetRecord&metadataPrefix=marc&identifier=x", "cannotDisseminateFormat"),
        ("verb=GetRecord&metadataPrefix=lom&identifier=https://alder.test/resources/7", "idDoesNotExist"),
        ("verb=ListMetadataFormats&identifier=https://alder.test/resources/7", "idDoesNotExist"),
        ("verb=ListRecords&metadataPrefix=oai_dc", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&set=nothing", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&from=9999-12-31&until=9999-12-31", "noRecordsMatch"),
        ("verb=ListRecords&metadataPrefix=oai_dc&until=0001-01-01", "noRecordsMatch"),
        ("verb=ListSets&resumptionToken=x", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=ListRecords~oai_dc~~~~1", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=ListIdentifiers~oai_dc~~~~1~1", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=ListRecords~marc~~~~1~1", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=ListRecords~oai_dc~~soon~~1~1", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=ListRecords~oai_dc~~~~9999999999999999999~1", "badResumptionToken"),
        ("verb=ListRecords&resumptionToken=ListRecords~oai_dc~~~~-1~1", "badResumptionToken"),
    ],
)
async def test_every_mistake_has_its_name(peer: Peer, node: Made, query: str, error: str) -> None:
    assert node

    root = await ask(peer, query)

    request = root.find("o:request", N)
    assert code(root) == error
    assert request is not None
    assert bool(request.attrib) is (error not in {"badVerb", "badArgument"})


async def test_only_what_is_public_is_listed(peer: Peer, db: Database, here: Here, ada: Made) -> None:
    shown = await shared(db, here, ada)
    hidden = [await shared(db, here, ada, visibility=each) for each in Visibility if each is not Visibility.PUBLIC]
    await shared(db, here, ada, visibility=Visibility.ROOM, deleted_at=MONDAY)
    await a_post(db, here, by=ada)
    await a_resource(db, here, by=await a_person(db, here, local=False))

    assert headers(await ask(peer, identifiers())) == {shown.uri: ""}
    for post in hidden:
        private = {"verb": "GetRecord", "metadataPrefix": "lom", "identifier": post.uri}
        assert code(await ask(peer, private)) == "idDoesNotExist"


async def test_what_was_deleted_is_told_as_deleted(
    peer: Peer, db: Database, here: Here, clock: FrozenClock, ada: Made
) -> None:
    eve, bob = await a_person(db, here), await a_person(db, here)
    there, gone = await shared(db, here, ada), await shared(db, here, ada)
    suspended, emptied = await shared(db, here, eve), await shared(db, here, bob)
    clock.tick(days=2)
    await db.write(threads.empty, here, post_id=gone.id, uri=gone.uri)
    await db.write(threads.empty_all, here, author_id=bob.id)
    await db.write(change, Actor, bob, deleted_at=clock.now())
    await db.write(change, Actor, eve, suspended_at=clock.now())

    everything = headers(await ask(peer, identifiers()))
    since = headers(await ask(peer, identifiers(**{"from": "2026-09-09"})))
    record = await ask(peer, {"verb": "GetRecord", "metadataPrefix": "lom", "identifier": gone.uri})
    records = await ask(peer, {"verb": "ListRecords", "metadataPrefix": "lom"})

    ended = {one.uri: "deleted" for one in (gone, suspended, emptied)}
    assert everything == {there.uri: ""} | ended
    assert since == ended
    assert headers(record) == {gone.uri: "deleted"}
    assert record.findtext(".//o:datestamp", "", N) == "2026-09-09T08:30:00Z"
    assert headers(records) == everything


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({}, {"first", "later", "edited"}),
        ({"from": "2026-09-07T08:30:01Z"}, {"later", "edited"}),
        ({"until": "2026-09-07T08:30:00Z"}, {"first"}),
        ({"from": "2026-09-08", "until": "2026-09-08"}, {"later"}),
        ({"from": "2026-09-20", "until": "2026-09-20"}, {"edited"}),
        ({"from": "2026-09-08T08:30:00Z", "until": "2026-09-08T08:30:00Z"}, {"later"}),
        ({"from": "2026-09-21"}, set()),
    ],
)
async def test_both_ends_of_a_time_are_within_it(
    peer: Peer, db: Database, here: Here, ada: Made, *, window: dict[str, str], found: set[str]
) -> None:
    made = {
        "first": await shared(db, here, ada),
        # A part of a second is still within that second.
        "later": await shared(db, here, ada, published_at=MONDAY.replace(day=8, microsecond=900_000)),
        "edited": await shared(db, here, ada, edited_at=MONDAY.replace(day=20)),
    }

    root = await ask(peer, identifiers(**window))

    assert set(headers(root)) == {made[name].uri for name in found}
    assert (code(root) == "noRecordsMatch") is (not found)


async def test_sets_are_subjects_and_schools(peer: Peer, db: Database, here: Here, ada: Made) -> None:
    school = await a_person(db, here, kind=Kind.ORGANISATION, username="Birch", name="Birch School")
    ours, theirs = await shared(db, here, ada), await shared(db, here, school)

    found = {
        name: set(headers(await ask(peer, identifiers(set=name))))
        for name in ("school-alder.test", "school-birch", "subject-mathematics", "subject-history")
    }
    listed = {each.findtext("o:setSpec", "", N) for each in (await ask(peer, "verb=ListSets")).iter(f"{OAI}set")}

    assert found == {
        "school-alder.test": {ours.uri, theirs.uri},
        "school-birch": {theirs.uri},
        "subject-mathematics": {ours.uri, theirs.uri},
        "subject-history": set(),
    }
    assert set(found) <= listed


def fill(tx: Connection, here: Here, author: Made, many: int) -> list[int]:
    """Many small resources at once."""
    ids = [here.ids.new() for _ in range(many)]
    for post_id in ids:
        uri = here.uris.resource(post_id)
        values = {"kind": "Note", "local": True, "content": "", "visibility": "public", "thread_id": post_id}
        addressed = {"addressed_to": [], "addressed_cc": [], "published_at": MONDAY}
        add(tx, Post, id=post_id, uri=uri, url=uri, author_id=author.id, **values, **addressed)
        add(tx, Resource, post_id=post_id, description="", licence_label="")
    return ids


async def test_a_long_list_is_gone_through_page_by_page(peer: Peer, db: Database, here: Here, ada: Made) -> None:
    ids = await db.write(fill, here, ada, harvests.PAGE + 1)

    first = await ask(peer, {"verb": "ListRecords", "metadataPrefix": "oai_dc"})
    token = first.find(".//o:resumptionToken", N)
    assert token is not None
    second = await ask(peer, {"verb": "ListRecords", "resumptionToken": token.text or ""})
    again = await ask(peer, {"verb": "ListRecords", "resumptionToken": token.text or ""})

    last = second.find(".//o:resumptionToken", N)
    assert list(headers(first) | headers(second)) == [here.uris.resource(post_id) for post_id in ids]
    assert (len(headers(first)), len(headers(second)), headers(again)) == (harvests.PAGE, 1, headers(second))
    assert last is not None
    assert (token.get("cursor"), last.get("cursor"), last.text) == ("0", str(harvests.PAGE), None)


async def test_nothing_is_lost_or_repeated_while_others_edit_and_delete(db: Database, here: Here, ada: Made) -> None:
    posts = [await shared(db, here, ada) for _ in range(6)]
    span = Span(f"{ORIGIN}/resources/", harvesting.FIRST, harvesting.LAST)

    first, _ = await db.read(harvests.listing, span, limit=2)
    await db.write(change, Post, posts[0], edited_at=MONDAY.replace(day=20))
    await db.write(threads.empty, here, post_id=posts[1].id, uri=posts[1].uri)
    await db.write(threads.empty, here, post_id=posts[3].id, uri=posts[3].uri)
    late = await shared(db, here, ada)
    second, is_more = await db.read(harvests.listing, span._replace(after=first[-1].id), limit=3)
    third, is_more_still = await db.read(harvests.listing, span._replace(after=second[-1].id), limit=3)

    listed = [*first, *second, *third]
    assert [header.uri for header in listed] == [post.uri for post in (*posts, late)]
    assert [header.uri for header in listed if header.is_gone] == [posts[3].uri]
    assert (is_more, is_more_still) == (True, False)


@pytest.mark.parametrize("posts", [1, 3])
async def test_a_page_costs_the_same_however_full_it_is(db: Database, here: Here, ada: Made, posts: int) -> None:
    for _ in range(posts):
        await shared(db, here, ada)
    span = Span(f"{ORIGIN}/resources/", harvesting.FIRST, harvesting.LAST)

    def page(tx: Connection) -> None:
        found, _ = harvests.listing(tx, span)
        assert len(found) == posts
        harvests.subjects(tx, found)
        harvests.told(tx, [header.id for header in found], school="Alder")

    assert await db.read(count_statements, page, {}) == 9


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        pytest.param(b"<protocolVersion>2.0<", b"<protocolVersion>2.1<", id="another-version"),
        pytest.param(b"<granularity>", b"<granularity/><granularity>", id="said-twice"),
        pytest.param(b"Z</responseDate>", b"+01:00</responseDate>", id="another-time-zone"),
        pytest.param(b"<deletedRecord>", b"<removedRecord/><deletedRecord>", id="what-nobody-knows"),
    ],
)
async def test_the_grammar_of_the_protocol_refuses(peer: Peer, ada: Made, good: bytes, bad: bytes) -> None:
    assert ada
    body = (await peer.get("/oai?verb=Identify", accept="*/*")).body
    assert good in body

    assert validators.against("oai", body.replace(good, bad)) != []


async def test_a_harvester_that_is_not_ours_takes_home_every_record(
    peer: Peer, db: Database, here: Here, ada: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvests.listing, "__kwdefaults__", {"limit": 2})
    wanted = [(await shared(db, here, ada, title=f"Wall {number}")).uri for number in range(5)]
    registry = MetadataRegistry()
    registry.registerReader("oai_dc", oai_dc_reader)
    harvester = Client(f"{peer.address}/oai", registry)

    records = await asyncio.to_thread(lambda: list(harvester.listRecords(metadataPrefix="oai_dc")))
    about = await asyncio.to_thread(harvester.identify)

    assert sorted(wanted) == sorted(record.getField("identifier")[0] for _, record, _ in records)
    assert [record.getField("title") for _, record, _ in records] == [[f"Wall {number}"] for number in range(5)]
    assert (about.repositoryName(), about.protocolVersion()) == ("Alder Primary", "2.0")
