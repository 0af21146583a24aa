"""Writing through an app: posts, edits, deletions. Once, however often the app sends it."""

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from fedishare.api import acting, wishes
from fedishare.api import scheduled as waiting
from fedishare.api.calls import Call, nothing
from fedishare.api.entities import statuses
from fedishare.api.entities.statuses import Status
from fedishare.api.kept import Moment
from fedishare.api.params import Params
from fedishare.api.rates import Rate
from fedishare.api.routes import Routes
from fedishare.api.targets import source_of, target
from fedishare.api.wishes import Wish
from fedishare.core import json
from fedishare.core.errors import Invalid
from fedishare.domain.kinds import ReactionKind
from fedishare.http.keys import DATABASE, TOOLS
from fedishare.inbox import named
from fedishare.queries import resources, uploaded
from fedishare.queries import statuses as reading
from fedishare.queries.uploaded import Uploaded
from fedishare.services import handles, media, posts, reactions, submissions
from fedishare.services import scheduled as schedule
from fedishare.services.drafts import Change
from fedishare.services.submissions import Result

routes: Final = Routes()


@routes.runs("POST", "/api/v1/statuses", scope="write:statuses")
async def post(request: web.Request, call: Call) -> object:
    acting.refuse_reader(call)
    wish = wishes.read(call)
    key = request.headers.get("Idempotency-Key", "").strip()
    people = await named.find(request.app[TOOLS], wish.text)
    return await request.app[DATABASE].write(_post, call, wish, people, key=_folded(key) if key else None)


def _folded(key: str) -> str:
    """Keys are for machines: any length will do, and only whether two are the same counts."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()


def _within(call: Call) -> Call:
    """The same call within a write, in which nothing may be kept: it may yet be taken back."""
    return msgspec.structs.replace(call, moment=Moment(call.now, None))


def _post(tx: Connection, call: Call, wish: Wish, people: Mapping[str, int], *, key: str | None) -> object:
    call = _within(call)
    known = submissions.claim(tx, call.here, actor_id=call.me, key=key) if key is not None else None
    result = known or _write(tx, call, wish, people)
    if key is not None and known is None:
        submissions.settle(tx, actor_id=call.me, key=key, result=result)
    if result.is_scheduled:
        return waiting.one(tx, call, result.id)
    return statuses.one(tx, call, result.id)


def _write(tx: Connection, call: Call, wish: Wish, people: Mapping[str, int]) -> Result:
    draft = wishes.draft(tx, call, wish, people)
    if wish.due is not None:
        waiting.refuse_day(tx, call, wish.due)
        kept = schedule.add(tx, call.here, author_id=call.me, by_id=call.person, draft=draft, due=wish.due)
        return Result(kept, is_scheduled=True)
    if call.who.is_as_handle:
        post_id = handles.publish(tx, call.here, author_id=call.me, by_id=call.person, draft=draft, people=people)
    else:
        post_id = posts.publish(tx, call.here, author_id=call.me, draft=draft, people=people)
    submissions.sign(tx, post_id=post_id, app_id=call.who.app_id)
    return Result(post_id, is_scheduled=False)


@routes.runs("PUT", "/api/v1/statuses/{id}", scope="write:statuses")
async def edit(request: web.Request, call: Call) -> Status:
    acting.refuse_reader(call)
    db, post_id = request.app[DATABASE], call.id()
    await db.read(_own, call, post_id)
    wish = wishes.read(call) if "status" in call.params or "media_ids" in call.params else None
    if wish is None:
        raise Invalid("Validation failed: Text can't be blank")
    people = await named.find(request.app[TOOLS], wish.text)
    return await db.write(_edit, call, post_id, wish, people)


def _own(tx: Connection, call: Call, post_id: int) -> None:
    """Raises NotFound for what is not there, or not the viewer's to change."""
    seen = reading.seen(tx, [post_id], viewer=call.me).get(post_id)
    if seen is None or seen.author_id != call.me:
        raise nothing()


