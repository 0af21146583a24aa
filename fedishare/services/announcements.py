"""Telling everybody here something, and what they do with it."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select, update

from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.db.announcements import Announcement, AnnouncementReaction, AnnouncementReader
from fedishare.db.base import insert
from fedishare.domain import markup

LONGEST: Final = 5_000
MOST_REACTIONS: Final = 8
LONGEST_REACTION: Final = 32
ADD: Final = insert(Announcement)
REWRITE: Final = (
    update(Announcement)
    .where(Announcement.id == bindparam("row"))
    .values(
        source=bindparam("new_source"),
        content=bindparam("new_content"),
        ends_at=bindparam("new_end", type_=Announcement.ends_at.type),
        updated_at=bindparam("now"),
    )
    .returning(Announcement.id)
)
DROP: Final = delete(Announcement).where(Announcement.id == bindparam("row")).returning(Announcement.id)
EXISTS: Final = select(Announcement.id).where(Announcement.id == bindparam("row"))
READ: Final = insert(AnnouncementReader).on_conflict_do_nothing()
UNREAD: Final = delete(AnnouncementReader).where(AnnouncementReader.announcement_id == bindparam("row"))
REACT: Final = insert(AnnouncementReaction).on_conflict_do_nothing()
NAMES: Final = select(func.count(AnnouncementReaction.name.distinct())).where(
    AnnouncementReaction.announcement_id == bindparam("row"), AnnouncementReaction.name != bindparam("named")
)
TAKE_BACK: Final = delete(AnnouncementReaction).where(
    AnnouncementReaction.announcement_id == bindparam("row"),
    AnnouncementReaction.actor_id == bindparam("actor"),
    AnnouncementReaction.name == bindparam("named"),
)


def announce(tx: Connection, here: Here, *, by_id: int, source: str, ends_at: datetime | None) -> int:
    """Answers with its id. Raises Invalid for nothing, too much, and an end that is over."""
    announcement_id, now = here.ids.new(), here.now()
    row = {"id": announcement_id, "by_id": by_id, "source": _text(source), "content": _html(here, source)}
    tx.execute(ADD, row | {"published_at": now, "updated_at": now, "ends_at": _end(here, ends_at)})
    return announcement_id


def rewrite(tx: Connection, here: Here, *, announcement_id: int, source: str, ends_at: datetime | None) -> None:
    """Everybody is shown it anew. Raises NotFound and Invalid."""
    said = {"row": announcement_id, "new_source": _text(source), "new_content": _html(here, source)}
    if tx.execute(REWRITE, said | {"new_end": _end(here, ends_at), "now": here.now()}).scalar() is None:
        raise _nothing()
    tx.execute(UNREAD, {"row": announcement_id})


def withdraw(tx: Connection, *, announcement_id: int) -> None:
    if tx.execute(DROP, {"row": announcement_id}).scalar() is None:
        raise _nothing()


def read(tx: Connection, *, announcement_id: int, actor_id: int) -> None:
    """Somebody has read it. Raises NotFound."""
    _refuse_unknown(tx, announcement_id)
    tx.execute(READ, {"announcement_id": announcement_id, "actor_id": actor_id})


def react(tx: Connection, here: Here, *, announcement_id: int, actor_id: int, name: str) -> None:
    """Raises NotFound, and Invalid for what is no emoji, or one more kind than there is room for."""
    _refuse_unknown(tx, announcement_id)
    if not _is_emoji(name):
        raise Invalid("Validation failed: Name is not a recognized emoji")
    if (tx.scalar(NAMES, {"row": announcement_id, "named": name}) or 0) >= MOST_REACTIONS:
        raise Invalid("Validation failed: Limit of different reactions reached")
    row = {"announcement_id": announcement_id, "actor_id": actor_id, "name": name}
    tx.execute(REACT, row | {"created_at": here.now()})


def take_back(tx: Connection, *, announcement_id: int, actor_id: int, name: str) -> None:
    _refuse_unknown(tx, announcement_id)
    tx.execute(TAKE_BACK, {"row": announcement_id, "actor": actor_id, "named": name})


def _is_emoji(name: str) -> bool:
    """Letters, digits and signs of writing are no emoji; digits are part of some, but not all of one."""
    return (
        0 < len(name) <= LONGEST_REACTION
        and not any(each.isalpha() or each.isspace() for each in name)
        and any(ord(each) > 0x2000 for each in name)  # noqa: PLR2004 -- below it are the alphabets
    )


def _refuse_unknown(tx: Connection, announcement_id: int) -> None:
    if tx.scalar(EXISTS, {"row": announcement_id}) is None:
        raise _nothing()


def _nothing() -> NotFound:
    return NotFound("There is no such announcement.")


def _text(source: str) -> str:
    text = source.strip()
    if not text:
        raise Invalid("Say what everybody is to know.")
    if len(text) > LONGEST:
        raise Invalid(f"Please keep it under {LONGEST} characters.")
    return text


def _html(here: Here, source: str) -> str:
    return markup.render(source.strip(), mention_url=lambda _: None, tag_url=here.uris.tag).html


def _end(here: Here, ends_at: datetime | None) -> datetime | None:
    if ends_at is not None and ends_at <= here.now():
        raise Invalid("This time has passed already: choose a later one.")
    return ends_at
