"""Rooms that move here from another node: who is expected to come along

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "expected",
        sa.Column("room_id", ID, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["room_id"], ["actor.id"], name="fk_expected_room_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("room_id", "uri", name="pk_expected"),
    )


def downgrade() -> None:
    op.drop_table("expected")