def _edit(tx: Connection, call: Call, post_id: int, wish: Wish, people: Mapping[str, int]) -> Status:
    call = _within(call)
    _own(tx, call, post_id)
    pictures = uploaded.several(tx, ids=wish.media, owner_id=call.person, other_id=call.me)
    if len(pictures) < len(wish.media) or any(each.post_id not in {None, post_id} for each in pictures):
        raise Invalid("Media not found or already attached")
    _describe(tx, call, post_id)
    had = source_of(tx, post_id)
    change = Change(
        text=wish.text,
        title=had.title,
        warning=wish.warning or None,
        language=wish.language or had.language or wishes.USUAL_LANGUAGE,
        sensitive=bool(wish.sensitive),
        poll=wish.poll,
        quote_policy=wish.policy or had.quote_policy,
        # A resource has its files instead of pictures, and what it is stays as it is.
        media=None if resources.cards(tx, [post_id]) else tuple(each.key for each in pictures),
        drops_poll=True,
    )
    if call.who.is_as_handle:
        adopted = tuple(each.key for each in pictures if each.owner_id != call.me)
        handles.adopt(tx, keys=adopted, from_id=call.person, to_id=call.me)
        handles.edit(tx, call.here, handle_id=call.me, by_id=call.person, post_id=post_id, change=change, people=people)
    else:
        posts.edit(tx, call.here, editor_id=call.me, post_id=post_id, change=change, people=people)
    return statuses.one(tx, call, post_id)


def _describe(tx: Connection, call: Call, post_id: int) -> None:
    """Other words under pictures, or another point to keep in sight (`media_attributes`)."""
    said = {each.text("id"): each for each in call.params.each("media_attributes")}
    wanted = Params({"ids": list(said)}).ids("ids")
    for row in uploaded.several(tx, ids=wanted, owner_id=call.person, other_id=call.me):
        if row.post_id in {None, post_id}:
            describe(tx, call, row, said[str(row.id)])


def describe(tx: Connection, call: Call, row: Uploaded, said: Params) -> None:
    """What is not said stays as it was."""
    alt = said.text("description", row.alt)
    if len(alt) > media.LONGEST_ALT:
        raise Invalid(f"Validation failed: Description is too long (maximum is {media.LONGEST_ALT} characters)")
    known = (row.focal_x, row.focal_y) if row.focal_x is not None and row.focal_y is not None else None
    media.describe_attached(
        tx,
        call.here,
        owner_id=row.owner_id,
        key=row.key,
        post_id=row.post_id,
        alt=alt,
        focal=wishes.focus(said) or known,
    )


class _Again(msgspec.Struct, frozen=True):
    """What an app needs to write it once more."""

    text: str


@routes.writes("DELETE", "/api/v1/statuses/{id}", scope="write:statuses", rate=Rate.DELETES)
def delete(tx: Connection, call: Call) -> Status:
    """The post as it was, with its text. Its pictures can be used again for a day, unless `delete_media` is set."""
    found = target(tx, call)
    if found.boost_id is not None:
        return _take_back(tx, call, found.boost_id, found.post.id)
    post_id = found.post.id
    if found.post.author_id != call.me:
        raise nothing()
    shown, had = statuses.one(tx, call, post_id), source_of(tx, post_id)
    if not call.params.flag("delete_media"):
        media.let_go(tx, call.here, post_id=post_id)
    if call.who.is_as_handle:
        handles.delete(tx, call.here, handle_id=call.me, by_id=call.person, post_id=post_id)
    else:
        posts.delete(tx, call.here, by_id=call.me, post_id=post_id)
    return msgspec.Raw(bytes(shown)[:-1] + b"," + json.dumps(_Again(had.text))[1:])


def _take_back(tx: Connection, call: Call, boost_id: int, post_id: int) -> Status:
    if reading.boost_of(tx, post_id=post_id, actor_id=call.me) != boost_id:
        raise nothing()
    shown = statuses.one(tx, call, boost_id)
    if call.who.is_as_handle:
        kind, by = ReactionKind.BOOST, call.person
        handles.react(tx, call.here, handle_id=call.me, by_id=by, kind=kind, post_id=post_id, gives=False)
    else:
        reactions.remove(tx, call.here, kind=ReactionKind.BOOST, actor_id=call.me, post_id=post_id)
    return msgspec.Raw(bytes(shown)[:-1] + b',"text":""}')
