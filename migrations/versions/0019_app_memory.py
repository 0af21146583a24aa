"""What apps have the node remember: notes about people, hashtags followed, markers, portraits, habits of writing

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _actor(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["actor.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "remark",
        sa.Column("by_id", ID, autoincrement=False, nullable=False),
        sa.Column("about_id", ID, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _actor("remark", "by_id"),
        _actor("remark", "about_id"),
        sa.PrimaryKeyConstraint("by_id", "about_id", name="pk_remark"),
    )
    op.create_index("ix_remark_about_id", "remark", ["about_id"])
    op.create_table(
        "followed_tag",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _actor("followed_tag", "actor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_followed_tag"),
        sa.UniqueConstraint("actor_id", "name", name="uq_followed_tag_actor_id_name"),
    )
    op.create_index("ix_followed_tag_name", "followed_tag", ["name"])
    op.create_table(
        "marker",
        sa.Column("actor_id", ID, autoincrement=False, nullable=False),
        sa.Column("timeline", sa.Text(), nullable=False),
        sa.Column("last_read_id", sa.Text(), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        _actor("marker", "actor_id"),
        sa.PrimaryKeyConstraint("actor_id", "timeline", name="pk_marker"),
    )
    op.create_table(
        "portrait",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("kind", sa.Enum("icon", "image", name="portraitkind", native_enum=False, length=32), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _actor("portrait", "actor_id"),
        sa.PrimaryKeyConstraint("key", name="pk_portrait"),
        sa.UniqueConstraint("actor_id", "kind", name="uq_portrait_actor_id_kind"),
    )
    op.create_index("ix_portrait_storage_key", "portrait", ["storage_key"])
    op.add_column("account", sa.Column("default_sensitive", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("account", sa.Column("default_language", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("account") as account:
        account.drop_column("default_language")
        account.drop_column("default_sensitive")
    for table in ("portrait", "marker", "followed_tag", "remark"):
        op.drop_table(table)
