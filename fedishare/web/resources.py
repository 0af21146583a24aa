"""A teaching resource: its page, its files, and "used it"."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from aiohttp import web
from sqlalchemy import Connection

from fedishare.core.errors import Invalid, NotFound
from fedishare.domain import durations, licences, vocabularies
from fedishare.domain.audience import OPEN
from fedishare.domain.terms import Basis
from fedishare.http import borrowing, readers
from fedishare.http.keys import DATABASE, HERE, SETTINGS, VISITOR
from fedishare.http.pages import page
from fedishare.http.routes import Allow, Routes
from fedishare.outbox import citations
from fedishare.queries import anthologies, lineage, outgoing, pages, previews, versions
from fedishare.queries import resources as descriptions
from fedishare.queries.anthologies import Summary
from fedishare.queries.cards import Card
from fedishare.queries.lineage import Adaptation, Ancestor
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.pages import Tally, UseLine
from fedishare.queries.previews import Inside
from fedishare.queries.resources import ResourceRow
from fedishare.queries.versions import VersionLine
from fedishare.services import resources
from fedishare.web import asked, choices, crawls, describing, forms, looks

UNKNOWN_LICENCE: Final = "This node does not know this licence: read it before you change the resource or pass it on."
NO_LICENCE: Final = "Its author does not say what may be done with it: ask before you change it or pass it on."
SAID: Final = {"used": "Thank you. Your line is on its way to the author."}

routes: Final = Routes()


class Details(NamedTuple):
    """`facts` are there where the page is described to machines; `scheme` is the visitor's, if they said."""

    uses: list[UseLine]
    bases: list[Basis]
    facts: PostFacts | None
    scheme: str
    inside: dict[int, Inside]
    versions: list[VersionLine]
    is_watched: bool
    ancestry: list[Ancestor]
    adaptations: list[Adaptation]
    tally: Tally | None
    collections: list[Summary]


@routes.get("/resources/{id}", allow=Allow.ANYONE)
async def show(request: web.Request) -> web.Response:
    post_id, viewer = asked.post_id(request), request[VISITOR].actor_id
    post, thread = await request.app[DATABASE].read(pages.conversation, post_id=post_id, viewer=viewer)
    if post.resource is None or not post.local:
        return asked.go(f"/posts/{post_id}")
    await crawls.wish(request, post)
    return await render(request, post, thread)


