"""The papers of meetings, kept with their posts; and taken into the business of a room if their author may say so.

A room of ours lets nobody in with a paper that is not theirs to write. Every node looks for itself
besides: who calls a meeting or writes its minutes looks after the room, or is its secretary.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, assert_never

import msgspec
from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, exists, select, update

from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import BigId, aliased, insert
from fedishare.db.follows import Follow
from fedishare.db.meetings import ActionPoint, ActionReport, AgendaItem, AgendaOrder, Meeting, Minutes
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.rooms import Steward
from fedishare.domain import days
from fedishare.domain.kinds import FollowState, NoticeKind, PaperKind
from fedishare.domain.papers import (
    ActionPaper,
    ItemPaper,
    MeetingPaper,
    MinutesPaper,
    OrderPaper,
    Paper,
    ReportPaper,
)
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import JudgePaper
from fedishare.queries import papers, sight
from fedishare.services import notices

KINDS: Final[dict[type[Paper], PaperKind]] = {
    MeetingPaper: PaperKind.MEETING,
    ItemPaper: PaperKind.ITEM,
    OrderPaper: PaperKind.ORDER,
    MinutesPaper: PaperKind.MINUTES,
    ReportPaper: PaperKind.REPORT,
}
TABLES: Final[dict[PaperKind, Any]] = {
    PaperKind.MEETING: Meeting,
    PaperKind.ITEM: AgendaItem,
    PaperKind.ORDER: AgendaOrder,
    PaperKind.MINUTES: Minutes,
    PaperKind.REPORT: ActionReport,
}
# What only those say who run a meeting; the rest is for every member.
OFFICIAL: Final = (MeetingPaper, OrderPaper, MinutesPaper)
MOST_STRANGERS: Final = 30
NOT_YOURS: Final = "Only those who look after the room, or its secretary, can call a meeting or publish minutes."
NOT_IN_IT: Final = "Only members of the room can add to its agenda."

_room: Final[Any] = aliased(Actor)
_author: Final[Any] = aliased(Actor)
_post: Final[BindParameter[int]] = bindparam("post", type_=BigId)
MARK: Final = update(Post).where(Post.id == _post).values(paper=bindparam("is_a"))
MARKED: Final = select(Post.paper).where(Post.id == _post)
KEEP: Final[dict[PaperKind, Any]] = {kind: insert(table) for kind, table in TABLES.items()}
DROP: Final[dict[PaperKind, Any]] = {
    kind: delete(table).where(table.post_id == _post) for kind, table in TABLES.items()
}
TAKE: Final[dict[PaperKind, Any]] = {
    kind: update(table)
    .where(table.post_id == _post, table.room_id.is_(None))
    .values(room_id=bindparam("room"))
    .returning(table.post_id)
    for kind, table in TABLES.items()
}
IN_ROOM: Final[dict[PaperKind, Any]] = {
    kind: select(table.room_id).where(table.post_id == _post) for kind, table in TABLES.items()
}
CASE: Final = (
    select(
        Post.id,
        Post.uri,
        Post.paper,
        Post.author_id,
        _author.uri.label("author_uri"),
        Post.room_id,
        _room.uri.label("room_uri"),
        _room.local.label("room_is_local"),
        _room.name.label("room_name"),
    )
    .select_from(Post)
    .join(_author, _author.id == Post.author_id)
    .join(_room, _room.id == Post.room_id)
    .where(Post.id == _post, Post.deleted_at.is_(None), Post.paper.is_not(None))
)
IS_STEWARD: Final = select(exists().where(Steward.room_id == bindparam("room"), Steward.actor_id == bindparam("actor")))
IS_MEMBER: Final = select(
    exists().where(
        Follow.follower_id == bindparam("actor"),
        Follow.followee_id == bindparam("room"),
        Follow.state == FollowState.ACCEPTED,
    )
)
_meetings: Final = (
    select(Meeting.secretary_uri)
    .join(Post, Post.id == Meeting.post_id)
    .where(Meeting.room_id == bindparam("room"), Post.room_id == Meeting.room_id, Post.deleted_at.is_(None))
)
# The secretary of a room is whom its latest meeting names.
SECRETARY: Final = _meetings.where(Meeting.post_id != _post).order_by(Post.published_at.desc(), Post.id.desc()).limit(1)
SECRETARY_OF: Final = _meetings.where(Post.uri == bindparam("meeting"))
DROP_ACTIONS: Final = delete(ActionPoint).where(
    ActionPoint.post_id == _post, ActionPoint.uri.not_in(bindparam("kept", expanding=True))
)
_action = insert(ActionPoint)
KEEP_ACTION: Final = _action.on_conflict_do_update(
    index_elements=["uri"],
    set_={
        name: getattr(_action.excluded, name)
        for name in ("headline", "owner_uri", "owner_name", "owner_id", "due", "is_done")
    },
)
OWNERS: Final = select(Actor.uri, Actor.id).where(
    Actor.uri.in_(bindparam("uris", expanding=True)), Actor.deleted_at.is_(None)
)
# An owner whom we got to know after the minutes came.
MEET: Final = (
    update(ActionPoint)
    .where(ActionPoint.post_id == _post, ActionPoint.owner_id.is_(None))
    .values(owner_id=select(Actor.id).where(Actor.uri == ActionPoint.owner_uri).scalar_subquery())
)
DUTIES: Final = select(ActionPoint.uri, ActionPoint.headline, ActionPoint.owner_id, ActionPoint.due).where(
    ActionPoint.post_id == _post, ActionPoint.owner_id.is_not(None), ~ActionPoint.is_done
)
OWNER_OF: Final = select(ActionPoint.owner_id).where(ActionPoint.uri == bindparam("action"))
WAITING: Final = (
    select(Minutes.post_id)
    .where(Minutes.meeting_uri == bindparam("named"), Minutes.room_id.is_(None))
    .union_all(
        select(AgendaOrder.post_id).where(AgendaOrder.meeting_uri == bindparam("named"), AgendaOrder.room_id.is_(None))
    )
)
UNHEARD: Final = select(ActionReport.post_id).where(
    ActionReport.action_uri.in_(bindparam("uris", expanding=True)), ActionReport.room_id.is_(None)
)
UNSETTLE: Final = update(AgendaItem).where(AgendaItem.settled_by_id == _post).values(settled_by_id=None)
SETTLE: Final = (
    update(AgendaItem)
    .where(AgendaItem.room_id == bindparam("room"))
    .where(AgendaItem.post_id.in_(select(Post.id).where(Post.uri.in_(bindparam("uris", expanding=True)))))
    .values(settled_by_id=bindparam("minutes"))
)
MINUTES_OF_ROOM: Final = (
    select(Minutes.post_id, Minutes.record)
    .select_from(Minutes)
    .join(Post, Post.uri == bindparam("named"))
    .join(AgendaItem, AgendaItem.post_id == Post.id)
    .where(Minutes.room_id == bindparam("room"), Minutes.meeting_uri == AgendaItem.meeting_uri)
)
UNORDER: Final = update(AgendaItem).where(AgendaItem.meeting_uri == bindparam("meeting")).values(position=None)
PLACE: Final = (
    update(AgendaItem)
    .where(AgendaItem.room_id == bindparam("room"))
    .where(AgendaItem.post_id == select(Post.id).where(Post.uri == bindparam("named")).scalar_subquery())
    .values(position=bindparam("place"))
)
MEMBERS_HERE: Final = (
    select(Account.actor_id)
    .join(Follow, Follow.follower_id == Account.actor_id)
    .where(Follow.followee_id == bindparam("room"), Follow.state == FollowState.ACCEPTED)
    .where(Account.disabled_at.is_(None), Account.actor_id != bindparam("author"))
)


class Missing(NamedTuple):
    """A room elsewhere whose list has to say whether somebody looks after it."""

    room_uri: str


def keep(tx: Connection, here: Here, *, post_id: int, uri: str, paper: Paper, is_new: bool) -> None:
    """Keep what a post says beside its text. An edit tells it anew, but makes nothing a paper that was none."""
    kind = KINDS[type(paper)]
    if is_new:
        tx.execute(MARK, {"post": post_id, "is_a": kind})
    elif tx.scalar(MARKED, {"post": post_id}) != kind:
        return
    room_id = None if is_new else tx.scalar(IN_ROOM[kind], {"post": post_id})
    tx.execute(DROP[kind], {"post": post_id})
    tx.execute(KEEP[kind], {"post_id": post_id, "room_id": room_id} | _facts(paper))
    if isinstance(paper, MinutesPaper):
        _keep_actions(tx, here, post_id, uri, paper.actions)


def _facts(paper: Paper) -> dict[str, Any]:
    match paper:
        case MeetingPaper():
            facts = {"starts": paper.starts, "place": paper.place, "note": paper.note, "secretary_uri": paper.secretary}
            return facts | {"is_cancelled": paper.is_cancelled}
        case ItemPaper():
            return {"headline": paper.headline, "meeting_uri": paper.meeting}
        case OrderPaper():
            return {"meeting_uri": paper.meeting, "items": list(paper.items)}
        case MinutesPaper():
            return {"meeting_uri": paper.meeting, "record": msgspec.to_builtins(paper.record)}
        case ReportPaper():
            return {"action_uri": paper.action}
        case _:
            assert_never(paper)


def _keep_actions(tx: Connection, here: Here, post_id: int, uri: str, actions: Sequence[ActionPaper]) -> None:
    # An action lives in its minutes, or somebody's minutes could take over those of others.
    own = [action for action in actions if action.uri.startswith(f"{uri}#")]
    tx.execute(DROP_ACTIONS, {"post": post_id, "kept": [action.uri for action in own]})
    owners: dict[str, int] = {
        row.uri: row.id for row in tx.execute(OWNERS, {"uris": [action.owner for action in own]}) if own
    }
    for action in own:
        row = {"id": here.ids.new(), "uri": action.uri, "post_id": post_id, "headline": action.headline}
        row |= {"owner_uri": action.owner, "owner_name": action.owner_name, "due": action.due}
        tx.execute(KEEP_ACTION, row | {"owner_id": owners.get(action.owner), "is_done": action.is_done})


def why_not(tx: Connection, *, room_id: int, author_id: int, author_uri: str, paper: Paper) -> str | None:
    """What keeps somebody from bringing a paper into a room of ours, in words for them."""
    if isinstance(paper, OFFICIAL):
        is_theirs = _may_say(tx, room_id=room_id, author_id=author_id, author_uri=author_uri, post_id=0, paper=paper)
        return None if is_theirs else NOT_YOURS
    return None if tx.scalar(IS_MEMBER, {"actor": author_id, "room": room_id}) else NOT_IN_IT


def may_run(tx: Connection, *, room_id: int, actor_id: int, actor_uri: str, meeting: str | None = None) -> bool:
    """Whether somebody looks after the room, or is the secretary of `meeting`, or without one of the latest."""
    if tx.scalar(IS_STEWARD, {"room": room_id, "actor": actor_id}):
        return True
    if meeting is None:
        return tx.scalar(SECRETARY, {"room": room_id, "post": 0}) == actor_uri
    return tx.scalar(SECRETARY_OF, {"room": room_id, "meeting": meeting}) == actor_uri


def _may_say(tx: Connection, *, room_id: int, author_id: int, author_uri: str, post_id: int, paper: Paper) -> bool:
    match paper:
        case MeetingPaper():
            if tx.scalar(IS_STEWARD, {"room": room_id, "actor": author_id}):
                return True
            return tx.scalar(SECRETARY, {"room": room_id, "post": post_id}) == author_uri
        case OrderPaper() | MinutesPaper():
            return may_run(tx, room_id=room_id, actor_id=author_id, actor_uri=author_uri, meeting=paper.meeting)
        case ItemPaper():
            return True  # The room let it in, and knows its members.
        case ReportPaper():
            return tx.scalar(OWNER_OF, {"action": paper.action}) == author_id
        case _:
            assert_never(paper)


def missing(tx: Connection, *, post_id: int) -> Missing | None:
    """The room elsewhere that has to be asked who looks after it, before a paper can be judged."""
    found = _case(tx, post_id)
    if found is None or found[0].room_is_local or not isinstance(found[1], OFFICIAL):
        return None
    return None if _is_in(tx, *found) or _may(tx, *found) else Missing(found[0].room_uri)


def strangers(tx: Connection, *, post_id: int) -> tuple[str, ...]:
    """Whom a paper that is taken for what it says names, and we do not know: its secretary, or owners of actions."""
    found = _case(tx, post_id)
    if found is None or not (_is_in(tx, *found) or _may(tx, *found)):
        return ()
    match found[1]:
        case MeetingPaper(secretary=str(uri)):
            named = [uri]
        case MinutesPaper(actions=actions):
            named = list(dict.fromkeys(action.owner for action in actions))[:MOST_STRANGERS]
        case _:
            return ()
    known = {row.uri for row in tx.execute(OWNERS, {"uris": named})} if named else set()
    return tuple(uri for uri in named if uri not in known)


def settle(tx: Connection, here: Here, *, post_id: int) -> bool:
    """Take a paper for what it says, with all that follows, once or twice alike. False if it may not say so."""
    found = _case(tx, post_id)
    if found is None:
        return False
    case, paper = found
    if not _is_in(tx, case, paper):
        if not _may(tx, case, paper):
            return False
        is_new = tx.execute(TAKE[KINDS[type(paper)]], {"post": post_id, "room": case.room_id}).scalar() is not None
    else:
        is_new = False
    _apply(tx, here, case, paper, is_new=is_new)
    return True


def _case(tx: Connection, post_id: int) -> tuple[Row[*tuple[Any, ...]], Paper] | None:
    row = tx.execute(CASE, {"post": post_id}).one_or_none()
    paper = papers.paper(tx, post_id=post_id, kind=row.paper) if row is not None else None
    return (row, paper) if row is not None and paper is not None else None


def _is_in(tx: Connection, case: Row[*tuple[Any, ...]], paper: Paper) -> bool:
    return bool(tx.scalar(IN_ROOM[KINDS[type(paper)]], {"post": case.id}) == case.room_id)


def _may(tx: Connection, case: Row[*tuple[Any, ...]], paper: Paper) -> bool:
    return _may_say(
        tx,
        room_id=case.room_id,
        author_id=case.author_id,
        author_uri=case.author_uri,
        post_id=case.id,
        paper=paper,
    )


def _apply(tx: Connection, here: Here, case: Row[*tuple[Any, ...]], paper: Paper, *, is_new: bool) -> None:
    match paper:
        case MeetingPaper():
            _judge_again(tx, here, tx.scalars(WAITING, {"named": case.uri}).all())
        case ItemPaper():
            _settle_late(tx, case)
        case OrderPaper():
            put_in_order(tx, room_id=case.room_id, paper=paper)
        case MinutesPaper():
            _minute(tx, here, case, paper, is_new=is_new)
        case ReportPaper():
            pass
        case _:
            assert_never(paper)


def _judge_again(tx: Connection, here: Here, post_ids: Sequence[int]) -> None:
    """What came before the thing that makes it good."""
    for post_id in post_ids:
        enqueue(tx, JudgePaper(post_id), due=here.now())


def _settle_late(tx: Connection, case: Row[*tuple[Any, ...]]) -> None:
    """An item that came after the minutes that tell of it."""
    for row in tx.execute(MINUTES_OF_ROOM, {"named": case.uri, "room": case.room_id}).all():
        if case.uri in {part.item for part in papers.record(row.record).parts}:
            tx.execute(SETTLE, {"room": case.room_id, "uris": [case.uri], "minutes": row.post_id})


def put_in_order(tx: Connection, *, room_id: int, paper: OrderPaper) -> None:
    tx.execute(UNORDER, {"meeting": paper.meeting})
    for place, uri in enumerate(paper.items, start=1):
        tx.execute(PLACE, {"room": room_id, "named": uri, "place": place})


def _minute(tx: Connection, here: Here, case: Row[*tuple[Any, ...]], paper: MinutesPaper, *, is_new: bool) -> None:
    tx.execute(UNSETTLE, {"post": case.id})
    reached = [part.item for part in paper.record.parts if part.item]
    tx.execute(SETTLE, {"room": case.room_id, "uris": reached, "minutes": case.id})
    _judge_again(tx, here, tx.scalars(UNHEARD, {"uris": [action.uri for action in paper.actions]}).all())
    tx.execute(MEET, {"post": case.id})
    for duty in tx.execute(DUTIES, {"post": case.id}).all():
        if not sight.may_see(tx, post_id=case.id, viewer=duty.owner_id):
            continue  # What a private room noted for somebody outside it stays in there.
        due = f", by {days.spoken(duty.due)}" if duty.due else ""
        notices.tell(
            tx,
            here,
            recipient_id=duty.owner_id,
            kind=NoticeKind.ACTION,
            actor_id=case.author_id,
            cause=f"{duty.uri} {duty.due or ''}",
            post_id=case.id,
            line=f"{duty.headline}{due}",
        )
        # They are named in the minutes for this reason alone.
        notices.withdraw(tx, recipient_id=duty.owner_id, kind=NoticeKind.MENTION, cause=case.uri)
    if is_new:
        ears = tx.scalars(MEMBERS_HERE, {"room": case.room_id, "author": case.author_id}).all()
        notices.spread(
            tx, here, ears=ears, kind=NoticeKind.MINUTES, actor_id=case.room_id, cause=case.uri, post_id=case.id
        )


def take_along(tx: Connection, here: Here, *, post_id: int, room_id: int) -> None:
    """A paper of a room that moved here: its old home let it in, so it is no longer asked whose it was to write."""
    kind = tx.scalar(MARKED, {"post": post_id})
    if kind is not None:
        tx.execute(TAKE[kind], {"post": post_id, "room": room_id})
        judge_later(tx, here, post_id=post_id)


def judge_later(tx: Connection, here: Here, *, post_id: int) -> None:
    """A paper came into its room, or tells something new."""
    enqueue(tx, JudgePaper(post_id), due=here.now())
