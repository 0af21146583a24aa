"""What moderators of rooms decide: posts taken out, conversations closed, people banned

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "removal",
        sa.Column("post_id", ID, nullable=False),
        *_facts("removal"),
        sa.Column("boost_uri", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_removal_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name="pk_removal"),
    )
    op.create_index("ix_removal_room_id", "removal", ["room_id"])
    op.create_table(
        "thread_lock",
        sa.Column("thread_id", ID, nullable=False),
        *_facts("thread_lock"),
        sa.ForeignKeyConstraint(["thread_id"], ["post.id"], name="fk_thread_lock_thread_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("thread_id", name="pk_thread_lock"),
    )
    op.create_index("ix_thread_lock_room_id", "thread_lock", ["room_id"])
    op.create_table(
        "ban",
        sa.Column("actor_id", ID, nullable=False),
        *_facts("ban"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name="fk_ban_actor_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "actor_id", name="pk_ban"),
    )
    op.add_column("report", sa.Column("room_id", ID, nullable=True))
    op.create_index("ix_report_room_id", "report", ["room_id"])


def downgrade() -> None:
    op.drop_index("ix_report_room_id", "report")
    op.drop_column("report", "room_id")
    op.drop_table("ban")
    op.drop_index("ix_thread_lock_room_id", "thread_lock")
    op.drop_table("thread_lock")
    op.drop_index("ix_removal_room_id", "removal")
    op.drop_table("removal")


def _facts(table: str) -> list[sa.schema.SchemaItem]:
    """What is kept of every decision: in which room, by whom, under which id, why, and when."""
    return [
        sa.Column("room_id", ID, nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["actor.id"], name=f"fk_{table}_room_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["by_id"], ["actor.id"], name=f"fk_{table}_by_id", ondelete="SET NULL"),
    ]
