"""Teaching resources as apps that know FediShare read them; to other apps they are posts like any other."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, stamp, stamp_or_none
from fedishare.api.entities import accounts
from fedishare.api.entities.accounts import Account
from fedishare.domain import vocabularies
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FileState
from fedishare.domain.terms import Term as Described
from fedishare.http import staging
from fedishare.queries.cards import Card
from fedishare.queries.pages import Tally, UseLine
from fedishare.queries.resources import FileLine, ResourceRow
from fedishare.queries.versions import Former, FormerFileLine, VersionLine


class Term(msgspec.Struct, frozen=True):
    """One thing that a resource is described with.

    `slug` is of this node's vocabularies, null where its author used another; `uri` is the concept in somebody's
    vocabulary, `framework` whose level it is.
    """

    slug: str | None
    label: str
    uri: str | None
    framework: str | None


class Licence(msgspec.Struct, frozen=True):
    """`id` is one of this node's list, null where its author chose another. `may_adapt` is null where nobody knows."""

    id: str | None
    label: str
    url: str | None
    may_adapt: bool | None


class File(msgspec.Struct, frozen=True, kw_only=True):
    """`key` names it when the resource is edited. Only what is `clean` is given out."""

    key: str
    name: str
    media_type: str
    size: int
    sha256: str
    url: str
    state: FileState
    has_macros: bool


class Basis(msgspec.Struct, frozen=True):
    """Something that a resource is based on."""

    uri: str
    name: str
    licence_url: str | None


class ResourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as lists show it. Its `id` is also that of its status: like, boost, answer and delete it by that.

    `description` is Markdown, as its author wrote it. Ages are in years, `minutes` is how long it takes.
    """

    id: str
    uri: str
    url: str
    title: str
    description: str
    language: str | None
    visibility: Visibility
    account: Account
    room: Account | None
    licence: Licence
    subjects: tuple[Term, ...]
    levels: tuple[Term, ...]
    stages: tuple[Term, ...]
    types: tuple[Term, ...]
    audiences: tuple[Term, ...]
    features: tuple[Term, ...]
    objectives: tuple[str, ...]
    keywords: tuple[str, ...]
    age_min: int | None
    age_max: int | None
    minutes: int | None
    credit: str
    files: tuple[File, ...]
    version: int
    changed: str
    created_at: str
    edited_at: str | None


class Version(msgspec.Struct, frozen=True):
    """An earlier version; `changed` is what its author said was new in it."""

    number: int
    changed: str
    since: str


class FormerFile(msgspec.Struct, frozen=True):
    """A file of an earlier version; one that `is_former` is in the resource no more."""

    name: str
    media_type: str
    size: int
    sha256: str
    is_former: bool


class FormerVersion(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier version as it was; `facts` are in the words in which its page showed them."""

    number: int
    title: str | None
    content: str
    changed: str
    since: str
    facts: dict[str, str]
    files: tuple[FormerFile, ...]


class Resource(ResourceSummary, frozen=True, kw_only=True):
    """All there is to tell of a resource. `content` is HTML; `is_watched` says whether you hear of new versions."""

    content: str
    based_on: tuple[Basis, ...]
    versions: tuple[Version, ...]
    is_watched: bool


class Use(msgspec.Struct, frozen=True):
    """A colleague used it with a class. `level` is in words."""

    account: Account
    level: str
    line: str
    created_at: str


class LevelCount(msgspec.Struct, frozen=True):
    """How often it was used with classes of one level, in words."""

    level: str
    uses: int


class Uses(msgspec.Struct, frozen=True):
    """How often a resource was used, in how many schools and with which classes, and the latest lines of thanks."""

    total: int
    schools: int
    levels: tuple[LevelCount, ...]
    latest: tuple[Use, ...]


def summaries(tx: Connection, call: Call, cards: Iterable[Card]) -> list[ResourceSummary]:
    """Those of these posts that are resources; one statement, or none."""
    kept = [(card, card.resource) for card in cards if card.resource is not None]
    people = _people(tx, call, [card for card, _ in kept])
    return [ResourceSummary(**_plain(card, row, people)) for card, row in kept]


def resource(
    tx: Connection, call: Call, card: Card, row: ResourceRow, versions: Sequence[VersionLine], *, is_watched: bool
) -> Resource:
    return Resource(
        **_plain(card, row, _people(tx, call, [card])),
        content=card.content,
        based_on=tuple(Basis(*basis) for basis in row.bases),
        versions=tuple(version(line) for line in versions),
        is_watched=is_watched,
    )


def _people(tx: Connection, call: Call, cards: Sequence[Card]) -> dict[int, Account]:
    faces = [face for card in cards for face in (card.author, card.room) if face is not None]
    return accounts.many(tx, call, dict.fromkeys(face.id for face in faces))


def _plain(card: Card, row: ResourceRow, people: dict[int, Account]) -> dict[str, Any]:
    licence = vocabularies.licence(row.licence) if row.licence else None
    described = {
        name: _terms(getattr(row, name)) for name in ("subjects", "levels", "stages", "types", "audiences", "features")
    }
    told = {name: getattr(row, name) for name in ("description", "age_min", "age_max", "minutes", "credit", "version")}
    return {
        **described,
        **told,
        "id": str(card.id),
        "uri": card.uri,
        "url": card.uri if card.local else card.url,
        "title": card.title or "",
        "language": card.language,
        "visibility": card.visibility,
        "account": people[card.author.id],
        "room": people[card.room.id] if card.room is not None else None,
        "licence": Licence(row.licence, row.licence_label, row.licence_url, licence.may_adapt if licence else None),
        "objectives": tuple(term.label for term in row.objectives),
        "keywords": tuple(term.label for term in row.keywords),
        "files": tuple(file(line) for line in row.files),
        "changed": row.changed,
        "created_at": stamp(card.published_at),
        "edited_at": stamp_or_none(card.edited_at),
    }


def _terms(terms: Iterable[Described]) -> tuple[Term, ...]:
    return tuple(Term(term.slug, term.label, term.uri, term.framework) for term in terms)


def file(line: FileLine) -> File:
    return File(
        key=staging.kept(line.id),
        name=line.name,
        media_type=line.media_type,
        size=line.size,
        sha256=line.sha256,
        url=line.url,
        state=line.state,
        has_macros=line.has_macros,
    )


def version(line: VersionLine) -> Version:
    return Version(line.number, line.changed, stamp(line.since))


def former(found: Former, files: Iterable[FormerFileLine]) -> FormerVersion:
    return FormerVersion(
        number=found.number,
        title=found.title,
        content=found.content,
        changed=found.changed,
        since=stamp(found.since),
        facts={name: str(value) for name, value in found.facts.items()},
        files=tuple(FormerFile(*each) for each in files),
    )


def uses(tx: Connection, call: Call, tally: Tally, lines: Sequence[UseLine]) -> Uses:
    people = accounts.many(tx, call, dict.fromkeys(line.face.id for line in lines))
    latest = tuple(
        Use(people[line.face.id], line.level_label, line.line, stamp(line.created_at))
        for line in lines
        if line.face.id in people
    )
    return Uses(tally.uses, tally.schools, tuple(LevelCount(*each) for each in tally.levels), latest)
