"""Conversations asked around for, what is muted, tags on profiles, and what only followers get

Revision ID: 0003
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "crawl",
        sa.Column("thread_id", ID, autoincrement=False, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_crawl")),
    )
    op.create_table(
        "mute",
        sa.Column("muter_id", ID, nullable=False),
        sa.Column("muted_id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["muted_id"], ["actor.id"], name=op.f("fk_mute_muted_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["muter_id"], ["actor.id"], name=op.f("fk_mute_muter_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("muter_id", "muted_id", name=op.f("pk_mute")),
    )
    op.create_index(op.f("ix_mute_muted_id"), "mute", ["muted_id"])
    op.create_table(
        "featured_tag",
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_featured_tag_actor_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("actor_id", "name", name=op.f("pk_featured_tag")),
    )
    op.add_column("activity", sa.Column("for_followers", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("report", sa.Column("forwarded", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_column("forwarded")
    with op.batch_alter_table("activity", schema=None) as batch_op:
        batch_op.drop_column("for_followers")
    op.drop_table("featured_tag")
    op.drop_index(op.f("ix_mute_muted_id"), table_name="mute")
    op.drop_table("mute")
    op.drop_table("crawl")
