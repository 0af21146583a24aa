"""Rooms that are linked: posts that came by a link, and decisions of several rooms about one post

Revision ID: 0015
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What a room decides about a post is kept for each room that has the post.
DECISIONS = (("removal", "post_id"), ("thread_lock", "thread_id"))


def upgrade() -> None:
    op.create_table("carried", *_place("carried"), sa.Column("entry_id", ID, nullable=False))
    op.create_index("ix_carried_post_id", "carried", ["post_id"])
    op.create_index("ix_carried_room_id_entry_id", "carried", ["room_id", "entry_id"])
    op.create_table("awaited", *_place("awaited"), sa.Column("activity_uri", sa.Text(), nullable=False))
    op.create_index("ix_awaited_post_id", "awaited", ["post_id"])
    for table, column in DECISIONS:
        _key(table, [column, "room_id"])


def downgrade() -> None:
    for table, column in DECISIONS:
        # Of two rooms' decisions about one post the older version keeps one.
        op.execute(
            f"DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM {table} AS other "  # noqa: S608 -- names of ours
            f"WHERE other.{column} = {table}.{column} AND other.room_id < {table}.room_id)"
        )
        _key(table, [column])
    op.drop_table("awaited")
    op.drop_table("carried")


def _place(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("room_id", ID, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["actor.id"], name=f"fk_{table}_room_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=f"fk_{table}_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "post_id", name=f"pk_{table}"),
    ]


def _key(table: str, columns: list[str]) -> None:
    with op.batch_alter_table(table, recreate="auto") as batch:
        batch.drop_constraint(f"pk_{table}", type_="primary")
        batch.create_primary_key(f"pk_{table}", columns)
