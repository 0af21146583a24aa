"""The examples in FEDERATION.md, made by the code that makes the real documents."""

from datetime import UTC, datetime
from typing import Final

import msgspec

from fedishare.as2.write import Document, bare
from fedishare.core import uris as addresses
from fedishare.core.uris import Place, Uris
from fedishare.domain.audience import Visibility, address
from fedishare.domain.kinds import Kind, OfferState
from fedishare.domain.terms import ROLES, Basis, Term, TermKind
from fedishare.outbox import activities, handles, resources
from fedishare.queries.offers import OfferFacts
from fedishare.queries.outgoing import FileRow, PostFacts, PostRow, UseFacts
from fedishare.queries.parties import Who
from fedishare.queries.resources import ResourceRow
from fedishare.services.offers import Wish
from tests.builders import WORKSHEET

ALDER: Final = Uris("https://alder.example")
BIRCH: Final = Uris("https://birch.example")
HANTS: Final = Uris("https://hants.example")
HALL: Final = Uris("https://hall.example")
TEACHER: Final = ROLES[0]
AT: Final = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def who(at: Uris, place: Place, username: str, name: str, *, local: bool) -> Who:
    uri = at.actor(place, username)
    kind = Kind.GROUP if place is Place.GROUP else Kind.PERSON
    return Who(
        id=1,
        uri=uri,
        kind=kind,
        username=username,
        domain=at.authority,
        name=name,
        url=at.profile(username),
        inbox=addresses.inbox(uri),
        followers=addresses.followers(uri),
        local=local,
    )


ANNA: Final = who(ALDER, Place.PERSON, "anna", "Anna Abbott", local=True)
BEN: Final = who(BIRCH, Place.PERSON, "ben", "Ben Booth", local=False)
ROOM: Final = who(HALL, Place.GROUP, "primary-slt", "Primary SLT", local=False)


def post() -> PostRow:
    uri = ALDER.resource(4711)
    addressed = address(Visibility.PUBLIC, followers=ANNA.followers or "", mentioned=(), room=ROOM.uri)
    return PostRow(
        id=4711,
        uri=uri,
        url=uri,
        kind="Note",
        local=True,
        title="Fraction wall",
        warning=None,
        content="<p>One hour, three levels.</p>",
        source="One hour, three levels.",
        language="en",
        sensitive=False,
        visibility=Visibility.PUBLIC,
        addressed_to=addressed.to,
        addressed_cc=addressed.cc,
        in_reply_to_uri=None,
        thread_id=4711,
        context_uri=None,
        published_at=AT,
        edited_at=None,
        deleted_at=None,
        replies_count=0,
        likes_count=0,
        boosts_count=0,
    )


def resource() -> Document:
    """A resource by Anna for everybody and for a room on another node; without its context and proof."""
    row = ResourceRow(
        description="One hour, three levels.",
        age_min=8,
        age_max=9,
        licence="CC-BY-SA-4.0",
        licence_label="CC BY-SA 4.0",
        licence_url="https://creativecommons.org/licenses/by-sa/4.0/",
        minutes=60,
        credit="Anna Abbott, Alder Primary",
        version=1,
        terms=(
            *WORKSHEET,
            Term(TermKind.AUDIENCE, TEACHER.slug, TEACHER.label, TEACHER.url),
            Term(TermKind.OBJECTIVE, None, "Compare fractions with different denominators"),
            Term(TermKind.KEYWORD, "equivalence", "equivalence"),
            Term(TermKind.FEATURE, "largePrint", "Large print"),
        ),
        bases=(
            Basis(f"{BIRCH.origin}/resources/12", "Fraction strips", "https://creativecommons.org/licenses/by/4.0/"),
        ),
    )
    file = FileRow("wall.pdf", "application/pdf", 48213, "9f" * 32, ALDER.file(4711, "wall.pdf"))
    facts = PostFacts(
        post=post(),
        author=ANNA,
        room=ROOM,
        answered=None,
        root=None,
        resource=row,
        key=None,
        files=(file,),
        mentions=(),
        tags=(),
        attachments=(),
        replies=(),
        node_name="Alder Primary",
    )
    return bare(resources.resource(facts, row, at=ALDER))


def used() -> Document:
    """Ben tells Anna that he used it; without its context."""
    facts = UseFacts(
        id=815,
        uri=BIRCH.activity(815),
        line="They loved the cutting out.",
        level="england:year-4",
        at=AT,
        user=BEN,
        post=post(),
        author=ANNA,
    )
    return bare(activities.create(resources.use_note(facts, at=BIRCH), uri=facts.uri))


def collected() -> Document:
    """A collection has a resource more; without its context."""
    fractions = ALDER.actor(Place.COLLECTION, "year-4-fractions")
    added = activities.put_in(
        uri=ALDER.activity(4714),
        actor=fractions,
        resource=BIRCH.resource(12),
        items=addresses.items(fractions),
        followers=addresses.followers(fractions),
        line="The best start I know.",
        position=2,
        previous=ALDER.resource(4711),
    )
    return bare(added)


def offered() -> Document:
    """Ben asks a handle that he runs to publish something; without its context."""
    handle = who(HANTS, Place.PERSON, "hantsprimslt", "Hants Primary SLT", local=False)
    wish = msgspec.json.encode(Wish(text="We meet on **Thursday**."))
    return bare(handles.offer(OfferFacts(BIRCH.activity(4712), wish, None, OfferState.SENT, AT, BEN, handle)))
