"""What resources are described with: subjects, levels and the like in rows of their own, and what else a resource tells

Revision ID: 0008
Revises: 0007
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from fedishare.domain import vocabularies

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT_ONCE = 500
TERM = sa.table(
    "resource_term",
    *(sa.column(name) for name in ("post_id", "position", "kind", "slug", "label", "uri", "framework")),
)
FORMER = ("subject", "subject_label", "level", "level_label", "type", "type_label")
RESOURCE = sa.table("resource", sa.column("post_id"), *(sa.column(name) for name in FORMER))


def upgrade() -> None:
    op.create_table(
        "resource_term",
        sa.Column("post_id", ID, autoincrement=False, nullable=False),
        sa.Column("position", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("slug", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("framework", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["resource.post_id"], name="fk_resource_term_post_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "position", name="pk_resource_term"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "resource_basis",
        sa.Column("post_id", ID, autoincrement=False, nullable=False),
        sa.Column("position", ID, autoincrement=False, nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("licence_url", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["post_id"], ["resource.post_id"], name="fk_resource_basis_post_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "position", name="pk_resource_basis"),
    )
    op.create_index("ix_resource_basis_uri", "resource_basis", ["uri"])
    op.create_table(
        "habit",
        sa.Column("actor_id", ID, autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("scheme", "subject", "level", "licence", "language", "credit")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name="fk_habit_actor_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("actor_id", name="pk_habit"),
    )
    op.add_column("resource", sa.Column("minutes", ID, nullable=True))
    op.add_column("resource", sa.Column("credit", sa.Text(), nullable=False, server_default=""))
    _move()
    op.create_index("ix_resource_term_kind_slug_post_id", "resource_term", ["kind", "slug", "post_id"])
    op.create_index("ix_resource_age_min_age_max", "resource", ["age_min", "age_max"])
    op.create_index("ix_resource_licence", "resource", ["licence"])
    op.drop_index("ix_resource_subject", "resource")
    op.drop_index("ix_resource_level", "resource")
    for name in FORMER:
        op.drop_column("resource", name)


def _move() -> None:
    """Row by row in order of the key, a few hundred at a time, so that a large library needs little memory."""
    connection, last = op.get_bind(), 0
    page = sa.select(RESOURCE).order_by(RESOURCE.c.post_id).limit(AT_ONCE)
    while rows := connection.execute(page.where(RESOURCE.c.post_id > last)).all():
        moved = [
            {"post_id": row.post_id, "position": position, **term}
            for row in rows
            for position, term in enumerate(_terms(row))
        ]
        if moved:
            connection.execute(sa.insert(TERM), moved)
        last = rows[-1].post_id


def _terms(row: Any) -> Iterator[dict[str, str | None]]:
    subject, level = vocabularies.subject(row.subject or ""), vocabularies.level(row.level or "")
    kind, step = vocabularies.resource_type(row.type or ""), vocabularies.isced(level.isced) if level else None
    if row.subject_label:
        yield _term("subject", row.subject, row.subject_label, subject.kim if subject else None)
    if row.level_label:
        found = _term("level", row.level, row.level_label, level.url if level else None)
        yield found | {"framework": level.framework if level else None}
    if step is not None:
        yield _term("stage", step.slug, step.label, step.url)
    if row.type_label:
        yield _term("type", row.type, row.type_label, kind.url if kind else None)


def _term(kind: str, slug: str | None, label: str, uri: str | None) -> dict[str, str | None]:
    return {"kind": kind, "slug": slug, "label": label, "uri": uri, "framework": None}


def downgrade() -> None:
    """Back to one subject, level and type each; the rest of what was told is lost."""
    for name in FORMER:
        is_label = name.endswith("_label")
        default = "" if is_label else None
        op.add_column("resource", sa.Column(name, sa.Text(), nullable=not is_label, server_default=default))
        term = sa.table(
            "resource_term", *(sa.column(each) for each in ("post_id", "position", "kind", "slug", "label"))
        )
        first = (
            sa.select(term.c.label if is_label else term.c.slug)
            .where(term.c.post_id == RESOURCE.c.post_id, term.c.kind == name.removesuffix("_label"))
            .order_by(term.c.position)
            .limit(1)
            .scalar_subquery()
        )
        op.execute(sa.update(RESOURCE).values({name: sa.func.coalesce(first, default) if is_label else first}))
    op.create_index("ix_resource_subject", "resource", ["subject"])
    op.create_index("ix_resource_level", "resource", ["level"])
    op.drop_index("ix_resource_licence", "resource")
    op.drop_index("ix_resource_age_min_age_max", "resource")
    op.drop_column("resource", "credit")
    op.drop_column("resource", "minutes")
    op.drop_table("habit")
    op.drop_index("ix_resource_basis_uri", "resource_basis")
    op.drop_table("resource_basis")
    op.drop_index("ix_resource_term_kind_slug_post_id", "resource_term")
    op.drop_table("resource_term")
