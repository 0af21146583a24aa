"""Polls and quotes

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "post",
        sa.Column(
            "quote_policy",
            sa.Enum("public", "followers", "manual", "nobody", name="quotepolicy", native_enum=False, length=32),
            nullable=True,
        ),
    )
    op.create_table(
        "poll",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("multiple", sa.Boolean(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voters_count", ID, nullable=True),
        sa.Column("is_planned", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_poll_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_poll")),
    )
    op.create_table(
        "poll_option",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("votes", ID, nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_poll_option_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "position", name=op.f("pk_poll_option")),
    )
    op.create_table(
        "vote",
        sa.Column("id", ID, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name=op.f("fk_vote_actor_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_vote_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote")),
        sa.UniqueConstraint("uri", name=op.f("uq_vote_uri")),
    )
    op.create_index(op.f("ix_vote_actor_id"), "vote", ["actor_id"])
    op.create_index("uq_vote_post_id_actor_id_position", "vote", ["post_id", "actor_id", "position"], unique=True)
    op.create_table(
        "quote",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("quoted_uri", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("pending", "accepted", "rejected", "revoked", name="quotestate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("stamp_uri", sa.Text(), nullable=True),
        sa.Column("request_uri", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_quote_post_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_quote")),
        sa.UniqueConstraint("request_uri", name=op.f("uq_quote_request_uri")),
    )
    op.create_index(op.f("ix_quote_quoted_uri"), "quote", ["quoted_uri"])
    op.create_index(op.f("ix_quote_stamp_uri"), "quote", ["stamp_uri"])
    op.create_index("ix_quote_state_checked_at", "quote", ["state", "checked_at"])
    op.create_table(
        "stamp",
        sa.Column("id", ID, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("quoting_uri", sa.Text(), nullable=False),
        sa.Column("quoter_id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_stamp_post_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["quoter_id"], ["actor.id"], name=op.f("fk_stamp_quoter_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stamp")),
        sa.UniqueConstraint("uri", name=op.f("uq_stamp_uri")),
    )
    op.create_index(op.f("ix_stamp_quoter_id"), "stamp", ["quoter_id"])
    op.create_index(op.f("ix_stamp_quoting_uri"), "stamp", ["quoting_uri"])
    op.create_index("uq_stamp_post_id_quoting_uri", "stamp", ["post_id", "quoting_uri"], unique=True)


def downgrade() -> None:
    op.drop_table("stamp")
    op.drop_table("quote")
    op.drop_table("vote")
    op.drop_table("poll_option")
    op.drop_table("poll")
    with op.batch_alter_table("post", schema=None) as batch_op:
        batch_op.drop_column("quote_policy")
