"""What somebody does with a post of others or their own: like it, boost it, keep it, pin it, hear no more of it."""

from typing import Final

from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.entities import statuses
from fedishare.api.entities.statuses import Status
from fedishare.api.routes import Routes
from fedishare.api.targets import target
from fedishare.core.errors import Invalid, Refused
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import ReactionKind
from fedishare.domain.permissions import Verb, may
from fedishare.queries import statuses as reading
from fedishare.services import bookmarks, handles, pins, reactions

routes: Final = Routes()


@routes.writes("POST", "/api/v1/statuses/{id}/favourite", scope="write:favourites")
def favourite(tx: Connection, call: Call) -> Status:
    return statuses.one(tx, call, _react(tx, call, ReactionKind.LIKE, gives=True))


@routes.writes("POST", "/api/v1/statuses/{id}/unfavourite", scope="write:favourites")
def unfavourite(tx: Connection, call: Call) -> Status:
    return statuses.one(tx, call, _react(tx, call, ReactionKind.LIKE, gives=False))


@routes.writes("POST", "/api/v1/statuses/{id}/reblog", scope="write:statuses")
def reblog(tx: Connection, call: Call) -> Status:
    """Answers with the boost, which has an id of its own and the post in it."""
    post_id = _react(tx, call, ReactionKind.BOOST, gives=True)
    return statuses.one(tx, call, reading.boost_of(tx, post_id=post_id, actor_id=call.me) or post_id)


@routes.writes("POST", "/api/v1/statuses/{id}/unreblog", scope="write:statuses")
def unreblog(tx: Connection, call: Call) -> Status:
    return statuses.one(tx, call, _react(tx, call, ReactionKind.BOOST, gives=False))


def _react(tx: Connection, call: Call, kind: ReactionKind, *, gives: bool) -> int:
    """Twice is once. Answers with the id of the post."""
    if gives and not may(call.who.role, Verb.REACT):
        raise Refused("This account may read, but not write.")
    post_id = target(tx, call).post.id
    if call.who.is_as_handle:
        handles.react(tx, call.here, handle_id=call.me, by_id=call.person, kind=kind, post_id=post_id, gives=gives)
    else:
        act = reactions.add if gives else reactions.remove
        act(tx, call.here, kind=kind, actor_id=call.me, post_id=post_id)
    return post_id


@routes.writes("POST", "/api/v1/statuses/{id}/bookmark", scope="write:bookmarks")
def bookmark(tx: Connection, call: Call) -> Status:
    post_id = target(tx, call).post.id
    bookmarks.keep(tx, call.here, actor_id=call.me, post_id=post_id)
    return statuses.one(tx, call, post_id)


@routes.writes("POST", "/api/v1/statuses/{id}/unbookmark", scope="write:bookmarks")
def unbookmark(tx: Connection, call: Call) -> Status:
    post_id = target(tx, call).post.id
    bookmarks.drop(tx, actor_id=call.me, post_id=post_id)
    return statuses.one(tx, call, post_id)


@routes.writes("POST", "/api/v1/statuses/{id}/mute", scope="write:mutes")
def mute(tx: Connection, call: Call) -> Status:
    post_id = target(tx, call).post.id
    bookmarks.hush(tx, call.here, actor_id=call.me, post_id=post_id)
    return statuses.one(tx, call, post_id)


@routes.writes("POST", "/api/v1/statuses/{id}/unmute", scope="write:mutes")
def unmute(tx: Connection, call: Call) -> Status:
    post_id = target(tx, call).post.id
    bookmarks.hear(tx, actor_id=call.me, post_id=post_id)
    return statuses.one(tx, call, post_id)


@routes.writes("POST", "/api/v1/statuses/{id}/pin", scope="write:accounts")
def pin(tx: Connection, call: Call) -> Status:
    post = target(tx, call).post
    if post.author_id != call.me:
        raise Invalid("Validation failed: Someone else's post cannot be pinned")
    if statuses.plainly(tx, call, post.id).visibility in {Visibility.MENTIONED, Visibility.ROOM}:
        raise Invalid("Validation failed: Posts that are only visible to some users cannot be pinned")
    _admit(tx, call)
    pins.pin(tx, call.here, actor_id=call.me, post_id=post.id)
    return statuses.one(tx, call, post.id)


@routes.writes("POST", "/api/v1/statuses/{id}/unpin", scope="write:accounts")
def unpin(tx: Connection, call: Call) -> Status:
    post = target(tx, call).post
    _admit(tx, call)
    pins.unpin(tx, call.here, actor_id=call.me, post_id=post.id)
    return statuses.one(tx, call, post.id)


def _admit(tx: Connection, call: Call) -> None:
    if call.who.is_as_handle:
        handles.admit(tx, handle_id=call.me, actor_id=call.person)
