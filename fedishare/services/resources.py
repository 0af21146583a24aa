"""Teaching resources: their metadata and files, and "used it"."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, update

from fedishare.core.errors import Invalid, NotFound
from fedishare.core.here import Here
from fedishare.db.base import insert
from fedishare.db.people import Actor
from fedishare.db.posts import Post
from fedishare.db.resources import Resource, ResourceFile, Use
from fedishare.domain import markup, vocabularies
from fedishare.domain.kinds import FileState, NoticeKind
from fedishare.domain.terms import Basis, Term
from fedishare.jobs.queue import enqueue
from fedishare.jobs.types import SendUse
from fedishare.queries.resources import ResourceFacts
from fedishare.services import descriptions, library, notices, previews, versions
from fedishare.services.descriptions import Description

MOST_FILES: Final = 20
LONGEST_LINE: Final = 500
ADD_FILE: Final = insert(ResourceFile)
FILES: Final = (
    select(ResourceFile.id, ResourceFile.name, ResourceFile.storage_key)
    .where(ResourceFile.post_id == bindparam("post"))
    .order_by(ResourceFile.position)
    .with_for_update()
)
DROP_FILE: Final = delete(ResourceFile).where(ResourceFile.id == bindparam("file"))
MOVE_FILE: Final = update(ResourceFile).where(ResourceFile.id == bindparam("file")).values(position=bindparam("place"))
REPLACE: Final = delete(ResourceFile).where(ResourceFile.post_id == bindparam("post"))
DROP: Final = delete(Resource).where(Resource.post_id == bindparam("post"))
DESCRIBE: Final = (
    update(Resource)
    .where(Resource.post_id == bindparam("post"))
    .values(description=bindparam("about"), version=Resource.version + 1, changed=bindparam("news"))
)
IS_RESOURCE: Final = select(Resource.post_id).where(Resource.post_id == bindparam("post"))
KEEP_FILE: Final = (
    update(ResourceFile).where(ResourceFile.id == bindparam("file")).values(storage_key=bindparam("storage"))
)
TARGET: Final = (
    select(Post.id, Post.author_id, Post.deleted_at, Actor.local)
    .join(Resource, Resource.post_id == Post.id)
    .join(Actor, Actor.id == Post.author_id)
    .where(Post.id == bindparam("post"))
)
BY_URI: Final = select(Post.id).join(Resource, Resource.post_id == Post.id).where(Post.uri == bindparam("named"))
RECORD: Final = insert(Use).on_conflict_do_nothing().returning(Use.id)


class Using(NamedTuple):
    id: int
    uri: str
    post_id: int
    actor_id: int
    line: str
    level: str | None
    created_at: datetime


class UploadedFile(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    size: int
    sha256: str
    storage_key: str
    state: FileState = FileState.CLEAN
    has_macros: bool = False


class ResourceDraft(Description, frozen=True, kw_only=True):
    """What a teacher says of a resource, with its files."""

    files: tuple[UploadedFile, ...] = ()


class ForeignFile(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    media_type: str
    size: int
    sha256: str
    url: str


class ForeignResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a resource from elsewhere says of itself, cleaned and looked up; see queries.resources.ResourceRow."""

    description: str
    age_min: int | None
    age_max: int | None
    licence: str | None
    licence_label: str
    licence_url: str | None
    minutes: int | None
    credit: str
    version: int
    terms: tuple[Term, ...]
    bases: tuple[Basis, ...]
    files: tuple[ForeignFile, ...]
    changed: str = ""


class ForeignUse(msgspec.Struct, frozen=True, kw_only=True):
    resource_uri: str
    line: str
    level: str | None


def attach(
    tx: Connection, here: Here, *, post_id: int, author_id: int, description: str, draft: ResourceDraft, language: str
) -> None:
    """Make a post of ours a resource. Raises Invalid where a term is not of our vocabularies, or no file is there."""
    if not draft.files:
        raise Invalid("A resource needs at least one file.")
    if len(draft.files) > MOST_FILES:
        raise Invalid(f"A resource may have up to {MOST_FILES} files.")
    settled = descriptions.settle(tx, here, draft, author_id=author_id)
    facts = {"description": description, "version": 1, **settled.facts}
    descriptions.keep(tx, post_id=post_id, facts=facts, terms=settled.terms, bases=settled.bases)
    descriptions.remember(tx, actor_id=author_id, said=draft, language=language)
    taken: set[str] = set()
    for position, file in enumerate(draft.files):
        _add_file(tx, here, post_id=post_id, position=position, file=file, taken=taken)
    library.keep(tx, post_id=post_id)


def _add_file(
    tx: Connection, here: Here, *, post_id: int, position: int, file: UploadedFile, taken: set[str], since: int = 1
) -> None:
    name = _free_name(file.name, taken)
    row = {"post_id": post_id, "position": position, "name": name, "media_type": file.media_type}
    row |= {"size": file.size, "sha256": file.sha256, "storage_key": file.storage_key}
    row |= {"state": file.state, "has_macros": file.has_macros, "since": since}
    tx.execute(ADD_FILE, row | {"url": here.uris.file(post_id, name)})


