"""Bookmarks, conversations that somebody hears no more of, what programs sent, and pictures with numbers

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ACTOR = (["actor_id"], ["actor.id"])
POST = (["post_id"], ["post.id"])


def upgrade() -> None:
    op.create_table(
        "bookmark",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(*ACTOR, name="fk_bookmark_actor_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(*POST, name="fk_bookmark_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_bookmark"),
        sa.UniqueConstraint("actor_id", "post_id", name="uq_bookmark_actor_id_post_id"),
    )
    op.create_index("ix_bookmark_actor_id_id", "bookmark", ["actor_id", "id"])
    op.create_index("ix_bookmark_post_id", "bookmark", ["post_id"])
    op.create_table(
        "hush",
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("thread_id", ID, autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(*ACTOR, name="fk_hush_actor_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("actor_id", "thread_id", name="pk_hush"),
    )
    op.create_index("ix_hush_thread_id", "hush", ["thread_id"])
    op.create_table(
        "submission",
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("result_id", ID, nullable=True),
        sa.Column("is_scheduled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(*ACTOR, name="fk_submission_actor_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("actor_id", "key", name="pk_submission"),
    )
    op.create_index("ix_submission_created_at", "submission", ["created_at"])
    op.create_table(
        "post_app",
        sa.Column("post_id", ID, nullable=False),
        sa.Column("app_id", ID, nullable=False),
        sa.ForeignKeyConstraint(*POST, name="fk_post_app_post_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name="fk_post_app_app_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", name="pk_post_app"),
    )
    op.create_index("ix_post_app_app_id", "post_app", ["app_id"])
    op.create_index("ix_quote_quoted_uri_state", "quote", ["quoted_uri", "state"])
    op.drop_index("ix_quote_quoted_uri", "quote")
    with op.batch_alter_table("media") as media:
        media.add_column(sa.Column("id", ID, nullable=True))
        media.add_column(sa.Column("state", sa.String(32), nullable=False, server_default="ready"))
        media.add_column(sa.Column("blurhash", sa.Text(), nullable=True))
        media.add_column(sa.Column("thumb_key", sa.Text(), nullable=True))
        media.add_column(sa.Column("pass_key", sa.Text(), nullable=True))
        media.add_column(sa.Column("problem", sa.Text(), nullable=False, server_default=""))
    _number()
    op.create_index("uq_media_id", "media", ["id"], unique=True)
    op.create_index("ix_media_thumb_key", "media", ["thumb_key"])


def _number() -> None:
    """The pictures that are there count from one, in the order in which they came."""
    media = sa.table("media", sa.column("key"), sa.column("id"), sa.column("created_at"))
    tx = op.get_bind()
    keys = tx.scalars(sa.select(media.c.key).order_by(media.c.created_at, media.c.key)).all()
    for number, key in enumerate(keys, start=1):
        tx.execute(sa.update(media).where(media.c.key == key).values(id=number))


def downgrade() -> None:
    op.drop_index("ix_media_thumb_key", "media")
    op.drop_index("uq_media_id", "media")
    with op.batch_alter_table("media") as media:
        for column in ("problem", "pass_key", "thumb_key", "blurhash", "state", "id"):
            media.drop_column(column)
    op.create_index("ix_quote_quoted_uri", "quote", ["quoted_uri"])
    op.drop_index("ix_quote_quoted_uri_state", "quote")
    for table in ("post_app", "submission", "hush", "bookmark"):
        op.drop_table(table)
