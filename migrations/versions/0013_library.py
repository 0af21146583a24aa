"""The text of resources, for searches

Revision ID: 0013
Revises: 0011
"""

from collections import defaultdict
from typing import Final

import sqlalchemy as sa
from alembic import op

from fedishare.db.library import Vector
from fedishare.domain import tokens

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT_ONCE: Final = 500
FOLLOW: Final = (
    """CREATE VIRTUAL TABLE library_text
    USING fts5 (title, body, content='library_entry', content_rowid='post_id', tokenize='ascii')""",
    """CREATE TRIGGER library_entry_added AFTER INSERT ON library_entry BEGIN
    INSERT INTO library_text (rowid, title, body) VALUES (new.post_id, new.title, new.body);
    END""",
    """CREATE TRIGGER library_entry_gone AFTER DELETE ON library_entry BEGIN
    INSERT INTO library_text (library_text, rowid, title, body)
    VALUES ('delete', old.post_id, old.title, old.body);
    END""",
    """CREATE TRIGGER library_entry_changed AFTER UPDATE ON library_entry BEGIN
    INSERT INTO library_text (library_text, rowid, title, body)
    VALUES ('delete', old.post_id, old.title, old.body);
    INSERT INTO library_text (rowid, title, body) VALUES (new.post_id, new.title, new.body);
    END""",
)
ENTRY: Final = sa.table(
    "library_entry",
    sa.column("post_id", ID),
    sa.column("title", sa.Text()),
    sa.column("body", sa.Text()),
    sa.column("vector", Vector().with_variant(sa.Text(), "sqlite")),
)
RESOURCES: Final = sa.text(
    "SELECT resource.post_id, post.title, resource.description FROM resource JOIN post ON post.id = resource.post_id"
    " WHERE resource.post_id > :last ORDER BY resource.post_id LIMIT :at_once"
)
PARTS: Final = (
    sa.text(
        "SELECT post_id, label FROM resource_term WHERE post_id > :last AND post_id <= :until"
        " ORDER BY post_id, position"
    ),
    sa.text(
        "SELECT post_id, name FROM resource_file WHERE post_id > :last AND post_id <= :until ORDER BY post_id, position"
    ),
)


def upgrade() -> None:
    op.create_table(
        "library_entry",
        sa.Column("post_id", ID, autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("vector", Vector().with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["resource.post_id"], name="fk_library_entry_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name="pk_library_entry"),
    )
    op.create_index("ix_library_entry_vector", "library_entry", ["vector"], postgresql_using="gin")
    if op.get_bind().dialect.name == "sqlite":
        for statement in FOLLOW:
            op.get_bind().exec_driver_sql(statement)
    _fill()


def _fill() -> None:
    """A few hundred at a time, so that a large library needs little memory."""
    bind, last = op.get_bind(), 0
    is_postgres = bind.dialect.name == "postgresql"
    while rows := bind.execute(RESOURCES, {"last": last, "at_once": AT_ONCE}).all():
        parts: defaultdict[int, list[str]] = defaultdict(list)
        for statement in PARTS:
            for post_id, words in bind.execute(statement, {"last": last, "until": rows[-1].post_id}):
                parts[post_id].append(words)
        entries = []
        for row in rows:
            title, body = tokens.entry(row.title or "", (row.description, *parts[row.post_id]))
            vector = tokens.vector(title, body) if is_postgres else None
            entries.append({"post_id": row.post_id, "title": title, "body": body, "vector": vector})
        bind.execute(sa.insert(ENTRY), entries)
        last = rows[-1].post_id


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.get_bind().exec_driver_sql("DROP TABLE library_text")
    op.drop_index("ix_library_entry_vector", "library_entry")
    op.drop_table("library_entry")
