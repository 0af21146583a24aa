"""Staffrooms in depth: invitations, rules that were accepted, members elsewhere, topics, questions with an answer

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("room", sa.Column("rules_version", ID, nullable=False, server_default="1"))
    op.add_column("room", sa.Column("stewards_only_posting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("node", sa.Column("called", sa.Text(), nullable=True))
    op.create_table(
        "rules_acceptance",
        _to("rules_acceptance", "room_id", "actor"),
        _to("rules_acceptance", "actor_id", "actor"),
        sa.Column("version", ID, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "actor_id", name="pk_rules_acceptance"),
    )
    op.create_index("ix_rules_acceptance_actor_id", "rules_acceptance", ["actor_id"])
    op.create_table(
        "invitation",
        sa.Column("id", ID, nullable=False),
        _to("invitation", "room_id", "actor"),
        _to("invitation", "by_id", "actor", nullable=True, ondelete="SET NULL"),
        _to("invitation", "actor_id", "actor", nullable=True),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("secret_hash", name="uq_invitation_secret_hash"),
        sa.UniqueConstraint("room_id", "actor_id", name="uq_invitation_room_id_actor_id"),
    )
    op.create_index("ix_invitation_actor_id", "invitation", ["actor_id"])
    op.create_index("ix_invitation_by_id", "invitation", ["by_id"])
    op.create_table(
        "member",
        _to("member", "room_id", "actor"),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "uri", name="pk_member"),
    )
    op.create_table(
        "topic",
        _to("topic", "room_id", "actor"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.PrimaryKeyConstraint("room_id", "name", name="pk_topic"),
    )
    op.create_table(
        "purpose",
        _to("purpose", "post_id", "post"),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("answer_uri", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("post_id", name="pk_purpose"),
    )
    op.create_table(
        "watch",
        _to("watch", "room_id", "actor"),
        _to("watch", "actor_id", "actor"),
        sa.PrimaryKeyConstraint("room_id", "actor_id", name="pk_watch"),
    )
    op.create_index("ix_watch_actor_id", "watch", ["actor_id"])


def downgrade() -> None:
    for table in ("watch", "purpose", "topic", "member", "invitation", "rules_acceptance"):
        op.drop_table(table)
    op.drop_column("node", "called")
    op.drop_column("room", "stewards_only_posting")
    op.drop_column("room", "rules_version")


def _to(table: str, column: str, other: str, *, nullable: bool = False, ondelete: str = "CASCADE") -> sa.Column[int]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}", ondelete=ondelete)
    return sa.Column(column, ID, key, nullable=nullable)
