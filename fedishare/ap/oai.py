"""OAI-PMH 2.0: catalogues take over what is public in the library, and later only what has changed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from aiohttp import web
from sqlalchemy import Connection

from fedishare.ap.answers import machine
from fedishare.as2.write import when
from fedishare.core import xml
from fedishare.core.here import Here
from fedishare.core.hosts import origin_of
from fedishare.core.uris import Uris
from fedishare.core.xml import Xml, element
from fedishare.domain import harvesting, vocabularies
from fedishare.domain.harvesting import LOM, OAI_DC, Ask, Fault
from fedishare.domain.terms import Term, TermKind
from fedishare.http.keys import SETTINGS, TOOLS
from fedishare.http.routes import Allow, Routes
from fedishare.outbox import dublin, lom
from fedishare.queries import feeds, harvests
from fedishare.queries.harvests import Header, School, Span
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.resources import ResourceRow

NAMESPACE: Final = "http://www.openarchives.org/OAI/2.0/"
SCHEMA: Final = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
TYPE: Final = "text/xml; charset=utf-8"
FORM: Final = "application/x-www-form-urlencoded"
# With these the arguments are not repeated in the answer (OAI-PMH 2.0, 3.6).
UNREADABLE: Final = frozenset({"badVerb", "badArgument"})
SUBJECT: Final = "subject-"
SCHOOL: Final = "school-"
NO_RECORDS: Final = Fault("noRecordsMatch", "There are no such records.")
NO_ID: Final = Fault("idDoesNotExist", "There is no record of that name here.")

routes: Final = Routes()


class Desk(NamedTuple):
    """What every answer needs: where and when we are, and what this node calls itself."""

    uris: Uris
    now: datetime
    name: str

    @property
    def own_school(self) -> str:
        return f"{SCHOOL}{origin_of(self.uris.origin).host.strip('[]').replace(':', '.')}"


class Format(NamedTuple):
    prefix: str
    schema: str
    namespace: str
    write: Callable[..., Xml]


Answer: TypeAlias = Xml | Fault
FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        OAI_DC: Format(OAI_DC, dublin.OAI_DC_SCHEMA, dublin.OAI_DC, dublin.simple),
        LOM: Format(LOM, lom.SCHEMA, lom.NAMESPACE, lom.lom),
    }
)


@routes.get("/oai", allow=Allow.ANYONE)
@machine
async def by_address(request: web.Request) -> web.StreamResponse:
    return await _answer(request, list(request.query.items()))


@routes.post("/oai", allow=Allow.ANYONE)
@machine
async def by_form(request: web.Request) -> web.StreamResponse:
    arguments: list[tuple[str, str]] = []
    if request.content_type == FORM:
        arguments += [(name, value) for name, value in (await request.post()).items() if isinstance(value, str)]
    return await _answer(request, arguments)


async def _answer(request: web.Request, arguments: Sequence[tuple[str, str]]) -> web.Response:
    here: Here = request.app[TOOLS].here
    desk = Desk(here.uris, here.now(), request.app[SETTINGS].name)
    ask = harvesting.read(arguments)
    found = ask if isinstance(ask, Fault) else await request.app[TOOLS].db.read(VERBS[ask.verb], desk, ask)
    is_readable = not (isinstance(found, Fault) and found.code in UNREADABLE)
    said = dict(arguments) if is_readable else {}
    inside = element("error", found.said, code=found.code) if isinstance(found, Fault) else found
    root = element(
        "OAI-PMH",
        element("responseDate", when(desk.now)),
        element("request", _address(desk), **said),
        inside,
        xmlns=NAMESPACE,
        xmlns_xsi=XSI,
        xsi_schemaLocation=f"{NAMESPACE} {SCHEMA}",
    )
    # The time is in it, so there is nothing to keep.
    return web.Response(body=xml.document(root), headers={"Content-Type": TYPE, "Cache-Control": "no-cache"})


def _address(desk: Desk) -> str:
    return f"{desk.uris.origin}/oai"


def _folder(desk: Desk) -> str:
    return f"{desk.uris.origin}/resources/"


def _identify(tx: Connection, desk: Desk, _ask: Ask) -> Answer:
    began_at = feeds.began_at(tx, node=desk.uris.node)
    return element(
        "Identify",
        element("repositoryName", desk.name),
        element("baseURL", _address(desk)),
        element("protocolVersion", "2.0"),
        # RFC 2142: whoever runs a domain reads this; no person's address is given to whoever asks.
        element("adminEmail", f"postmaster@{origin_of(desk.uris.origin).host}"),
        element("earliestDatestamp", when(began_at)),
        element("deletedRecord", "persistent"),
        element("granularity", "YYYY-MM-DDThh:mm:ssZ"),
    )


def _formats(tx: Connection, desk: Desk, ask: Ask) -> Answer:
    """All records can be had in every format, so the question is only whether there is such a record."""
    if ask.identifier and harvests.header(tx, uri=ask.identifier, folder=_folder(desk)) is None:
        return NO_ID
    return element(
        "ListMetadataFormats",
        *(
            element(
                "metadataFormat",
                element("metadataPrefix", one.prefix),
                element("schema", one.schema),
                element("metadataNamespace", one.namespace),
            )
            for one in FORMATS.values()
        ),
    )


def _sets(tx: Connection, desk: Desk, _ask: Ask) -> Answer:
    named = {desk.own_school: desk.name}
    named |= {_school(school): school.name or school.username for school in harvests.schools(tx)}
    named |= {f"{SUBJECT}{subject.slug}": subject.label for subject in vocabularies.SUBJECTS}
    sets = (element("set", element("setSpec", spec), element("setName", name)) for spec, name in named.items())
    return element("ListSets", *sets)


def _list(tx: Connection, desk: Desk, ask: Ask) -> Answer:
    schools = {_school(school): school for school in harvests.schools(tx)}
    span = _span(desk, ask, schools)
    if span is None:
        return NO_RECORDS
    headers, is_more = harvests.listing(tx, span)
    if not headers:
        return NO_RECORDS
    terms = harvests.subjects(tx, headers)
    by_author = {school.id: spec for spec, school in schools.items()}
    written = [_header(desk, header, terms[header.id], by_author) for header in headers]
    if ask.verb == "ListRecords":
        there = [header.id for header in headers if not header.is_gone]
        told = harvests.told(tx, there, school=desk.name)
        written = [_record(desk, ask, head, told.get(header.id)) for head, header in zip(written, headers, strict=True)]
    return element(ask.verb, *written, *_onward(ask, headers, is_more=is_more))


def _onward(ask: Ask, headers: Sequence[Header], *, is_more: bool) -> list[Xml]:
    """The last page of several has an empty token, the only one has none."""
    cursor = str(ask.given)
    if is_more:
        given = ask.given + len(headers)
        return [element("resumptionToken", harvesting.token(ask, after=headers[-1].id, given=given), cursor=cursor)]
    return [element("resumptionToken", cursor=cursor)] if ask.given else []


def _span(desk: Desk, ask: Ask, schools: Mapping[str, School]) -> Span | None:
    """Which records were asked for; None for a set that there is not."""
    window = harvesting.window(ask)
    if isinstance(window, Fault):
        return None
    span = Span(_folder(desk), window.since, window.before, after=ask.after)
    if not ask.set or ask.set == desk.own_school:
        return span
    if ask.set in schools:
        return span._replace(author=schools[ask.set].id)
    subject = vocabularies.subject(ask.set.removeprefix(SUBJECT)) if ask.set.startswith(SUBJECT) else None
    return span._replace(subject=subject.slug) if subject is not None else None


def _one(tx: Connection, desk: Desk, ask: Ask) -> Answer:
    header = harvests.header(tx, uri=ask.identifier, folder=_folder(desk))
    if header is None:
        return NO_ID
    by_author = {school.id: _school(school) for school in harvests.schools(tx)}
    head = _header(desk, header, harvests.subjects(tx, [header])[header.id], by_author)
    told = harvests.told(tx, [] if header.is_gone else [header.id], school=desk.name)
    return element("GetRecord", _record(desk, ask, head, told.get(header.id)))


def _header(desk: Desk, header: Header, terms: Sequence[Term], schools: Mapping[int, str]) -> Xml:
    own = schools.get(header.author_id)
    subjects = [f"{SUBJECT}{term.slug}" for term in terms if term.kind is TermKind.SUBJECT and term.slug]
    specs = [desk.own_school, *([own] if own else []), *subjects]
    inside = [
        element("identifier", header.uri),
        element("datestamp", when(header.changed_at)),
        *(element("setSpec", spec) for spec in specs),
    ]
    return element("header", *inside, status="deleted") if header.is_gone else element("header", *inside)


def _record(desk: Desk, ask: Ask, head: Xml, facts: PostFacts | None) -> Xml:
    row: ResourceRow | None = facts.resource if facts is not None else None
    if facts is None or row is None:
        return element("record", head)
    return element("record", head, element("metadata", FORMATS[ask.prefix].write(facts, row, at=desk.uris)))


def _school(school: School) -> str:
    return f"{SCHOOL}{school.username.lower()}"


VERBS: Final[Mapping[str, Callable[[Connection, Desk, Ask], Answer]]] = MappingProxyType(
    {
        "Identify": _identify,
        "ListMetadataFormats": _formats,
        "ListSets": _sets,
        "ListIdentifiers": _list,
        "ListRecords": _list,
        "GetRecord": _one,
    }
)
