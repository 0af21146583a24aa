"""Keeps the text by which resources are found as they are; always in the transaction that changed them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select

from fedishare.db.base import insert
from fedishare.db.library import LibraryEntry
from fedishare.db.posts import Post
from fedishare.db.resources import Resource, ResourceFile, ResourceTerm
from fedishare.domain import tokens

AT_ONCE: Final = 500
FACTS: Final = select(Resource.post_id, Post.title, Resource.description).join(Post, Post.id == Resource.post_id)
ONE: Final = FACTS.where(Resource.post_id == bindparam("post"))
SOME: Final = FACTS.where(Resource.post_id > bindparam("last")).order_by(Resource.post_id).limit(bindparam("at_once"))
PARTS: Final = tuple(
    select(table.post_id, words)
    .where(table.post_id.in_(bindparam("ids", expanding=True)))
    .order_by(table.post_id, table.position)
    for table, words in ((ResourceTerm, ResourceTerm.label), (ResourceFile, ResourceFile.name))
)
_entry = insert(LibraryEntry)
KEEP: Final = _entry.on_conflict_do_update(
    index_elements=["post_id"],
    set_={name: getattr(_entry.excluded, name) for name in ("title", "body", "vector")},
)
COUNT: Final = select(func.count()).select_from(LibraryEntry)


def keep(tx: Connection, *, post_id: int) -> None:
    """A resource is new or says something else now. Nothing is kept of a post that is none, by one statement."""
    _keep(tx, tx.execute(ONE, {"post": post_id}).all())


def rebuild(tx: Connection, *, last: int = 0) -> int | None:
    """Write the entries of some hundred resources anew, those after `last`. Answers where to go on, None at the end."""
    rows: Sequence[Any] = tx.execute(SOME, {"last": last, "at_once": AT_ONCE}).all()
    _keep(tx, rows)
    return rows[-1].post_id if rows else None


def repair(tx: Connection) -> int:
    """Let SQLite make its full-text table anew from the entries. Answers how many there are."""
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("INSERT INTO library_text (library_text) VALUES ('rebuild')")
    return tx.scalar(COUNT) or 0


def _keep(tx: Connection, rows: Sequence[Any]) -> None:
    if not rows:
        return
    parts: defaultdict[int, list[str]] = defaultdict(list)
    for statement in PARTS:
        for post_id, words in tx.execute(statement, {"ids": [row.post_id for row in rows]}):
            parts[post_id].append(words)
    is_postgres = tx.dialect.name == "postgresql"
    for row in rows:
        title, body = tokens.entry(row.title or "", (row.description, *parts[row.post_id]))
        vector = tokens.vector(title, body) if is_postgres else None
        tx.execute(KEEP, {"post_id": row.post_id, "title": title, "body": body, "vector": vector})
