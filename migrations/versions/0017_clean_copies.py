"""Which upload is a clean copy, and of what

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("upload", sa.Column("original_key", sa.Text(), nullable=True))
    op.create_index("ix_upload_original_key", "upload", ["original_key"])


def downgrade() -> None:
    op.drop_index("ix_upload_original_key", "upload")
    op.drop_column("upload", "original_key")
