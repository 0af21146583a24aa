"""The library, and one resource: searched by words and facets, read with all its metadata, thanked for, watched."""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.calls import Call, nothing
from fedishare.api.entities import resources as entities
from fedishare.api.entities.resources import FormerVersion, Resource, ResourceSummary, Uses, Version
from fedishare.api.routes import Routes, Token
from fedishare.core.errors import NotFound, Refused
from fedishare.http import borrowing, staging
from fedishare.http.keys import DATABASE
from fedishare.queries import facets, pages, search, timelines, versions
from fedishare.queries import resources as reading
from fedishare.queries.cards import Card
from fedishare.queries.pages import StoredFile
from fedishare.queries.search import MOST_CHOSEN, MOST_PAGES, Choice
from fedishare.services import resources as services
from fedishare.services import versions as version_services

LONGEST_WORDS: Final = 500
LONGEST_VALUE: Final = 200
# Versions are counted from 1.
LARGEST_NUMBER: Final = 1 << 31

Values: TypeAlias = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=LONGEST_VALUE)], ...], Meta(max_length=MOST_CHOSEN)
]

routes: Final = Routes()


class ResourceSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. Within one facet any value will do, and all facets must fit."""

    q: Annotated[str, Meta(max_length=LONGEST_WORDS, description="Words that it has to have.")] = ""
    subject: Annotated[Values, Meta(description="Slugs of subjects.")] = ()
    level: Annotated[Values, Meta(description="Slugs of levels; fits what is for children of an age of theirs.")] = ()
    type: Annotated[Values, Meta(description="Slugs of types, such as worksheet.")] = ()
    licence: Annotated[Values, Meta(description="Ids of licences.")] = ()
    language: Annotated[Values, Meta(description="Codes of languages, such as en.")] = ()
    format: Annotated[Values, Meta(description="Kinds of files, as the facet names them.")] = ()
    host: Annotated[Values, Meta(description="Servers that it may come from.")] = ()
    may_adapt: Annotated[bool, Meta(description="Only what its licence lets everybody change.")] = False
    sort: Annotated[Literal["best", "newest"], Meta(description="Without words the newest come first anyway.")] = "best"
    page: Annotated[int, Meta(ge=1, le=MOST_PAGES)] = 1


class FacetOption(msgspec.Struct, frozen=True):
    """A value that a facet may be narrowed to; `count` is how many would be found with it, beside what is chosen."""

    value: str
    label: str
    count: int
    is_chosen: bool


class Facet(msgspec.Struct, frozen=True):
    """`name` is the parameter that narrows by it."""

    name: str
    options: tuple[FacetOption, ...]


class ResourcePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the library. `may_adapt` is how many of all may be adapted; there is no `next_page` after the last."""

    resources: tuple[ResourceSummary, ...]
    total: int
    may_adapt: int
    facets: tuple[Facet, ...]
    next_page: int | None


@routes.reads("GET", "/api/fedishare/v1/resources", scope="read:search")
def find(tx: Connection, call: Call, asked: ResourceSearch) -> ResourcePage:
    """Search the library."""
    choice = _choice(asked)
    found = search.find(tx, choice, viewer=call.me)
    listed = facets.facets(tx, choice, found.counts, viewer=call.me)
    return ResourcePage(
        resources=tuple(entities.summaries(tx, call, found.cards)),
        total=found.counts.total,
        may_adapt=found.counts.adapt,
        facets=tuple(Facet(each.name, tuple(FacetOption(*option) for option in each.options)) for each in listed),
        next_page=asked.page + 1 if found.has_more and asked.page < MOST_PAGES else None,
    )


def _choice(asked: ResourceSearch) -> Choice:
    chosen = {field: getattr(asked, name) for name, field in facets.NAMES.items()}
    plain = Choice(words=asked.q.strip(), may_adapt=asked.may_adapt, by_newest=asked.sort == "newest", page=asked.page)
    return msgspec.structs.replace(plain, **chosen)


@routes.reads("GET", "/api/fedishare/v1/resources/{id}", scope="read:statuses", token=Token.MAYBE)
def show(tx: Connection, call: Call) -> Resource:
    """One resource with all its metadata."""
    return whole(tx, call, call.id())


