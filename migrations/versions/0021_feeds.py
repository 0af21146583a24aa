"""Filters, lists, why somebody reports, whose notices are welcome, conversations, what moderators did

Revision ID: 0021
Revises: 0020
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "filter",
        _id(),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("contexts", sa.JSON(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        _moment("expires_at", nullable=True),
        _moment("created_at"),
        _cascade("filter", "owner_id", "actor"),
        sa.PrimaryKeyConstraint("id", name="pk_filter"),
    )
    op.create_table(
        "filter_keyword",
        _id(),
        sa.Column("filter_id", ID, nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("whole_word", sa.Boolean(), nullable=False),
        _cascade("filter_keyword", "filter_id", "filter"),
        sa.PrimaryKeyConstraint("id", name="pk_filter_keyword"),
    )
    op.create_table(
        "filter_status",
        _id(),
        sa.Column("filter_id", ID, nullable=False),
        sa.Column("post_id", ID, nullable=False),
        _cascade("filter_status", "filter_id", "filter"),
        _cascade("filter_status", "post_id", "post"),
        sa.PrimaryKeyConstraint("id", name="pk_filter_status"),
        sa.UniqueConstraint("filter_id", "post_id", name="uq_filter_status_filter_id_post_id"),
    )
    op.create_table(
        "list",
        _id(),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("replies_policy", sa.String(32), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        _moment("created_at"),
        _cascade("list", "owner_id", "actor"),
        sa.PrimaryKeyConstraint("id", name="pk_list"),
    )
    op.create_table(
        "list_member",
        _id(),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("follow_id", ID, nullable=False),
        _cascade("list_member", "list_id", "list"),
        _cascade("list_member", "actor_id", "actor"),
        _cascade("list_member", "follow_id", "follow"),
        sa.PrimaryKeyConstraint("id", name="pk_list_member"),
        sa.UniqueConstraint("list_id", "actor_id", name="uq_list_member_list_id_actor_id"),
    )
    with op.batch_alter_table("report") as report:
        report.add_column(sa.Column("category", sa.String(32), nullable=False, server_default="other"))
        report.add_column(sa.Column("rules", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
        for column in ("resolved_by_id", "assigned_id"):
            report.add_column(sa.Column(column, ID, nullable=True))
            report.create_foreign_key(f"fk_report_{column}", "actor", [column], ["id"], ondelete="SET NULL")
    op.create_table(
        "notice_policy",
        sa.Column("actor_id", ID, autoincrement=False, nullable=False),
        *(sa.Column(f"for_{whom}", sa.String(32), nullable=False) for whom in WHOM),
        _cascade("notice_policy", "actor_id", "actor"),
        sa.PrimaryKeyConstraint("actor_id", name="pk_notice_policy"),
    )
    op.create_table(
        "notice_permission",
        sa.Column("recipient_id", ID, autoincrement=False, nullable=False),
        sa.Column("sender_id", ID, autoincrement=False, nullable=False),
        _moment("created_at"),
        _cascade("notice_permission", "recipient_id", "actor"),
        _cascade("notice_permission", "sender_id", "actor"),
        sa.PrimaryKeyConstraint("recipient_id", "sender_id", name="pk_notice_permission"),
    )
    op.create_table(
        "talk",
        _id(),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("others", sa.JSON(), nullable=False),
        sa.Column("last_post_id", ID, nullable=False),
        sa.Column("unread", sa.Boolean(), nullable=False),
        _cascade("talk", "owner_id", "actor"),
        _cascade("talk", "last_post_id", "post"),
        sa.PrimaryKeyConstraint("id", name="pk_talk"),
        sa.UniqueConstraint("owner_id", "key", name="uq_talk_owner_id_key"),
    )
    op.create_index("ix_talk_owner_id_last_post_id", "talk", ["owner_id", "last_post_id"])
    op.create_table(
        "talk_post",
        sa.Column("talk_id", ID, autoincrement=False, nullable=False),
        sa.Column("post_id", ID, autoincrement=False, nullable=False),
        _cascade("talk_post", "talk_id", "talk"),
        _cascade("talk_post", "post_id", "post"),
        sa.PrimaryKeyConstraint("talk_id", "post_id", name="pk_talk_post"),
    )
    op.create_table(
        "decision",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("by_id", ID, nullable=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("target_id", ID, nullable=True),
        sa.Column("report_id", ID, nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        _moment("at"),
        sa.ForeignKeyConstraint(["by_id"], ["actor.id"], name="fk_decision_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["target_id"], ["actor.id"], name="fk_decision_target_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    for table, column in INDICES:
        op.create_index(f"ix_{table}_{column}", table, [column])
    _fill_talks(op.get_bind())


def _fill_talks(bind: sa.Connection) -> None:
    """What was said before, as having been read."""
    ours = set(bind.execute(sa.text("SELECT actor_id FROM account UNION SELECT actor_id FROM handle")).scalars())
    parties: dict[int, set[int]] = {}
    for statement in SAID:
        for post_id, actor_id in bind.execute(sa.text(statement)):
            parties.setdefault(post_id, set()).add(actor_id)
    talks: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for post_id, actors in sorted(parties.items()):
        for owner in actors & ours:
            talks.setdefault((owner, tuple(sorted(actors - {owner}))), []).append(post_id)
    # An id is asked to be nothing but one of its own, and later than those of the talks before.
    taken = 0
    for (owner, others), posts in talks.items():
        taken = max(taken + 1, posts[0])
        key = hashlib.sha256(",".join(map(str, others)).encode()).hexdigest()
        row = {"id": taken, "owner_id": owner, "key": key, "others": list(map(str, others))}
        bind.execute(sa.insert(TALK), row | {"last_post_id": posts[-1], "unread": False})
        bind.execute(sa.insert(TALK_POST), [{"talk_id": taken, "post_id": post_id} for post_id in posts])


SAID = (
    "SELECT id, author_id FROM post WHERE visibility = 'mentioned' AND deleted_at IS NULL",
    """SELECT mention.post_id, mention.actor_id FROM mention JOIN post ON post.id = mention.post_id
        WHERE post.visibility = 'mentioned' AND post.deleted_at IS NULL""",
)
TALK = sa.table(
    "talk",
    sa.column("id", ID),
    sa.column("owner_id", ID),
    sa.column("key", sa.Text()),
    sa.column("others", sa.JSON()),
    sa.column("last_post_id", ID),
    sa.column("unread", sa.Boolean()),
)
TALK_POST = sa.table("talk_post", sa.column("talk_id", ID), sa.column("post_id", ID))


TABLES = (
    "decision",
    "talk_post",
    "talk",
    "notice_permission",
    "notice_policy",
    "list_member",
    "list",
    "filter_status",
    "filter_keyword",
    "filter",
)
WHOM = ("not_following", "not_followers", "new_accounts", "private_mentions", "limited_accounts")
INDICES = (
    ("filter", "owner_id"),
    ("filter_keyword", "filter_id"),
    ("filter_status", "post_id"),
    ("list", "owner_id"),
    ("list_member", "actor_id"),
    ("list_member", "follow_id"),
    ("notice_permission", "sender_id"),
    ("talk", "last_post_id"),
    ("talk_post", "post_id"),
    ("decision", "by_id"),
    ("decision", "target_id"),
)


def downgrade() -> None:
    with op.batch_alter_table("report") as report:
        for column in ("resolved_by_id", "assigned_id"):
            report.drop_constraint(f"fk_report_{column}", type_="foreignkey")
        for column in ("category", "rules", "resolved_by_id", "assigned_id"):
            report.drop_column(column)
    for table in TABLES:
        op.drop_table(table)


def _id() -> sa.schema.SchemaItem:
    return sa.Column("id", ID, autoincrement=False, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.schema.SchemaItem:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _cascade(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}", ondelete="CASCADE")
