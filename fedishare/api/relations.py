"""Following, blocking and muting; who asks to follow; and what one notes about somebody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedishare.api import acting
from fedishare.api.accounts import lines, listed
from fedishare.api.calls import Answer, Call
from fedishare.api.entities import accounts, relations
from fedishare.api.entities.relations import Relationship
from fedishare.api.routes import Plain, Routes
from fedishare.core.errors import Invalid, NotFound
from fedishare.domain.kinds import FollowState
from fedishare.queries import relations as reading
from fedishare.services import follows, handles, hearing, membership, mutes, remarks

MOST_AT_ONCE: Final = 100
LONGEST_MUTE: Final = 10 * 366 * 24 * 3600

routes: Final = Routes()


@routes.reads("GET", "/api/v1/accounts/relationships", scope="read:follows")
def show(tx: Connection, call: Call) -> list[Relationship]:
    wanted = call.params.ids("id")[:MOST_AT_ONCE]
    known = {int(each.id) for each in accounts.present(tx, call, wanted)}
    return relations.many(tx, call, [each for each in wanted if each in known])


@routes.writes("POST", "/api/v1/accounts/{id}/follow", scope="write:follows")
def follow(tx: Connection, call: Call) -> Relationship:
    """Join a room the same way; one with rules asks for them on its page."""
    who = accounts.one(tx, call, call.id())
    other = int(who.id)
    if reading.standings(tx, me=call.me, others=[other])[other].following is None:
        if call.who.is_as_handle:
            handles.follow(tx, call.here, handle_id=call.me, by_id=call.person, followee_id=other)
        else:
            membership.follow(tx, call.here, follower_id=call.me, followee_id=other)
    _wish(tx, call, other, is_room=who.group)
    return relations.one(tx, call, other)


def _wish(tx: Connection, call: Call, other: int, *, is_room: bool) -> None:
    """What is wanted of the follow. What was not said stays as it is."""
    said, me = call.params, acting.me(tx, call)
    boosts, notify = said.flag("reblogs"), said.flag("notify")
    if boosts is not None:
        hearing.show_boosts(tx, follower_id=me, followee_id=other, wanted=boosts)
    if notify is not None and is_room:
        membership.watch(tx, room_id=other, actor_id=me, wanted=notify)
    elif notify is not None:
        hearing.notify(tx, follower_id=me, followee_id=other, wanted=notify)
    if "languages" in said:
        hearing.choose_languages(tx, follower_id=me, followee_id=other, languages=said.texts("languages"))


@routes.writes("POST", "/api/v1/accounts/{id}/note", scope="write:accounts")
def note(tx: Connection, call: Call) -> Relationship:
    other = _somebody(tx, call)
    remarks.note(tx, by_id=acting.me(tx, call), about_id=other, text=call.params.text("comment"))
    return relations.one(tx, call, other)


def _unfollow(tx: Connection, call: Call, me: int, other: int) -> None:
    follows.undo(tx, call.here, follower_id=me, followee_id=other)


def _remove(tx: Connection, call: Call, me: int, other: int) -> None:
    follows.reject(tx, call.here, follower_id=other, followee_id=me)


def _block(tx: Connection, call: Call, me: int, other: int) -> None:
    follows.block(tx, call.here, blocker_id=me, blocked_id=other)


def _unblock(tx: Connection, call: Call, me: int, other: int) -> None:
    follows.unblock(tx, call.here, blocker_id=me, blocked_id=other)


def _mute(tx: Connection, call: Call, me: int, other: int) -> None:
    lasts, notices = call.params.whole("duration") or 0, call.params.flag("notifications")
    if not 0 <= lasts <= LONGEST_MUTE:
        raise Invalid("Validation failed: Duration is a number of seconds")
    ends_at = call.now + timedelta(seconds=lasts) if lasts else None
    mutes.mute(tx, call.here, muter_id=me, muted_id=other, notices=notices is not False, ends_at=ends_at)


def _unmute(tx: Connection, _call: Call, me: int, other: int) -> None:
    mutes.unmute(tx, muter_id=me, muted_id=other)


def _authorise(tx: Connection, call: Call, me: int, other: int) -> None:
    _refuse_unless_asking(tx, me, other)
    follows.accept(tx, call.here, follower_id=other, followee_id=me)


def _reject(tx: Connection, call: Call, me: int, other: int) -> None:
    _refuse_unless_asking(tx, me, other)
    follows.reject(tx, call.here, follower_id=other, followee_id=me)


def _refuse_unless_asking(tx: Connection, me: int, other: int) -> None:
    if reading.standings(tx, me=me, others=[other])[other].followed_by is not FollowState.REQUESTED:
        raise NotFound("Record not found")


def _changed(change: Callable[[Connection, Call, int, int], None]) -> Plain:
    """Do it to whoever the address names, and answer how the asker stands to them then."""

    def press(tx: Connection, call: Call) -> Relationship:
        other = _somebody(tx, call)
        change(tx, call, acting.me(tx, call), other)
        return relations.one(tx, call, other)

    return press


def _somebody(tx: Connection, call: Call) -> int:
    return int(accounts.one(tx, call, call.id()).id)


for _path, _scope, _change in (
    ("accounts/{id}/unfollow", "write:follows", _unfollow),
    ("accounts/{id}/remove_from_followers", "write:follows", _remove),
    ("accounts/{id}/block", "write:blocks", _block),
    ("accounts/{id}/unblock", "write:blocks", _unblock),
    ("accounts/{id}/mute", "write:mutes", _mute),
    ("accounts/{id}/unmute", "write:mutes", _unmute),
    ("follow_requests/{id}/authorize", "write:follows", _authorise),
    ("follow_requests/{id}/reject", "write:follows", _reject),
):
    routes.writes("POST", f"/api/v1/{_path}", scope=_scope)(_changed(_change))


@routes.reads("GET", "/api/v1/blocks", scope="read:blocks")
def blocks(tx: Connection, call: Call) -> Answer:
    return _mine(tx, call, reading.BLOCKS)


@routes.reads("GET", "/api/v1/mutes", scope="read:mutes")
def muted(tx: Connection, call: Call) -> Answer:
    page = call.page(usual=40, most=80)
    found = lines(tx, reading.MUTES, page, me=call.me)
    return listed(tx, call, page, found, shown=relations.muted(tx, call, [line.actor_id for line in found]))


@routes.reads("GET", "/api/v1/follow_requests", scope="read:follows")
def asking(tx: Connection, call: Call) -> Answer:
    return _mine(tx, call, reading.ASKING)


def _mine(tx: Connection, call: Call, pages: reading.Pages) -> Answer:
    page = call.page(usual=40, most=80)
    return listed(tx, call, page, lines(tx, pages, page, me=call.me))
