"""Catch-up in rooms; meetings with agenda, minutes and actions

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PAPERS = ("meeting", "agenda_item", "agenda_order", "minutes", "action_report")


def upgrade() -> None:
    op.add_column("post", sa.Column("filed_id", ID, nullable=True))
    op.add_column("post", sa.Column("paper", sa.String(32), nullable=True))
    # What is in a room already came in when we learnt of it, as far as anybody can tell now.
    op.execute("UPDATE post SET filed_id = id WHERE room_id IS NOT NULL")
    filed = sa.text("filed_id IS NOT NULL")
    op.create_index(
        "ix_post_room_id_filed_id", "post", ["room_id", "filed_id"], sqlite_where=filed, postgresql_where=filed
    )
    _visits()
    _papers()
    _notes()


def _visits() -> None:
    op.create_table(
        "visit",
        sa.Column("person_id", ID, nullable=False),
        sa.Column("room_id", ID, nullable=False),
        sa.Column("seen_upto", ID, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        _reference("visit", "person_id", "actor"),
        _reference("visit", "room_id", "actor"),
        sa.PrimaryKeyConstraint("person_id", "room_id", name="pk_visit"),
    )
    op.create_index("ix_visit_room_id", "visit", ["room_id"])
    # Nobody is to catch up with all that was there before anybody could.
    op.execute(
        "INSERT INTO visit (person_id, room_id, seen_upto, seen_at) "
        "SELECT f.follower_id, f.followee_id, (SELECT MAX(id) FROM post), CURRENT_TIMESTAMP "
        "FROM follow f JOIN actor p ON p.id = f.follower_id JOIN actor r ON r.id = f.followee_id "
        "WHERE p.local AND r.kind = 'Group' AND f.state = 'accepted' AND EXISTS (SELECT 1 FROM post)"
    )


def _papers() -> None:
    op.create_table(
        "meeting",
        *_paper("meeting"),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("secretary_uri", sa.Text(), nullable=True),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "agenda_item",
        *_paper("agenda_item"),
        sa.Column("meeting_uri", sa.Text(), nullable=True),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("position", ID, nullable=True),
        sa.Column("settled_by_id", ID, nullable=True),
        _reference("agenda_item", "settled_by_id", "post", "SET NULL"),
    )
    op.create_index("ix_agenda_item_settled_by_id", "agenda_item", ["settled_by_id"])
    op.create_table(
        "agenda_order",
        *_paper("agenda_order"),
        sa.Column("meeting_uri", sa.Text(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
    )
    op.create_table(
        "minutes",
        *_paper("minutes"),
        sa.Column("meeting_uri", sa.Text(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
    )
    op.create_table("action_report", *_paper("action_report"), sa.Column("action_uri", sa.Text(), nullable=False))
    for table in PAPERS:
        op.create_index(f"ix_{table}_room_id", table, ["room_id"])
    op.create_index("ix_agenda_order_meeting_uri", "agenda_order", ["meeting_uri"])
    op.create_index("ix_minutes_meeting_uri", "minutes", ["meeting_uri"])
    op.create_index("ix_action_report_action_uri", "action_report", ["action_uri"])
    op.create_table(
        "action_point",
        sa.Column("id", ID, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("post_id", ID, nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("owner_uri", sa.Text(), nullable=False),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("owner_id", ID, nullable=True),
        sa.Column("due", sa.Text(), nullable=True),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        _reference("action_point", "post_id", "post"),
        _reference("action_point", "owner_id", "actor", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_action_point"),
        sa.UniqueConstraint("uri", name="uq_action_point_uri"),
    )
    op.create_index("ix_action_point_post_id", "action_point", ["post_id"])
    op.create_index("ix_action_point_owner_id", "action_point", ["owner_id"])


def _notes() -> None:
    texts = ("notes", "decisions", "present", "apologies", "links")
    op.create_table(
        "sheet",
        sa.Column("id", ID, nullable=False),
        sa.Column("meeting_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("is_reached", sa.Boolean(), nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("editor_id", ID, nullable=True),
        _reference("sheet", "meeting_id", "post"),
        _reference("sheet", "item_id", "post"),
        _reference("sheet", "editor_id", "actor", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_sheet"),
        sa.UniqueConstraint("meeting_id", "item_id", name="uq_sheet_meeting_id_item_id"),
    )
    op.create_index("ix_sheet_item_id", "sheet", ["item_id"])
    op.create_index("ix_sheet_editor_id", "sheet", ["editor_id"])
    op.create_table(
        "draft_action",
        sa.Column("id", ID, nullable=False),
        sa.Column("meeting_id", ID, nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("due", sa.Text(), nullable=True),
        _reference("draft_action", "meeting_id", "post"),
        _reference("draft_action", "owner_id", "actor"),
        sa.PrimaryKeyConstraint("id", name="pk_draft_action"),
    )
    op.create_index("ix_draft_action_meeting_id", "draft_action", ["meeting_id"])
    op.create_index("ix_draft_action_owner_id", "draft_action", ["owner_id"])


def downgrade() -> None:
    for table in ("draft_action", "sheet", "action_point", *reversed(PAPERS), "visit"):
        op.drop_table(table)
    op.drop_index("ix_post_room_id_filed_id", "post")
    op.drop_column("post", "paper")
    op.drop_column("post", "filed_id")


def _paper(table: str) -> list[sa.schema.SchemaItem]:
    """What every kind of paper has: its post, and the room it belongs to once it is taken for what it says."""
    return [
        sa.Column("post_id", ID, nullable=False),
        sa.Column("room_id", ID, nullable=True),
        _reference(table, "post_id", "post"),
        _reference(table, "room_id", "actor"),
        sa.PrimaryKeyConstraint("post_id", name=f"pk_{table}"),
    ]


def _reference(table: str, column: str, to: str, then: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}", ondelete=then)
