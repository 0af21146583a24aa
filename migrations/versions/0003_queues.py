"""Order, lost leases and dead servers in the queues

Revision ID: 0006
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHEN = sa.DateTime(timezone=True)
NUMBERED_ONCE = {"sqlite_autoincrement": True}
WAITING = sa.text("failed_at IS NULL")
IN_LINE = sa.text("line IS NOT NULL")
LEASED = sa.text("leased_until IS NOT NULL")


def upgrade() -> None:
    op.add_column("node", sa.Column("failing_since", WHEN, nullable=True))
    op.execute("UPDATE node SET failing_since = CURRENT_TIMESTAMP WHERE failures > 0")

    with op.batch_alter_table("job", recreate="auto", table_kwargs=NUMBERED_ONCE) as job:
        job.drop_index("ix_job_due_at_id")
        job.add_column(sa.Column("lane", ID, nullable=False, server_default=sa.text("0")))
        job.add_column(sa.Column("line", sa.Text(), nullable=True))
        job.add_column(sa.Column("lost", ID, nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE job SET lane = 1 WHERE kind IN ('Receive', 'FetchParent', 'LookUpNode')")
    _index("job", "ix_job_lane_due_at_id", ["lane", "due_at", "id"], WAITING)
    _index("job", "ix_job_line_id", ["line", "id"], IN_LINE)

    with op.batch_alter_table("delivery", recreate="auto", table_kwargs=NUMBERED_ONCE) as delivery:
        delivery.drop_index("ix_delivery_due_at_id")
        delivery.add_column(sa.Column("since", WHEN, nullable=True))
        delivery.add_column(sa.Column("lost", ID, nullable=False, server_default=sa.text("0")))
        delivery.add_column(sa.Column("refused", sa.Boolean(), nullable=False, server_default=sa.false()))
    # Ids of the first version were minted from the time: milliseconds since 2024, then 22 bits.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "UPDATE delivery SET since = "
            "TIMESTAMPTZ '2024-01-01 00:00:00+00' + (id / 4194304) * INTERVAL '1 millisecond'"
        )
        # The first schema made the sequence and never used it.
        op.execute("SELECT setval('delivery_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM delivery), false)")
    else:
        op.execute(
            "UPDATE delivery SET since = strftime('%Y-%m-%d %H:%M:%S.000000', "
            "strftime('%s', '2024-01-01 00:00:00') + id / 4194304 / 1000, 'unixepoch')"
        )
    with op.batch_alter_table("delivery", recreate="auto", table_kwargs=NUMBERED_ONCE) as delivery:
        delivery.alter_column("since", existing_type=WHEN, nullable=False)
    op.execute("UPDATE delivery SET refused = (error LIKE 'answered with status 4%') WHERE failed_at IS NOT NULL")
    _index("delivery", "ix_delivery_due_at_id", ["due_at", "id"], WAITING)
    _index("delivery", "ix_delivery_leased_until_host", ["leased_until", "host"], LEASED)


def _index(table: str, name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_delivery_leased_until_host", table_name="delivery")
    op.drop_index("ix_delivery_due_at_id", table_name="delivery")
    with op.batch_alter_table("delivery", recreate="auto") as delivery:
        for column in ("since", "lost", "refused"):
            delivery.drop_column(column)
        delivery.create_index("ix_delivery_due_at_id", ["due_at", "id"])
    op.drop_index("ix_job_line_id", table_name="job")
    op.drop_index("ix_job_lane_due_at_id", table_name="job")
    with op.batch_alter_table("job", recreate="auto") as job:
        for column in ("lane", "line", "lost"):
            job.drop_column(column)
        job.create_index("ix_job_due_at_id", ["due_at", "id"])
    with op.batch_alter_table("node") as node:
        node.drop_column("failing_since")
