"""Brings a database to the schema this version needs, or says why it cannot."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from fedishare import paths
from fedishare.core.errors import Invalid, Unreachable
from fedishare.db.engine import Database

# The newest revision under migrations/; a test holds it against the folder.
HEAD: Final = "0024"
LOCK: Final = 0x66656469


async def upgrade(url: str) -> None:
    """Run every migration that the database at `url` has not seen. An empty database gets them all."""
    try:
        if url.startswith("sqlite"):
            Path(url.partition(":///")[2]).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(url.replace("+aiosqlite", ""))
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                connection.commit()
                run(connection)
            engine.dispose()
        else:
            from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 -- which SQLite has no use for

            server = create_async_engine(url)
            try:
                async with server.connect() as connected:
                    await connected.run_sync(run)
            finally:
                await server.dispose()
    except (SQLAlchemyError, OSError) as error:
        raise Unreachable(f"the database could not be migrated: {error}") from error


def run(connection: Connection, *, revision: str = "head") -> None:
    from alembic import command  # noqa: PLC0415 -- a third of a second, which only migrations need to pay
    from alembic.config import Config  # noqa: PLC0415 -- as above

    if connection.dialect.name == "postgresql":
        # Two processes may start on one empty database; the second waits here, and finds the work done.
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.commit()
    config = Config()
    config.set_main_option("script_location", str(paths.folder("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    connection.commit()


def revision(tx: Connection) -> str | None:
    """The revision the database is at; None for an empty one."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    found: str | None = tx.scalar(select(text("version_num")).select_from(text("alembic_version")))
    return found


async def ensure(database: Database, url: str) -> None:
    """Fill an empty database; refuse one of another version with a word on what to do."""
    found = await database.read(revision)
    if found is None:
        await upgrade(url)
    elif found != HEAD:
        raise Invalid(f"the database is at version {found} and this program needs {HEAD}: run `fedishare migrate`")
