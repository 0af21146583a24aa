"""What only pages ask for: files and pictures to send, who used a resource, earlier versions, reports."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from fedishare.core.errors import NotFound
from fedishare.db.base import aliased
from fedishare.db.media import Media
from fedishare.db.people import Actor, Portrait
from fedishare.db.posts import Post, Revision
from fedishare.db.reports import Report
from fedishare.db.resources import ResourceFile, Use
from fedishare.domain import passes, vocabularies
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import FileState, MediaState
from fedishare.domain.reports import ReportCategory
from fedishare.queries import published, sight, timelines, tokens
from fedishare.queries.cards import FACE_WIDTH, Card, Face, face, face_columns
from fedishare.queries.tokens import Holder

MOST_USES: Final = 200
MOST_REPORTS: Final = 100


class StoredFile(NamedTuple):
    """A file of a resource. `storage_key` is None where only its author's node has the bytes."""

    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    url: str
    storage_key: str | None
    local: bool
    visibility: Visibility
    state: FileState = FileState.CLEAN


class StoredPicture(NamedTuple):
    """`visibility` is None while no post carries it. `is_by_pass` where it was a pass that opened it."""

    key: str
    storage_key: str
    media_type: str
    size: int
    visibility: Visibility | None
    is_by_pass: bool = False


class Loose(NamedTuple):
    key: str
    alt: str


class Conversation(NamedTuple):
    """A post among all that belongs to it, root first."""

    post: Card
    thread: list[Card]


class UseLine(NamedTuple):
    face: Face
    level_label: str
    line: str
    created_at: datetime


class Tally(NamedTuple):
    """How often a resource was used, on how many nodes (each a school or a few), and with which classes."""

    uses: int
    schools: int
    levels: list[tuple[str, int]]


class Version(NamedTuple):
    until: datetime
    title: str | None
    warning: str | None
    content: str


class ReportLine(NamedTuple):
    id: int
    target: Face
    reporter: Face
    posts: Sequence[str]
    comment: str
    created_at: datetime
    resolved_at: datetime | None
    forwarded: bool
    category: ReportCategory


_target: Final[Any] = aliased(Actor)
_reporter: Final[Any] = aliased(Actor)

FILES: Final = (
    select(
        ResourceFile.id,
        ResourceFile.name,
        ResourceFile.media_type,
        ResourceFile.size,
        ResourceFile.sha256,
        ResourceFile.url,
        ResourceFile.storage_key,
        Post.local,
        Post.visibility,
        ResourceFile.state,
    )
    .join(Post, Post.id == ResourceFile.post_id)
    .where(ResourceFile.post_id == bindparam("post"))
    .order_by(ResourceFile.position)
)
FILE: Final = FILES.where(ResourceFile.name == bindparam("named"))
STORAGE_KEY: Final = select(ResourceFile.storage_key).where(ResourceFile.id == bindparam("file"))
SHARED: Final = select(ResourceFile.id).where(ResourceFile.storage_key.in_(bindparam("keys", expanding=True))).limit(1)
PICTURE: Final = (
    select(
        Media.key,
        Media.storage_key,
        Media.media_type,
        Media.size,
        Post.visibility,
        Media.owner_id,
        Media.post_id,
        Media.pass_key,
    )
    .outerjoin(Post, Post.id == Media.post_id)
    .where(Media.key == bindparam("named"), Media.state == MediaState.READY)
)
LOOSE: Final = select(Media.key, Media.alt).where(
    Media.key.in_(bindparam("keys", expanding=True)), Media.owner_id == bindparam("owner"), Media.post_id.is_(None)
)
USES: Final = (
    select(Use.level, Use.line, Use.created_at, *face_columns(Actor))
    .join(Actor, Actor.id == Use.actor_id)
    .where(Use.post_id == bindparam("post"), Actor.suspended_at.is_(None))
    .order_by(Use.id.desc())
    .limit(MOST_USES)
)
TALLY: Final = (
    select(Use.level, Actor.domain, func.count())
    .join(Actor, Actor.id == Use.actor_id)
    .where(Use.post_id == bindparam("post"), Actor.suspended_at.is_(None))
    .group_by(Use.level, Actor.domain)
)
VERSIONS: Final = (
    select(Revision.until, Revision.title, Revision.warning, Revision.content)
    .where(Revision.post_id == bindparam("post"))
    .order_by(Revision.id.desc())
)
REPORTS: Final = (
    select(
        Report.id,
        Report.posts,
        Report.comment,
        Report.created_at,
        Report.resolved_at,
        Report.forwarded,
        *face_columns(_target),
        *face_columns(_reporter),
        Report.category,
    )
    .join(_target, _target.id == Report.target_id)
    .join(_reporter, _reporter.id == Report.reporter_id)
    .order_by(Report.resolved_at.is_not(None), Report.id.desc())
    .limit(MOST_REPORTS)
)
REPORTS_IN_ROOM: Final = REPORTS.where(Report.room_id == bindparam("room"), Report.resolved_at.is_(None))


def conversation(tx: Connection, *, post_id: int, viewer: int | None) -> Conversation:
    """Raises NotFound where `viewer` may not see the post, Gone where it was deleted."""
    thread = timelines.thread(tx, post_id=post_id, viewer=viewer)
    post = next((card for card in thread if card.id == post_id), None)
    if post is not None:
        return Conversation(post, thread)
    # It stands beyond the length at which long threads are cut off.
    late = timelines.card(tx, post_id=post_id, viewer=viewer)
    return Conversation(late, [*thread, late])


