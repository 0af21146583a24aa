"""What was made of stored files, and found in them

Revision ID: 0009
Revises: 0008
"""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "preview",
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("picture_key", sa.Text(), nullable=True),
        sa.Column("width", ID, nullable=False),
        sa.Column("height", ID, nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("count", ID, nullable=False),
        sa.Column("traces", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("storage_key", name="pk_preview"),
    )
    op.create_index("ix_preview_picture_key", "preview", ["picture_key"])
    _open_what_is_here()


def downgrade() -> None:
    op.drop_table("preview")


def _open_what_is_here() -> None:
    """Files that were shared before get their pictures too."""
    bind = op.get_bind()
    keys = bind.scalars(sa.text("SELECT DISTINCT storage_key FROM resource_file WHERE storage_key IS NOT NULL")).all()
    job = sa.table(
        "job",
        sa.column("kind", sa.Text()),
        sa.column("payload", sa.LargeBinary()),
        sa.column("due_at", sa.DateTime(timezone=True)),
        sa.column("tries", ID),
        sa.column("lane", ID),
    )
    # Long ago, so that it is due at once.
    due = datetime(2026, 1, 1, tzinfo=UTC)
    op.bulk_insert(
        job,
        [
            {
                "kind": "MakePreview",
                "payload": json.dumps({"type": "MakePreview", "storage_key": key}).encode(),
                "due_at": due,
                "tries": 0,
                "lane": 3,
            }
            for key in keys
        ],
    )