def _free_name(name: str, taken: set[str]) -> str:
    """Two files of one resource may have come with one name; the second gets a number."""
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if dot else (name, "")
    free = next(f"{stem}{extra}{suffix}" for extra in ("", *(f"-{n}" for n in range(2, MOST_FILES + 2)))
                if f"{stem}{extra}{suffix}" not in taken)  # fmt: skip
    taken.add(free)
    return free


def is_resource(tx: Connection, *, post_id: int) -> bool:
    return tx.scalar(IS_RESOURCE, {"post": post_id}) is not None


def describe(tx: Connection, *, post_id: int, description: str, changed: str) -> None:
    """A resource of ours was edited: that is its next version. Nothing happens to other posts."""
    news = markup.text(changed, limit=LONGEST_LINE)
    tx.execute(DESCRIBE, {"post": post_id, "about": description, "news": news})


def exchange_files(tx: Connection, here: Here, *, post_id: int, files: Sequence[int | UploadedFile]) -> bool:
    """Give a resource of ours these files in this order: those it keeps by their ids, and new ones.

    Answers whether anything is different. Raises Invalid where none is left, there are too many, or one is not its own.
    """
    had = {row.id: row for row in tx.execute(FILES, {"post": post_id})}
    kept = [file for file in files if isinstance(file, int)]
    if set(kept) - set(had):
        raise Invalid("One of the files was taken out meanwhile: look at the resource and edit it again.")
    if not files:
        raise Invalid("A resource needs at least one file.")
    if len(files) > MOST_FILES:
        raise Invalid(f"A resource may have up to {MOST_FILES} files.")
    if list(files) == list(had):
        return False
    gone = [file_id for file_id in had if file_id not in kept]
    number = versions.retire(tx, post_id=post_id, files=gone) + 1
    for file_id in gone:
        tx.execute(DROP_FILE, {"file": file_id})
    # One that is kept keeps its address. What takes the place of another may have its name.
    taken = {had[file_id].name for file_id in kept}
    for position, file in enumerate(files):
        if isinstance(file, int):
            tx.execute(MOVE_FILE, {"file": file, "place": position})
        else:
            _add_file(tx, here, post_id=post_id, position=position, file=file, taken=taken, since=number)
    return True


def attach_foreign(tx: Connection, *, post_id: int, resource: ForeignResource) -> None:
    """Keep what a resource from elsewhere says of itself, in place of what it said before."""
    tx.execute(DROP, {"post": post_id})
    tx.execute(REPLACE, {"post": post_id})
    facts = {name: getattr(resource, name) for name in ResourceFacts._fields}
    descriptions.keep(tx, post_id=post_id, facts=facts, terms=resource.terms, bases=resource.bases)
    for position, file in enumerate(resource.files[:MOST_FILES]):
        row = {name: getattr(file, name) for name in file.__struct_fields__}
        tx.execute(ADD_FILE, row | {"post_id": post_id, "position": position, "storage_key": None})
    library.keep(tx, post_id=post_id)


def keep_file(tx: Connection, here: Here, *, file_id: int, storage_key: str) -> None:
    """The bytes of a file from elsewhere are here now, and fit its hash."""
    tx.execute(KEEP_FILE, {"file": file_id, "storage": storage_key})
    previews.wish(tx, here, storage_key=storage_key)


def record_use(tx: Connection, here: Here, *, actor_id: int, post_id: int, line: str, level: str | None) -> int:
    """A teacher here used a resource with a class; its author is told, wherever they are."""
    post = tx.execute(TARGET, {"post": post_id}).one_or_none()
    if post is None or post.deleted_at is not None:
        raise NotFound("This resource is no longer there.")
    if post.author_id == actor_id:
        raise Invalid("This is your own resource: what counts is when a colleague uses it.")
    if level is not None and vocabularies.level(level) is None:
        raise Invalid("Please choose the class from the list.")
    use_id = here.ids.new()
    cleaned = markup.text(line, limit=LONGEST_LINE)
    using = Using(use_id, here.uris.activity(use_id), post.id, actor_id, cleaned, level, here.now())
    _record(tx, here, using, author_id=post.author_id)
    if not post.local:
        enqueue(tx, SendUse(use_id), due=here.now())
    return use_id


def store_use(tx: Connection, here: Here, *, uri: str, actor_id: int, at: datetime, use: ForeignUse) -> bool:
    """A teacher elsewhere used a resource of ours. Answers False when we have no such resource, or knew."""
    post_id = tx.scalar(BY_URI, {"named": use.resource_uri})
    if post_id is None:
        return False
    post = tx.execute(TARGET, {"post": post_id}).one()
    line = markup.text(use.line, limit=LONGEST_LINE)
    using = Using(here.ids.new(), uri, post.id, actor_id, line, use.level, at)
    return _record(tx, here, using, author_id=post.author_id)


def _record(tx: Connection, here: Here, using: Using, *, author_id: int) -> bool:
    if tx.execute(RECORD, using._asdict()).scalar() is None:
        return False
    notices.tell(
        tx,
        here,
        recipient_id=author_id,
        kind=NoticeKind.USED,
        actor_id=using.actor_id,
        cause=using.uri,
        post_id=using.post_id,
        line=using.line,
    )
    return True