def whole(tx: Connection, call: Call, post_id: int) -> Resource:
    """Raises NotFound for what is no resource, or not for the viewer."""
    card = seen(tx, call, post_id)
    row = reading.row(tx, post_id=card.id)
    if row is None:
        raise nothing()
    is_watched = call.viewer is not None and versions.is_watched(tx, post_id=card.id, actor_id=call.viewer)
    return entities.resource(tx, call, card, row, versions.lines(tx, post_id=card.id), is_watched=is_watched)


def seen(tx: Connection, call: Call, post_id: int) -> Card:
    """The post of a resource that the viewer may see; one answer for all others, deleted ones included."""
    try:
        card = timelines.card(tx, post_id=post_id, viewer=call.viewer)
    except NotFound:
        raise nothing() from None
    if card.resource is None:
        raise nothing()
    return card


@routes.reads("GET", "/api/fedishare/v1/resources/{id}/versions", scope="read:statuses", token=Token.MAYBE)
def show_versions(tx: Connection, call: Call) -> list[Version]:
    """The earlier versions of a resource, the newest first."""
    card = seen(tx, call, call.id())
    return [entities.version(line) for line in versions.lines(tx, post_id=card.id)]


@routes.reads("GET", "/api/fedishare/v1/resources/{id}/versions/{number}", scope="read:statuses", token=Token.MAYBE)
def show_version(tx: Connection, call: Call) -> FormerVersion:
    """One earlier version, with the files that it had and that are still kept."""
    card, number = seen(tx, call, call.id()), call.id("number")
    if number >= LARGEST_NUMBER:
        raise nothing()
    try:
        found = versions.former(tx, post_id=card.id, number=number)
    except NotFound:
        raise nothing() from None
    return entities.former(found, versions.files(tx, post_id=card.id, number=number) if card.local else ())


@routes.reads("GET", "/api/fedishare/v1/resources/{id}/uses", scope="read:statuses")
def show_uses(tx: Connection, call: Call) -> Uses:
    """Who used a resource of yours, and what they said."""
    card = seen(tx, call, call.id())
    if card.author.id != call.me:
        raise Refused("Only its author sees who used a resource.")
    return entities.uses(tx, call, pages.tally(tx, post_id=card.id), pages.uses(tx, post_id=card.id))


@routes.runs("GET", "/api/fedishare/v1/resources/{id}/files/{key}", scope="read:statuses")
async def download(request: web.Request, call: Call) -> Annotated[web.StreamResponse, "*/*"]:
    """A file of a resource. What everybody may see is also at its `url`, for those without a token."""
    return await borrowing.give(request, await request.app[DATABASE].read(_file, call))


def _file(tx: Connection, call: Call) -> StoredFile:
    card = seen(tx, call, call.id())
    keys = {staging.kept(line.id): line.name for line in reading.files(tx, [card.id])[card.id]}
    if call.path["key"] not in keys:
        raise nothing()
    return pages.file(tx, post_id=card.id, name=keys[call.path["key"]], viewer=call.viewer)


class NewUse(msgspec.Struct, frozen=True, kw_only=True):
    """What its author is told."""

    line: Annotated[
        str, Meta(max_length=services.LONGEST_LINE, description="A line of thanks, or what you changed.")
    ] = ""
    level: Annotated[str, Meta(max_length=60, description="The slug of the level of the class.")] | None = None


@routes.writes("POST", "/api/fedishare/v1/resources/{id}/used", scope="write:statuses")
def use(tx: Connection, call: Call, asked: NewUse) -> Resource:
    """Say that you used a resource with a class. Its author is told, wherever they are."""
    call, me = call.anew(), acting.me(tx, call)
    card = seen(tx, call, call.id())
    services.record_use(tx, call.here, actor_id=me, post_id=card.id, line=asked.line, level=asked.level or None)
    return whole(tx, call, card.id)


@routes.writes("POST", "/api/fedishare/v1/resources/{id}/watch", scope="write:bookmarks")
def watch(tx: Connection, call: Call) -> Resource:
    """Hear of new versions of a resource."""
    call, me = call.anew(), acting.me(tx, call)
    card = seen(tx, call, call.id())
    version_services.watch(tx, post_id=card.id, actor_id=me)
    return whole(tx, call, card.id)


@routes.writes("POST", "/api/fedishare/v1/resources/{id}/unwatch", scope="write:bookmarks")
def unwatch(tx: Connection, call: Call) -> Resource:
    """Hear of new versions of it no more."""
    call, me = call.anew(), acting.me(tx, call)
    card = seen(tx, call, call.id())
    version_services.unwatch(tx, post_id=card.id, actor_id=me)
    return whole(tx, call, card.id)
