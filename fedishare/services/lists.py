"""Making and changing lists. What is somebody else's is as if it were not, and a room is changed as a room."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, exists, or_, select, update

from fedishare.core.errors import Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.db.base import insert, lock
from fedishare.db.follows import Follow
from fedishare.db.lists import List, ListMember
from fedishare.db.posts import Home, Post
from fedishare.domain.lists import RepliesPolicy
from fedishare.queries import lists
from fedishare.queries.lists import ListRow

LONGEST_TITLE: Final = 255
MOST_LISTS: Final = 100
MOST_MEMBERS: Final = 2_000

ADD: Final = insert(List)
CHANGE: Final = (
    update(List)
    .where(List.id == bindparam("row"))
    .values(title=bindparam("said"), replies_policy=bindparam("policy"), exclusive=bindparam("alone"))
)
REMOVE: Final = delete(List).where(List.id == bindparam("row"))
FOLLOWED: Final = select(Follow.id, Follow.followee_id).where(
    Follow.follower_id == bindparam("owner"), Follow.followee_id.in_(bindparam("ids", expanding=True))
)
PUT_ON: Final = insert(ListMember).on_conflict_do_nothing(index_elements=["list_id", "actor_id"])
TAKE_OFF: Final = delete(ListMember).where(
    ListMember.list_id == bindparam("row"), ListMember.actor_id.in_(bindparam("ids", expanding=True))
)
_on_it: Final[Any] = select(ListMember.actor_id).where(ListMember.list_id == bindparam("row"))
# What came into the home before they were to be read apart.
CLEAR_HOME: Final = delete(Home).where(
    Home.reader_id == bindparam("owner"),
    or_(
        Home.booster_id.in_(_on_it),
        and_(Home.booster_id.is_(None), exists().where(Post.id == Home.post_id, Post.author_id.in_(_on_it))),
    ),
)


class Wording(NamedTuple):
    title: str
    replies_policy: str
    exclusive: bool


def create(tx: Connection, here: Here, *, owner_id: int, wording: Wording) -> ListRow:
    """Raises Invalid for what cannot be a list."""
    said = _checked(wording)
    lock(tx, f"lists of {owner_id}")
    if sum(not row.is_room for row in lists.of(tx, owner_id=owner_id)) >= MOST_LISTS:
        raise Invalid(f"There can be no more than {MOST_LISTS} lists.")
    list_id = here.ids.new()
    row = {"id": list_id, "owner_id": owner_id, **said._asdict()}
    tx.execute(ADD, row | {"created_at": here.now()})
    return _own(tx, owner_id, list_id)


def change(tx: Connection, *, owner_id: int, list_id: int, wording: Wording) -> ListRow:
    """Raises NotFound for a list of nobody's or of somebody else's, and Refused for a room."""
    former = _changeable(tx, owner_id, list_id)
    said = _checked(wording)
    values = {"said": said.title, "policy": said.replies_policy, "alone": said.exclusive}
    tx.execute(CHANGE, {"row": list_id} | values)
    if said.exclusive and not former.exclusive:
        tx.execute(CLEAR_HOME, {"owner": owner_id, "row": list_id})
    return _own(tx, owner_id, list_id)


def remove(tx: Connection, *, owner_id: int, list_id: int) -> None:
    _changeable(tx, owner_id, list_id)
    tx.execute(REMOVE, {"row": list_id})


def put_on(tx: Connection, here: Here, *, owner_id: int, list_id: int, actor_ids: Collection[int]) -> None:
    """Put people on a list. Raises NotFound, and puts nobody on it, where its owner does not follow one of them."""
    row = _changeable(tx, owner_id, list_id)
    found = {each.followee_id: each.id for each in tx.execute(FOLLOWED, {"owner": owner_id, "ids": list(actor_ids)})}
    if set(found) != set(actor_ids):
        raise NotFound("Record not found")
    now_on = lists.members(tx, row, before=lists.NEWEST, above=0, limit=None)
    if len({each.actor_id for each in now_on} | set(found)) > MOST_MEMBERS:
        raise Invalid(f"There can be no more than {MOST_MEMBERS} people on a list.")
    for actor_id in actor_ids:
        member = {"id": here.ids.new(), "list_id": list_id, "actor_id": actor_id, "follow_id": found[actor_id]}
        tx.execute(PUT_ON, member)
    if row.exclusive:
        tx.execute(CLEAR_HOME, {"owner": owner_id, "row": list_id})


def take_off(tx: Connection, *, owner_id: int, list_id: int, actor_ids: Collection[int]) -> None:
    _changeable(tx, owner_id, list_id)
    tx.execute(TAKE_OFF, {"row": list_id, "ids": list(actor_ids)})


def _own(tx: Connection, owner_id: int, list_id: int) -> ListRow:
    row = lists.one(tx, owner_id=owner_id, list_id=list_id)
    if row is None:
        raise NotFound("Record not found")
    return row


def _changeable(tx: Connection, owner_id: int, list_id: int) -> ListRow:
    row = _own(tx, owner_id, list_id)
    if row.is_room:
        raise Refused("This list is a staffroom: whoever is a member of the room is on it.")
    return row


def _checked(wording: Wording) -> Wording:
    title = wording.title.strip()
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid(f"Validation failed: a list needs a title of at most {LONGEST_TITLE} characters.")
    if wording.replies_policy not in set(RepliesPolicy):
        raise Invalid(f"Validation failed: the replies policy is one of {', '.join(RepliesPolicy)}.")
    return Wording(title, RepliesPolicy(wording.replies_policy), wording.exclusive)
