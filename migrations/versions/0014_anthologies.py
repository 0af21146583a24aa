"""Collections of resources that people follow

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "anthology",
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("items_uri", sa.Text(), nullable=False),
        sa.Column("curator_uri", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name="fk_anthology_actor_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("actor_id", name="pk_anthology"),
    )
    op.create_index("ix_anthology_curator_uri", "anthology", ["curator_uri"])
    op.create_table(
        "anthology_item",
        sa.Column("anthology_id", ID, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["anthology_id"], ["anthology.actor_id"], name="fk_anthology_item_anthology_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_anthology_item_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("anthology_id", "post_id", name="pk_anthology_item"),
    )
    op.create_index("ix_anthology_item_post_id", "anthology_item", ["post_id"])
    op.create_index("ix_anthology_item_anthology_id_position", "anthology_item", ["anthology_id", "position"])


def downgrade() -> None:
    for table in ("anthology_item", "anthology"):
        op.drop_table(table)
