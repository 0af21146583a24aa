"""Adapting a resource: a draft that begins with what somebody else made of it, and that names them."""

from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import FediShareError, NotFound, Refused
from fedishare.domain import licences, markup, vocabularies
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.licences import Licence, Ruling
from fedishare.domain.permissions import Verb, may
from fedishare.http import staging
from fedishare.http.keys import DATABASE, HERE, STORAGE, VISITOR
from fedishare.http.routes import Routes
from fedishare.queries import drafts as kept_drafts
from fedishare.queries import resources as descriptions
from fedishare.queries import timelines
from fedishare.queries.cards import Card
from fedishare.queries.resources import FileLine, Preset, ResourceRow
from fedishare.services import saved
from fedishare.services.descriptions import LONGEST_CREDIT
from fedishare.web import asked, describe, drafts, resources

routes: Final = Routes()


class Source(NamedTuple):
    post: Card
    row: ResourceRow
    preset: Preset


class Copied(NamedTuple):
    """The keys of the files that are the visitor's now, and a sentence for each that could not be copied."""

    keys: list[str]
    missing: list[str]


@routes.post("/posts/{id}/adapt")
async def adapt(request: web.Request) -> web.Response:
    me = asked.me(request)
    if not may(request[VISITOR].role, Verb.POST):
        raise Refused("This account may read, but not write.")
    source = await request.app[DATABASE].read(_source, post_id=asked.post_id(request), me=me)
    refusal = resources.why_not_adapt(source.row)
    if refusal:
        raise Refused(refusal)
    copied = await _copy(request, source.post, source.row.files, me=me)
    mine = request[VISITOR].name or request[VISITOR].username
    fields = _fields(source, ruling_on(source.row), mine=mine, keys=copied.keys)
    draft = await request.app[DATABASE].write(
        saved.save, request.app[HERE], owner_id=me, seen=None, fields=fields, files=copied.keys, pictures=()
    )
    if not copied.missing:
        return asked.go(f"/drafts/{draft.id}?said=adapted")
    errors = {"files": " ".join([*copied.missing, "Download it from its page, and add it here yourself."])}
    kept = await request.app[DATABASE].read(kept_drafts.one, owner_id=me, draft_id=draft.id)
    return await drafts.open_again(request, kept, told="", errors=errors)


def ruling_on(row: ResourceRow) -> Ruling:
    """What the licence of a resource says to those who would adapt it."""
    return licences.adapting([vocabularies.licence(row.licence) if row.licence else None])


def _source(tx: Connection, *, post_id: int, me: int) -> Source:
    post = timelines.card(tx, post_id=post_id, viewer=me)
    row = descriptions.row(tx, post_id=post_id)
    if row is None:
        raise NotFound("There is no such resource, or it is not for you.")
    return Source(post, row, descriptions.preset(tx, actor_id=me))


async def _copy(request: web.Request, post: Card, files: tuple[FileLine, ...], *, me: int) -> Copied:
    """Files of one's own with the same bytes; those from elsewhere are fetched, and compared with their hash, first."""
    copied = Copied([], [])
    for file in files:
        try:
            key = await resources.bring(request, post_id=post.id, name=file.name)
            blocks = request.app[STORAGE].blocks(key)
            copied.keys.append(await staging.keep(request, blocks, file.name, owner_id=me))
        except FediShareError as error:
            copied.missing.append(f"{file.name} could not be copied: {error}")
    return copied


def _fields(source: Source, ruling: Ruling, *, mine: str, keys: list[str]) -> dict[str, list[str]]:
    """The form of a new resource, as if its author had filled in what the other one says of itself."""
    post, row, preset = source
    values = describe.values_of(row) | {
        "kind": "resource",
        "title": post.title or "",
        "text": post.source or row.description,
        "language": post.language or "en",
        # What only some may see is offered to no more people, until its author says so.
        "visibility": str(Visibility.PUBLIC if post.visibility in OPEN else post.visibility),
        "licence": _licence(row, ruling, preset).slug,
        "based_on": post.uri,
        "credit": _credit(source, mine=mine),
    }
    return {name: [value] for name, value in values.items() if value} | {"upload": keys}


def _licence(row: ResourceRow, ruling: Ruling, preset: Preset) -> Licence:
    """What has to be the same stays so; where its author forbids making money, so does the adaptation at first."""
    own = vocabularies.licence(row.licence) if row.licence else None
    if ruling.carried is not None:
        return ruling.carried
    if own is not None and own.non_commercial:
        return own
    usual = vocabularies.licence(preset.licence or vocabularies.DEFAULT_LICENCE)
    return usual or licences.LICENCES_BY_ID[vocabularies.DEFAULT_LICENCE]


def _credit(source: Source, *, mine: str) -> str:
    post, row = source.post, source.row
    author = row.credit or f"{post.author.name} (@{post.author.full_handle})"
    licence = f", {row.licence_label}" if row.licence_label else ""
    return markup.text(f"{mine}, adapted from {post.title or post.uri} by {author}{licence}", limit=LONGEST_CREDIT)
