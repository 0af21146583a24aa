"""Which upload is a clean copy, and of what; which draft changes a post that is out

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("upload", sa.Column("original_key", sa.Text(), nullable=True))
    op.create_index("ix_upload_original_key", "upload", ["original_key"])
    op.add_column("draft", sa.Column("post_id", ID, nullable=True))
    op.create_index("ix_draft_post_id", "draft", ["post_id"])


def downgrade() -> None:
    op.drop_index("ix_draft_post_id", "draft")
    op.drop_column("draft", "post_id")
    op.drop_index("ix_upload_original_key", "upload")
    op.drop_column("upload", "original_key")
