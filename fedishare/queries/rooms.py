"""Staffrooms as pages show them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, case, exists, func, or_, select

from fedishare.db.base import aliased
from fedishare.db.follows import Follow, Mute
from fedishare.db.nodes import Node
from fedishare.db.people import Actor
from fedishare.db.rooms import Invitation, Member, Past, Room, RulesAcceptance, Steward, Topic, Watch
from fedishare.domain import membership
from fedishare.domain.kinds import Access, FollowState, Kind, Level, StewardRole
from fedishare.queries.cards import Face, face, face_columns
from fedishare.queries.privacy import is_private_room


class RoomLine(NamedTuple):
    face: Face
    summary: str
    members_count: int
    is_private: bool = False


class RoomFacts(NamedTuple):
    rules: str
    members_count: int
    stewards: tuple[Face, ...]
    access: Access
    rules_version: int
    # Of a room that moved here, whether what was in it before is here; None for any other.
    has_past: bool | None = None


class MemberLine(NamedTuple):
    """Somebody in a room. `actor_id` is 0 for a member of a room elsewhere whom this node has not met."""

    actor_id: int
    uri: str
    handle: str
    name: str
    school: str
    role: str
    local: bool


class OpenInvitation(NamedTuple):
    """One that nobody has taken up yet: for `person`, or by a link."""

    id: int
    person: Face | None
    expires_at: datetime


class Settled(NamedTuple):
    """`posting` is who may begin conversations: "members", "moderators", or everybody."""

    rules: str
    access: Access
    posting: str
    topics: list[str]


class Terms(NamedTuple):
    """What somebody sees before they join."""

    room_id: int
    access: Access
    rules: str
    rules_version: int
    accepted_version: int | None
    is_invited: bool


_member: Final[Any] = aliased(Actor)
# Rooms that are linked with this one follow it, and are no members.
_members = (
    select(func.count())
    .select_from(Follow)
    .join(_member, _member.id == Follow.follower_id)
    .where(Follow.followee_id == Actor.id, Follow.state == FollowState.ACCEPTED, _member.kind != Kind.GROUP)
    .correlate(Actor)
    .scalar_subquery()
)
_line = select(*face_columns(Actor), Actor.summary, _members, is_private_room().label("is_private")).where(
    Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None), Actor.suspended_at.is_(None)
)
MINE: Final = (
    _line.join(Follow, Follow.followee_id == Actor.id)
    .where(Follow.follower_id == bindparam("actor"), Follow.state == FollowState.ACCEPTED)
    .order_by(Actor.name)
)
PUBLIC: Final = _line.where(Actor.local, ~is_private_room()).order_by(Actor.name).limit(100)
FACTS: Final = (
    select(
        Room.rules,
        _members,
        Actor.locked,
        Actor.discoverable,
        Room.rules_version,
        case((Past.room_id.is_not(None), Past.ended_at.is_not(None))).label("has_past"),
        Actor.local,
        Actor.summary,
    )
    .select_from(Actor)
    .outerjoin(Room, Room.actor_id == Actor.id)
    .outerjoin(Past, Past.room_id == Actor.id)
    .where(Actor.id == bindparam("room"))
)
STEWARDS: Final = (
    select(*face_columns(Actor))
    .join(Steward, Steward.actor_id == Actor.id)
    .where(Steward.room_id == bindparam("room"))
    .order_by(Actor.id)
)

MOST_MEMBERS: Final = 5_000
_ROLE_ORDER: Final = case((Steward.role == StewardRole.OWNER, 0), (Steward.role == StewardRole.MODERATOR, 1), else_=2)
MEMBERS: Final = (
    select(
        Actor.id,
        Actor.uri,
        Actor.username,
        Actor.domain,
        Actor.name,
        Actor.host,
        Actor.local,
        Node.called.label("school"),
        Steward.role,
    )
    .join(Follow, Follow.follower_id == Actor.id)
    .outerjoin(Steward, and_(Steward.room_id == Follow.followee_id, Steward.actor_id == Actor.id))
    .outerjoin(Node, Node.host == Actor.host)
    .where(Follow.followee_id == bindparam("room"), Follow.state == FollowState.ACCEPTED)
    .where(Actor.deleted_at.is_(None), Actor.suspended_at.is_(None), Actor.kind != Kind.GROUP)
    .order_by(_ROLE_ORDER, func.lower(Actor.name), Actor.id)
    .limit(bindparam("most"))
)
LISTED: Final = (
    select(Actor.id, Member.uri, Member.handle, Member.name, Member.school, Member.role, Actor.local)
    .outerjoin(Actor, Actor.uri == Member.uri)
    .where(Member.room_id == bindparam("room"))
    .order_by(case((Member.role == "owner", 0), (Member.role == "moderator", 1), else_=2), func.lower(Member.name))
)
REQUESTS: Final = (
    select(*face_columns(Actor))
    .join(Follow, Follow.follower_id == Actor.id)
    .where(Follow.followee_id == bindparam("room"), Follow.state == FollowState.REQUESTED, Actor.kind != Kind.GROUP)
    .order_by(Follow.id)
    .limit(200)
)
INVITATIONS: Final = (
    select(Invitation.id, Invitation.expires_at, *face_columns(Actor))
    .outerjoin(Actor, Actor.id == Invitation.actor_id)
    .where(Invitation.room_id == bindparam("room"), Invitation.expires_at > bindparam("now"))
    .order_by(Invitation.id.desc())
)
SETTLED: Final = (
    select(Room.rules, Room.members_only_posting, Room.stewards_only_posting, Actor.locked, Actor.discoverable)
    .join(Actor, Actor.id == Room.actor_id)
    .where(Room.actor_id == bindparam("room"))
)
TOPICS: Final = select(Topic.label).where(Topic.room_id == bindparam("room")).order_by(Topic.position)
TOPICS_OF: Final = (
    select(Topic.room_id, Topic.label)
    .where(Topic.room_id.in_(bindparam("rooms", expanding=True)))
    .order_by(Topic.room_id, Topic.position)
)
LEVEL: Final = select(
    exists().where(Watch.room_id == bindparam("room"), Watch.actor_id == bindparam("actor")),
    exists().where(Mute.muted_id == bindparam("room"), Mute.muter_id == bindparam("actor")),
)
MOST_IN_SWITCHER: Final = 15
SWITCHER: Final = (
    select(*face_columns(Actor))
    .join(Follow, Follow.followee_id == Actor.id)
    .where(Follow.follower_id == bindparam("actor"), Follow.state == FollowState.ACCEPTED)
    .where(Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None), Actor.suspended_at.is_(None))
    .order_by(func.lower(Actor.name))
    .limit(MOST_IN_SWITCHER)
)
LOOKS_AFTER: Final = select(
    or_(
        exists().where(Steward.room_id == bindparam("room"), Steward.actor_id == bindparam("actor")),
        exists().where(
            Member.room_id == bindparam("room"),
            Member.uri == select(Actor.uri).where(Actor.id == bindparam("actor")).scalar_subquery(),
            Member.role.in_(("owner", "moderator")),
        ),
    )
)
TERMS: Final = (
    select(
        Actor.locked,
        Actor.discoverable,
        Actor.local,
        Actor.summary,
        Room.rules,
        Room.rules_version,
        RulesAcceptance.version,
        Invitation.id.label("invitation"),
    )
    .select_from(Actor)
    .outerjoin(Room, Room.actor_id == Actor.id)
    .outerjoin(
        RulesAcceptance,
        and_(RulesAcceptance.room_id == Actor.id, RulesAcceptance.actor_id == bindparam("actor")),
    )
    .outerjoin(
        Invitation,
        and_(
            Invitation.room_id == Actor.id,
            Invitation.actor_id == bindparam("actor"),
            Invitation.expires_at > bindparam("now"),
        ),
    )
    .where(Actor.id == bindparam("room"), Actor.kind == Kind.GROUP, Actor.deleted_at.is_(None))
)


def mine(tx: Connection, *, actor_id: int) -> list[RoomLine]:
    """The rooms somebody is in, here and elsewhere, by name."""
    return [_room_line(row) for row in tx.execute(MINE, {"actor": actor_id})]


def public(tx: Connection) -> list[RoomLine]:
    """The rooms of this node that anybody may join."""
    return [_room_line(row) for row in tx.execute(PUBLIC)]


def facts(tx: Connection, *, room_id: int) -> RoomFacts:
    """What a room's page says beside its posts. A room elsewhere has the members we know of."""
    row = tx.execute(FACTS, {"room": room_id}).one()
    stewards = tuple(face(each) for each in tx.execute(STEWARDS, {"room": room_id}))
    access = membership.access(locked=row.locked, discoverable=row.discoverable)
    rules, version = _rules(row)
    return RoomFacts(rules, row[1], stewards, access, version, row.has_past)