def file(tx: Connection, *, post_id: int, name: str, viewer: int | None, reader: int | None = None) -> StoredFile:
    """A file of a resource that `viewer`, who sits here, or `reader`, who signed, may see.

    Raises NotFound for every other.
    """
    row = tx.execute(FILE, {"post": post_id, "named": name}).first()
    if row is None or not _may_have(tx, post_id=post_id, viewer=viewer, reader=reader):
        raise NotFound("There is no such file, or it is not for you.")
    return StoredFile._make(row)


def files(tx: Connection, *, post_id: int, viewer: int | None) -> list[StoredFile]:
    """All files of a resource, in their order. Raises NotFound for whoever may not see it, and for what is none."""
    rows = tx.execute(FILES, {"post": post_id}).all()
    if not rows or not _may_have(tx, post_id=post_id, viewer=viewer, reader=None):
        raise NotFound("There is no such resource, or it is not for you.")
    return [StoredFile._make(row) for row in rows]


def _may_have(tx: Connection, *, post_id: int, viewer: int | None, reader: int | None) -> bool:
    if sight.may_see(tx, post_id=post_id, viewer=viewer):
        return True
    return reader is not None and published.may_read(tx, post_id=post_id, reader=reader)


def storage_key(tx: Connection, *, file_id: int) -> str | None:
    """Where the bytes of a resource's file lie by now, if they are here."""
    return tx.scalar(STORAGE_KEY, {"file": file_id})


def is_shared(tx: Connection, *, storage_keys: Sequence[str]) -> bool:
    """Whether any of these stored files is part of a resource already."""
    return bool(storage_keys) and tx.scalar(SHARED, {"keys": list(storage_keys)}) is not None


def picture(
    tx: Connection, *, key: str, viewer: int | None, reader: int | None = None, shown_pass: str | None = None
) -> StoredPicture:
    """A picture on a post that `viewer` or `reader` may see, or one of the viewer's own.

    Apps load pictures without their token: `shown_pass` stands for it, as long as it stands itself.

    Raises NotFound for every other (MED-09).
    """
    row = tx.execute(PICTURE, {"named": key}).one_or_none()
    if row is not None:
        facts: Sequence[Any]
        *facts, owner_id, post_id, secret = row
        holder = _holder(tx, shown_pass, secret)
        # What was uploaded by an app that acts as a handle is still its teacher's own.
        if holder is not None and (
            owner_id in holder or (post_id is not None and sight.may_see(tx, post_id=post_id, viewer=holder.actor_id))
        ):
            return StoredPicture(*facts)._replace(is_by_pass=True)
        owns = viewer is not None and owner_id == viewer
        if owns or (post_id is not None and _may_have(tx, post_id=post_id, viewer=viewer, reader=reader)):
            return StoredPicture(*facts)
    raise NotFound("There is no such picture, or it is not for you.")


def _holder(tx: Connection, shown_pass: str | None, secret: str | None) -> Holder | None:
    if shown_pass is None or secret is None:
        return None
    token_id = passes.holder(shown_pass, secret=secret)
    return None if token_id is None else tokens.standing(tx, token_id=token_id)


PORTRAIT: Final = select(Portrait.storage_key, Portrait.media_type).where(Portrait.key == bindparam("named"))


def portrait(tx: Connection, *, key: str) -> tuple[str, str]:
    """Where the picture of somebody is stored, and its type. Raises NotFound."""
    row = tx.execute(PORTRAIT, {"named": key}).one_or_none()
    if row is None:
        raise NotFound("There is no such picture.")
    return row.storage_key, row.media_type


def loose_pictures(tx: Connection, *, keys: Sequence[str], owner: int) -> list[Loose]:
    """Which of these pictures are the owner's and on no post yet, in the order asked."""
    found = {row.key: Loose(*row) for row in tx.execute(LOOSE, {"keys": list(keys), "owner": owner})} if keys else {}
    return [found[key] for key in keys if key in found]


def uses(tx: Connection, *, post_id: int) -> list[UseLine]:
    """Who used a resource, newest first. For its author's eyes only."""
    rows = tx.execute(USES, {"post": post_id})
    return [UseLine(face(row[3:]), _level_label(row.level), row.line, row.created_at) for row in rows]


def tally(tx: Connection, *, post_id: int) -> Tally:
    """The sum of all uses, the class named most often first. For its author's eyes only."""
    rows = tx.execute(TALLY, {"post": post_id}).all()
    levels: Counter[str] = Counter()
    for level, _, times in rows:
        if level:
            levels[_level_label(level)] += times
    return Tally(sum(row[2] for row in rows), len({row.domain for row in rows}), levels.most_common())


def _level_label(level: str | None) -> str:
    known = vocabularies.level(level) if level else None
    return known.label if known else level or ""


def versions(tx: Connection, *, post_id: int) -> list[Version]:
    """What a post said before, newest first. Whether the visitor may see the post is for the caller to ask."""
    return [Version(*row) for row in tx.execute(VERSIONS, {"post": post_id})]


def reports(tx: Connection, *, room_id: int | None = None) -> list[ReportLine]:
    """For moderators: what waits first, then what was settled; in one room, only what waits."""
    rows = tx.execute(REPORTS if room_id is None else REPORTS_IN_ROOM, {"room": room_id} if room_id else {})
    return [
        ReportLine(
            row.id,
            face(row[6 : 6 + FACE_WIDTH]),
            face(row[6 + FACE_WIDTH : 6 + 2 * FACE_WIDTH]),
            row.posts,
            row.comment,
            row.created_at,
            row.resolved_at,
            row.forwarded,
            row.category,
        )
        for row in rows
    ]
