"""Apps that act for people, the codes they exchange, and what a token is for

Revision ID: 0018
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "app",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_app"),
        sa.UniqueConstraint("client_id", name="uq_app_client_id"),
    )
    op.create_table(
        "code",
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("app_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("actor_id", ID, nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("challenge", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["app_id"], ["app.id"], name="fk_code_app_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_code_account_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"], name="fk_code_actor_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_code"),
    )
    for column in ("app_id", "account_id", "actor_id", "expires_at"):
        op.create_index(f"ix_code_{column}", "code", [column])
    with op.batch_alter_table("token") as token:
        token.alter_column("account_id", existing_type=ID, nullable=True)
        token.add_column(sa.Column("app_id", ID, nullable=True))
        token.add_column(sa.Column("actor_id", ID, nullable=True))
        token.add_column(sa.Column("code_hash", sa.LargeBinary(), nullable=True))
        token.add_column(sa.Column("used_at", sa.DateTime(timezone=True), nullable=True))
        token.create_foreign_key("fk_token_app_id", "app", ["app_id"], ["id"], ondelete="CASCADE")
        token.create_foreign_key("fk_token_actor_id", "actor", ["actor_id"], ["id"], ondelete="CASCADE")
    for column in ("app_id", "actor_id", "code_hash"):
        op.create_index(f"ix_token_{column}", "token", [column])
    # A token made at the command line acts as the person whose it is.
    op.execute("UPDATE token SET actor_id = (SELECT actor_id FROM account WHERE account.id = token.account_id)")


def downgrade() -> None:
    op.execute("DELETE FROM token WHERE account_id IS NULL OR app_id IS NOT NULL")
    for column in ("app_id", "actor_id", "code_hash"):
        op.drop_index(f"ix_token_{column}", "token")
    with op.batch_alter_table("token") as token:
        token.drop_constraint("fk_token_app_id", type_="foreignkey")
        token.drop_constraint("fk_token_actor_id", type_="foreignkey")
        for column in ("app_id", "actor_id", "code_hash", "used_at"):
            token.drop_column(column)
        token.alter_column("account_id", existing_type=ID, nullable=False)
    op.drop_table("code")
    op.drop_table("app")
