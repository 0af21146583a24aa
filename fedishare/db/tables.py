"""Brings every table to the metadata; whoever creates or compares the schema imports this."""

from fedishare.db import (
    accounts,
    announcements,
    anthologies,
    apps,
    bookmarks,
    drafts,
    filters,
    follows,
    handles,
    happenings,
    library,
    lists,
    media,
    meetings,
    nodes,
    notices,
    people,
    polls,
    posts,
    previews,
    push,
    quotes,
    reactions,
    reports,
    resources,
    rooms,
    submissions,
    talks,
    threads,
    uploads,
    versions,
    visits,
    work,
)
from fedishare.db.base import METADATA

ALL = (
    accounts,
    announcements,
    anthologies,
    apps,
    bookmarks,
    drafts,
    filters,
    follows,
    handles,
    happenings,
    library,
    lists,
    media,
    meetings,
    nodes,
    notices,
    people,
    polls,
    posts,
    previews,
    push,
    quotes,
    reactions,
    reports,
    resources,
    rooms,
    submissions,
    talks,
    threads,
    uploads,
    versions,
    visits,
    work,
)

# An index over some rows has the same condition on both databases. It is told PostgreSQL here and not where it is
# declared, for that loads all SQLAlchemy has for PostgreSQL, which a node on SQLite never asks for.
for _table in METADATA.tables.values():
    for _index in _table.indexes:
        if "sqlite_where" in _index.dialect_kwargs:
            _index.dialect_kwargs["postgresql_where"] = _index.dialect_kwargs["sqlite_where"]

__all__ = ["ALL", "METADATA"]
