"""Shared handles and schools: who runs them, their private log, posts that wait for their time

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("account", sa.Column("time_zone", sa.Text(), nullable=True))
    op.create_table(
        "handle",
        sa.Column("actor_id", ID, nullable=False),
        _moment("created_at"),
        _cascade("handle", "actor_id"),
        sa.PrimaryKeyConstraint("actor_id", name="pk_handle"),
    )
    op.create_table(
        "runner",
        sa.Column("handle_id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        _moment("created_at"),
        _cascade("runner", "handle_id"),
        _cascade("runner", "actor_id"),
        sa.PrimaryKeyConstraint("handle_id", "actor_id", name="pk_runner"),
    )
    op.create_index("ix_runner_actor_id", "runner", ["actor_id"])
    op.create_index("ix_runner_uri", "runner", ["uri"])
    op.create_table(
        "deed",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("handle_id", ID, nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("by_handle", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("post_id", ID, nullable=True),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("offer_uri", sa.Text(), nullable=True),
        _moment("at"),
        _cascade("deed", "handle_id"),
        sa.ForeignKeyConstraint(["by_id"], ["actor.id"], name="fk_deed_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_deed_post_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_deed"),
        sa.UniqueConstraint("offer_uri", name="uq_deed_offer_uri"),
    )
    op.create_index("ix_deed_handle_id_id", "deed", ["handle_id", "id"])
    op.create_index("ix_deed_by_id", "deed", ["by_id"])
    op.create_index("ix_deed_post_id", "deed", ["post_id"])
    op.create_table(
        "offer",
        sa.Column("id", ID, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("handle_id", ID, nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("wish", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("result_uri", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        _moment("created_at"),
        _cascade("offer", "handle_id"),
        _cascade("offer", "by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_offer"),
        sa.UniqueConstraint("uri", name="uq_offer_uri"),
    )
    op.create_index("ix_offer_handle_id", "offer", ["handle_id"])
    op.create_index("ix_offer_by_id", "offer", ["by_id"])
    op.create_table(
        "scheduled",
        sa.Column("id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("keeper_id", ID, nullable=False),
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("has_byline", sa.Boolean(), nullable=False, server_default=sa.false()),
        _moment("due_at"),
        sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("offer_uri", sa.Text(), nullable=True),
        _moment("created_at"),
        _cascade("scheduled", "author_id"),
        _cascade("scheduled", "writer_id"),
        _cascade("scheduled", "keeper_id"),
        sa.PrimaryKeyConstraint("id", name="pk_scheduled"),
        sa.UniqueConstraint("offer_uri", name="uq_scheduled_offer_uri"),
    )
    for column in ("author_id", "writer_id", "keeper_id"):
        op.create_index(f"ix_scheduled_{column}", "scheduled", [column])
    op.create_table(
        "scheduled_file",
        sa.Column("scheduled_id", ID, nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        _cascade("scheduled_file", "scheduled_id", to="scheduled.id"),
        sa.PrimaryKeyConstraint("scheduled_id", "storage_key", name="pk_scheduled_file"),
    )
    op.create_index("ix_scheduled_file_storage_key", "scheduled_file", ["storage_key"])
    op.create_table(
        "affiliation",
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("school_id", ID, nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        _cascade("affiliation", "actor_id"),
        _cascade("affiliation", "school_id"),
        sa.PrimaryKeyConstraint("actor_id", name="pk_affiliation"),
    )
    op.create_index("ix_affiliation_school_id", "affiliation", ["school_id"])


def downgrade() -> None:
    for table in ("affiliation", "scheduled_file", "scheduled", "offer", "deed", "runner", "handle"):
        op.drop_table(table)
    op.drop_column("account", "time_zone")


def _moment(name: str) -> sa.schema.SchemaItem:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _cascade(table: str, column: str, *, to: str = "actor.id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}", ondelete="CASCADE")
