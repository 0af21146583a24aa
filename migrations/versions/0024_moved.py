"""What a room that moved here brings from its old home

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "past",
        sa.Column("room_id", ID, nullable=False),
        sa.Column("old_id", ID, nullable=False),
        sa.Column("step", ID, nullable=False),
        sa.Column("next_page", sa.Text(), nullable=True),
        sa.Column("decisions", sa.JSON(), nullable=True),
        sa.Column("why", sa.String(32), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["actor.id"], name="fk_past_room_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["old_id"], ["actor.id"], name="fk_past_old_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", name="pk_past"),
    )
    op.create_index("ix_past_old_id", "past", ["old_id"])
    op.create_table(
        "past_post",
        sa.Column("room_id", ID, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", ID, nullable=False),
        sa.Column("why", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["actor.id"], name="fk_past_post_room_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "uri", name="pk_past_post"),
    )
    op.create_index("ix_past_post_room_id_due_at", "past_post", ["room_id", "due_at"])


def downgrade() -> None:
    op.drop_table("past_post")
    op.drop_table("past")