async def render(
    request: web.Request,
    post: Card,
    thread: Sequence[Card],
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    """The page of a resource, ours or from elsewhere; with `errors` the form on it is shown again."""
    resource, visitor = post.resource, request[VISITOR]
    if resource is None:
        raise NotFound("There is no such resource, or it is not for you.")
    is_author = post.author.id == visitor.actor_id
    details = await request.app[DATABASE].read(_details, post=post, viewer=visitor.actor_id)
    scheme = details.scheme or request.app[SETTINGS].scheme
    seen = await looks.of_files(request, resource.files, details.inside)
    licence = vocabularies.licence(resource.licence) if resource.licence else None
    return await page(
        request,
        "resource.html",
        status=422 if errors else 200,
        post=post,
        resource=resource,
        answers=[card for card in thread if card.id != post.id],
        by_id={card.id: card for card in thread},
        start=asked.greeting(post, visitor.actor_id),
        is_author=is_author,
        uses=details.uses,
        looks=seen,
        versions=details.versions,
        is_watched=details.is_watched,
        ancestry=details.ancestry,
        adaptations=details.adaptations,
        tally=details.tally,
        collections=details.collections,
        why_not_adapt=why_not_adapt(resource),
        citation=citation(request, post, resource),
        licence_words=licence.explanation if licence else UNKNOWN_LICENCE if resource.licence_label else NO_LICENCE,
        levels=choices.levels(scheme),
        bases=details.bases,
        language=choices.language_name(post.language or ""),
        level_here=_level_here(resource, scheme),
        time=durations.in_words(resource.minutes) if resource.minutes else "",
        data=describing.blocks(post, details.facts, uris=request.app[HERE].uris),
        said=SAID.get(request.query.get("said", "")),
        values=values or {},
        errors=errors or {},
    )


def citation(request: web.Request, post: Card, resource: ResourceRow) -> str:
    """How to name a resource in a text of one's own."""
    return citations.line(
        resource,
        author=post.author.name,
        school=request.app[SETTINGS].name if post.local else "",
        title=post.title or "",
        url=post.uri if post.local else post.url,
        published_at=post.published_at,
        edited_at=post.edited_at,
    )


def _details(tx: Connection, *, post: Card, viewer: int | None) -> Details:
    is_told = post.local and post.visibility in OPEN
    bases = descriptions.bases(tx, [post.id])[post.id]
    return Details(
        pages.uses(tx, post_id=post.id) if post.author.id == viewer else [],
        bases,
        outgoing.post_facts(tx, post.id) if is_told else None,
        descriptions.preset(tx, actor_id=viewer).scheme if viewer is not None else "",
        previews.inside(tx, post_id=post.id),
        versions.lines(tx, post_id=post.id),
        viewer is not None and versions.is_watched(tx, post_id=post.id, actor_id=viewer),
        lineage.ancestry(tx, uri=post.uri, bases=bases, viewer=viewer),
        lineage.adaptations(tx, uri=post.uri, viewer=viewer),
        pages.tally(tx, post_id=post.id) if post.author.id == viewer else None,
        anthologies.having(tx, post_id=post.id) if post.visibility in OPEN else [],
    )


def why_not_adapt(resource: ResourceRow) -> str:
    """Why nobody can adapt a resource from here; nothing where its licence is known to allow it."""
    known = vocabularies.licence(resource.licence) if resource.licence else None
    return licences.WHY_NOT_UNKNOWN if known is None else licences.adapting([known]).refusal or ""


def _level_here(resource: ResourceRow, scheme: str) -> str:
    """What the visitor calls this level, where its author calls it otherwise."""
    if resource.age_min is None or resource.age_max is None:
        return ""
    said = {level.scheme for term in resource.levels if term.slug and (level := vocabularies.level(term.slug))}
    walked = vocabularies.crosswalk(resource.age_min, resource.age_max, scheme=scheme)
    named = vocabularies.scheme(scheme)
    if scheme in said or not walked or named is None:
        return ""
    return f"{vocabularies.in_words(walked)} ({named.name})"


@routes.post("/posts/{id}/used")
async def used(request: web.Request) -> web.Response:
    post_id, actor_id = asked.post_id(request), asked.me(request)
    form = await forms.read(request)
    post, thread = await request.app[DATABASE].read(pages.conversation, post_id=post_id, viewer=actor_id)
    line, level = form.text("line"), form.text("level") or None
    try:
        await request.app[DATABASE].write(
            resources.record_use, request.app[HERE], actor_id=actor_id, post_id=post_id, line=line, level=level
        )
    except Invalid as error:
        return await render(request, post, thread, values={"line": line}, errors={"line": str(error)})
    return asked.go(f"{asked.path(request, asked.address(request, post))}?said=used#used")


@routes.get("/resources/{id}/files/{name}", allow=Allow.ANYONE)
async def download(request: web.Request) -> web.StreamResponse:
    """A file of a resource: from our disk, or fetched from its author's node the first time somebody here asks."""
    post_id, viewer = asked.post_id(request), request[VISITOR].actor_id
    name, reader = request.match_info["name"], await readers.reader(request)
    file = await request.app[DATABASE].read(pages.file, post_id=post_id, name=name, viewer=viewer, reader=reader)
    if file.storage_key is None and not request[VISITOR].is_signed_in:
        borrowing.require_clean(file)
        # Strangers may not make this node fetch; the author's node serves them itself.
        return web.Response(status=303, headers={"Location": file.url, "Referrer-Policy": "no-referrer"})
    return await borrowing.give(request, file)


async def bring(request: web.Request, *, post_id: int, name: str) -> str:
    """The storage key of a file of a resource that somebody who is signed in may have; from elsewhere it is fetched."""
    viewer = asked.me(request)
    file = await request.app[DATABASE].read(pages.file, post_id=post_id, name=name, viewer=viewer)
    return await borrowing.bring(request, file)