def members(tx: Connection, *, room_id: int, own_school: str) -> list[MemberLine]:
    """Who is in a room of ours, owners first; schools are called as their nodes call themselves."""
    rows = tx.execute(MEMBERS, {"room": room_id, "most": MOST_MEMBERS})
    return [
        MemberLine(
            row.id,
            row.uri,
            f"{row.username}@{row.domain}",
            row.name or row.username,
            own_school if row.local else row.school or row.host,
            str(row.role or "member"),
            row.local,
        )
        for row in rows
    ]


def listed_members(tx: Connection, *, room_id: int) -> list[MemberLine]:
    """Who is in a room elsewhere, as it told us. A line that was only just added has no handle yet."""
    return [MemberLine(row[0] or 0, *row[1:6], bool(row[6])) for row in tx.execute(LISTED, {"room": room_id})]


def requests(tx: Connection, *, room_id: int) -> list[Face]:
    """Who asks to join and waits for an answer, whoever waits longest first."""
    return [face(row) for row in tx.execute(REQUESTS, {"room": room_id})]


def invitations(tx: Connection, *, room_id: int, now: datetime) -> list[OpenInvitation]:
    return [
        OpenInvitation(row[0], face(row[2:]) if row[2] is not None else None, row[1])
        for row in tx.execute(INVITATIONS, {"room": room_id, "now": now})
    ]


