"""Files that arrive piece by piece, drafts, and whether a stored file may be given out

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATE = sa.Enum("clean", "pending", "refused", name="filestate", native_enum=False, length=32)


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("received", ID, nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("has_macros", sa.Boolean(), nullable=False),
        sa.Column("state", STATE, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("post_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["actor.id"], name="fk_upload_owner_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_upload_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name="pk_upload"),
    )
    for column in ("owner_id", "storage_key", "expires_at", "post_id"):
        op.create_index(f"ix_upload_{column}", "upload", [column])
    op.create_table(
        "draft",
        sa.Column("id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["actor.id"], name="fk_draft_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
    )
    op.create_index("ix_draft_owner_id_id", "draft", ["owner_id", "id"])
    _link("draft_upload", "upload")
    _link("draft_picture", "media")
    op.add_column("resource_file", sa.Column("state", STATE, nullable=False, server_default="clean"))
    op.add_column("resource_file", sa.Column("has_macros", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_resource_file_storage_key", "resource_file", ["storage_key"])
    op.create_index("ix_media_storage_key", "media", ["storage_key"])


def downgrade() -> None:
    op.drop_index("ix_media_storage_key", "media")
    op.drop_index("ix_resource_file_storage_key", "resource_file")
    with op.batch_alter_table("resource_file", schema=None) as batch_op:
        batch_op.drop_column("has_macros")
        batch_op.drop_column("state")
    for table in ("draft_picture", "draft_upload", "draft", "upload"):
        op.drop_table(table)


def _link(table: str, held: str) -> None:
    """What a draft holds, by the key of the other table."""
    op.create_table(
        table,
        sa.Column("draft_id", ID, nullable=False),
        sa.Column(f"{held}_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=f"fk_{table}_draft_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint([f"{held}_key"], [f"{held}.key"], name=f"fk_{table}_{held}_key", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("draft_id", f"{held}_key", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_{held}_key", table, [f"{held}_key"])
