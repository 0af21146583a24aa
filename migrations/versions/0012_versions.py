"""Earlier versions of resources, and who is told of new ones

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("resource", sa.Column("changed", sa.Text(), nullable=False, server_default=""))
    # Which version what is here came with, nobody wrote down: as far as anybody can tell, it was always there.
    op.add_column("resource_file", sa.Column("since", ID, nullable=False, server_default="1"))
    op.create_table(
        "resource_version",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("number", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        _reference("resource_version", "post_id", "post"),
        sa.PrimaryKeyConstraint("post_id", "number", name="pk_resource_version"),
    )
    op.create_table(
        "former_file",
        sa.Column("id", ID, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("since", ID, nullable=False),
        sa.Column("until", ID, nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("has_macros", sa.Boolean(), nullable=False),
        _reference("former_file", "post_id", "post"),
        sa.PrimaryKeyConstraint("id", name="pk_former_file"),
    )
    op.create_index("ix_former_file_post_id", "former_file", ["post_id"])
    op.create_index("ix_former_file_storage_key", "former_file", ["storage_key"])
    op.create_table(
        "resource_watch",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        _reference("resource_watch", "post_id", "post"),
        _reference("resource_watch", "actor_id", "actor"),
        sa.PrimaryKeyConstraint("post_id", "actor_id", name="pk_resource_watch"),
    )
    op.create_index("ix_resource_watch_actor_id", "resource_watch", ["actor_id"])


def downgrade() -> None:
    for table in ("resource_watch", "former_file", "resource_version"):
        op.drop_table(table)
    op.drop_column("resource_file", "since")
    op.drop_column("resource", "changed")


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete="CASCADE")