def settled(tx: Connection, *, room_id: int) -> Settled:
    """How a room of ours is set up, for those who may change it."""
    row = tx.execute(SETTLED, {"room": room_id}).one()
    posting = "moderators" if row.stewards_only_posting else "members" if row.members_only_posting else ""
    access = membership.access(locked=row.locked, discoverable=row.discoverable)
    return Settled(row.rules, access, posting, topics(tx, room_id=room_id))


def topics(tx: Connection, *, room_id: int) -> list[str]:
    """What a room, here or elsewhere, sorts its posts by, in its own order."""
    return list(tx.scalars(TOPICS, {"room": room_id}))


def topics_of(tx: Connection, *, room_ids: Collection[int]) -> dict[int, list[str]]:
    """The same of several rooms, in one statement or none."""
    found: dict[int, list[str]] = {}
    for room_id, label in tx.execute(TOPICS_OF, {"rooms": list(room_ids)}) if room_ids else ():
        found.setdefault(room_id, []).append(label)
    return found


def level(tx: Connection, *, room_id: int, actor_id: int) -> Level:
    """How much somebody wants to hear of a room."""
    watches, muted = tx.execute(LEVEL, {"room": room_id, "actor": actor_id}).one()
    return Level.NOTHING if muted else Level.ALL if watches else Level.MENTIONS


def switcher(tx: Connection, *, actor_id: int) -> list[Face]:
    """The rooms somebody is in, by name, for those who are in several."""
    return [face(row) for row in tx.execute(SWITCHER, {"actor": actor_id})]


def looks_after(tx: Connection, *, room_id: int, actor_id: int) -> bool:
    """Whether somebody of ours looks after a room elsewhere, as the room says in either of its lists."""
    return bool(tx.scalar(LOOKS_AFTER, {"room": room_id, "actor": actor_id}))


def terms(tx: Connection, *, room_id: int, actor_id: int, now: datetime) -> Terms | None:
    """What a room asks of whoever joins; nothing for what is no room."""
    row = tx.execute(TERMS, {"room": room_id, "actor": actor_id, "now": now}).first()
    if row is None:
        return None
    access = membership.access(locked=row.locked, discoverable=row.discoverable)
    rules, version = _rules(row)
    return Terms(room_id, access, rules, version, row.version, row.invitation is not None)


def _rules(row: Any) -> tuple[str, int]:
    """The rules of a room, and which version they are. A room elsewhere tells them in its summary."""
    if row.local:
        return row.rules or "", row.rules_version or 0
    rules = membership.rules_in(row.summary)
    return rules, membership.rules_version(rules) if rules else 0


def _room_line(row: tuple[object, ...]) -> RoomLine:
    *columns, summary, members, is_private = row
    return RoomLine(face(columns), str(summary), int(str(members)), bool(is_private))
