"""What somebody wants of those they follow and mute, servers they block, whom they recommend, announcements

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _actor(table: str, column: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["actor.id"], name=f"fk_{table}_{column}", ondelete=ondelete)


def upgrade() -> None:
    op.add_column("follow", sa.Column("boosts", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("follow", sa.Column("notify", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("follow", sa.Column("languages", sa.Text(), nullable=True))
    op.create_index("ix_follow_followee_id_notify", "follow", ["followee_id", "notify"])
    op.add_column("mute", sa.Column("notices", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("mute", sa.Column("ends_at", MOMENT, nullable=True))
    op.add_column("actor", sa.Column("suspended_there", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "host_block",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _actor("host_block", "actor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_host_block"),
        sa.UniqueConstraint("actor_id", "host", name="uq_host_block_actor_id_host"),
    )
    op.create_index("ix_host_block_host", "host_block", ["host"])
    op.create_table(
        "endorsement",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("endorsed_id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _actor("endorsement", "actor_id"),
        _actor("endorsement", "endorsed_id"),
        sa.PrimaryKeyConstraint("id", name="pk_endorsement"),
        sa.UniqueConstraint("actor_id", "endorsed_id", name="uq_endorsement_actor_id_endorsed_id"),
    )
    op.create_index("ix_endorsement_endorsed_id", "endorsement", ["endorsed_id"])
    op.create_table(
        "declined",
        sa.Column("actor_id", ID, autoincrement=False, nullable=False),
        sa.Column("other_id", ID, autoincrement=False, nullable=False),
        _actor("declined", "actor_id"),
        _actor("declined", "other_id"),
        sa.PrimaryKeyConstraint("actor_id", "other_id", name="pk_declined"),
    )
    op.create_index("ix_declined_other_id", "declined", ["other_id"])
    op.create_table(
        "sign_in_tries",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("left", sa.Double(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_tries"),
    )
    op.create_index("ix_sign_in_tries_at", "sign_in_tries", ["at"])
    _announcements()


def _announcements() -> None:
    of = (["announcement_id"], ["announcement.id"])
    op.create_table(
        "announcement",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        _actor("announcement", "by_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_announcement"),
    )
    op.create_table(
        "announcement_reader",
        sa.Column("announcement_id", ID, autoincrement=False, nullable=False),
        sa.Column("actor_id", ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(*of, name="fk_announcement_reader_announcement_id", ondelete="CASCADE"),
        _actor("announcement_reader", "actor_id"),
        sa.PrimaryKeyConstraint("announcement_id", "actor_id", name="pk_announcement_reader"),
    )
    op.create_index("ix_announcement_reader_actor_id", "announcement_reader", ["actor_id"])
    op.create_table(
        "announcement_reaction",
        sa.Column("announcement_id", ID, autoincrement=False, nullable=False),
        sa.Column("actor_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(*of, name="fk_announcement_reaction_announcement_id", ondelete="CASCADE"),
        _actor("announcement_reaction", "actor_id"),
        sa.PrimaryKeyConstraint("announcement_id", "actor_id", "name", name="pk_announcement_reaction"),
    )
    op.create_index("ix_announcement_reaction_actor_id", "announcement_reaction", ["actor_id"])


def downgrade() -> None:
    of_announcements = ("announcement_reaction", "announcement_reader", "announcement")
    for table in (*of_announcements, "sign_in_tries", "declined", "endorsement", "host_block"):
        op.drop_table(table)
    op.drop_column("actor", "suspended_there")
    op.drop_column("mute", "ends_at")
    op.drop_column("mute", "notices")
    op.drop_index("ix_follow_followee_id_notify", "follow")
    for column in ("languages", "notify", "boosts"):
        op.drop_column("follow", column)
