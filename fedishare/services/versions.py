"""A resource has a new version: what it was before is kept, and those who wish to know are told."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, func, literal, select, union

from fedishare.core.errors import NotFound
from fedishare.core.here import Here
from fedishare.db.accounts import Account
from fedishare.db.base import aliased, insert
from fedishare.db.follows import Block, Mute
from fedishare.db.posts import Post
from fedishare.db.resources import Resource, ResourceBasis, ResourceFile, Use
from fedishare.db.versions import FormerFile, ResourceVersion, Watch
from fedishare.domain.kinds import NoticeKind
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import Forget
from fedishare.queries import resources, sight
from fedishare.queries.resources import ResourceRow
from fedishare.services import notices

# More than a page shows; the oldest goes first, with the files that no later one had.
MOST_VERSIONS: Final = 50
NOW: Final = select(
    Post.uri, Post.author_id, Post.title, Post.content, func.coalesce(Post.edited_at, Post.published_at).label("since")
).where(Post.id == bindparam("post"))
KEEP: Final = insert(ResourceVersion).on_conflict_do_nothing()
NUMBER: Final = select(Resource.version).where(Resource.post_id == bindparam("post"))
RETIRE: Final = insert(FormerFile).from_select(
    [
        "post_id", "since", "until", "position", "name", "media_type", "size", "sha256", "storage_key", "state",
        "has_macros",
    ],
    select(
        ResourceFile.post_id, ResourceFile.since, Resource.version, ResourceFile.position, ResourceFile.name,
        ResourceFile.media_type, ResourceFile.size, ResourceFile.sha256, ResourceFile.storage_key,
        ResourceFile.state, ResourceFile.has_macros,
    )
    .join(Resource, Resource.post_id == ResourceFile.post_id)
    .where(ResourceFile.id.in_(bindparam("files", expanding=True)), ResourceFile.storage_key.is_not(None)),
)  # fmt: skip
_adaptation: Final[Any] = aliased(Post)
_concerned: Final = union(
    select(Watch.actor_id).where(Watch.post_id == bindparam("post")),
    select(Use.actor_id).where(Use.post_id == bindparam("post")),
    select(_adaptation.author_id)
    .join(ResourceBasis, ResourceBasis.post_id == _adaptation.id)
    .where(ResourceBasis.uri == bindparam("named"), _adaptation.deleted_at.is_(None)),
)
EARS: Final = (
    select(Account.actor_id)
    .where(Account.disabled_at.is_(None), Account.actor_id.in_(_concerned))
    .where(Account.actor_id != bindparam("author"))
    .where(~exists().where(Block.blocker_id == Account.actor_id, Block.blocked_id == bindparam("author")))
    .where(~exists().where(Mute.muter_id == Account.actor_id, Mute.muted_id == bindparam("author"), Mute.notices))
    .order_by(Account.actor_id)
)
OLDEST: Final = (
    select(ResourceVersion.number)
    .where(ResourceVersion.post_id == bindparam("post"))
    .order_by(ResourceVersion.number.desc())
    .offset(literal(MOST_VERSIONS))
)
DROP: Final = delete(ResourceVersion).where(
    ResourceVersion.post_id == bindparam("post"), ResourceVersion.number <= bindparam("upto")
)
DROP_OLD_FILES: Final = (
    delete(FormerFile)
    .where(FormerFile.post_id == bindparam("post"), FormerFile.until <= bindparam("upto"))
    .returning(FormerFile.storage_key)
)
DROP_FILES: Final = (
    delete(FormerFile)
    .where(FormerFile.post_id == bindparam("post"))
    .where(FormerFile.since <= bindparam("number"), FormerFile.until >= bindparam("number"))
    .returning(FormerFile.storage_key)
)
WATCH: Final = insert(Watch).on_conflict_do_nothing()
UNWATCH: Final = delete(Watch).where(Watch.post_id == bindparam("post"), Watch.actor_id == bindparam("actor"))


class Standing(NamedTuple):
    """A version as it is before the next one takes its place."""

    post_id: int
    number: int
    title: str | None
    content: str
    changed: str
    since: datetime
    facts: dict[str, str]


def standing(tx: Connection, *, post_id: int) -> Standing | None:
    """What a resource says of itself now; None where the post is none."""
    row = resources.row(tx, post_id=post_id)
    if row is None:
        return None
    post = tx.execute(NOW, {"post": post_id}).one()
    return Standing(post_id, row.version, post.title, post.content, row.changed, post.since, _facts(row))


def _facts(row: ResourceRow) -> dict[str, str]:
    """What its page showed, in the words it was shown in."""
    return {
        "subject": row.subject_label,
        "level": row.level_label,
        "type": row.type_label,
        "licence": row.licence_label,
        "licence_url": row.licence_url or "",
        "credit": row.credit,
        "keywords": ", ".join(term.label for term in row.keywords),
        "objectives": "; ".join(term.label for term in row.objectives),
    }


def keep(tx: Connection, former: Standing) -> None:
    """Keep an earlier version; of too many the oldest is given up, as with other posts."""
    tx.execute(KEEP, former._asdict())


def retire(tx: Connection, *, post_id: int, files: list[int]) -> int:
    """Keep files that are about to be taken out of a resource, under its present version, whose number comes back."""
    if files:
        tx.execute(RETIRE, {"files": files})
    return tx.scalar(NUMBER, {"post": post_id}) or 1


def announce(tx: Connection, here: Here, *, post_id: int) -> None:
    """Tell those here who asked for it, used it or adapted it that there is a new version; but what is hidden, no one.

    A version tells nobody twice. Those elsewhere learn of it by the Update.
    """
    post, row = tx.execute(NOW, {"post": post_id}).one(), resources.row(tx, post_id=post_id)
    if row is None:
        return
    _give_up(tx, here, post_id=post_id)
    ears = tx.scalars(EARS, {"post": post_id, "named": post.uri, "author": post.author_id}).all()
    notices.spread(
        tx,
        here,
        ears=[ear for ear in ears if sight.may_see(tx, post_id=post_id, viewer=ear)],
        kind=NoticeKind.CHANGED,
        actor_id=post.author_id,
        cause=f"{post.uri}#version-{row.version}",
        post_id=post_id,
        line=row.changed,
    )


def _give_up(tx: Connection, here: Here, *, post_id: int) -> None:
    oldest = tx.scalars(OLDEST, {"post": post_id}).first()
    if oldest is not None:
        tx.execute(DROP, {"post": post_id, "upto": oldest})
        _forget(tx, here, tuple(tx.scalars(DROP_OLD_FILES, {"post": post_id, "upto": oldest})))


def remove_files(tx: Connection, here: Here, *, post_id: int, number: int) -> None:
    """Its author gives up the files that an earlier version had and the present one has not."""
    _forget(tx, here, tuple(tx.scalars(DROP_FILES, {"post": post_id, "number": number})))


def _forget(tx: Connection, here: Here, keys: tuple[str, ...]) -> None:
    if keys:
        enqueue(tx, Forget(keys), due=here.now())


def watch(tx: Connection, *, post_id: int, actor_id: int) -> None:
    """Somebody here wants to be told of new versions. Raises NotFound for what they may not see, or is no resource."""
    is_resource = tx.scalar(NUMBER, {"post": post_id}) is not None
    if not is_resource or not sight.may_see(tx, post_id=post_id, viewer=actor_id):
        raise NotFound("There is no such resource, or it is not for you.")
    tx.execute(WATCH, {"post_id": post_id, "actor_id": actor_id})


def unwatch(tx: Connection, *, post_id: int, actor_id: int) -> None:
    tx.execute(UNWATCH, {"post": post_id, "actor": actor_id})
