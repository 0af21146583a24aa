"""A database that costs nothing: in memory, for plain functions of a connection."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from fedishare.db.tables import METADATA


@pytest.fixture(scope="module")
def empty() -> Iterator[Connection]:
    """Every table and no row, inside a transaction that is never committed."""
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as connection, connection.begin():
        yield connection
    engine.dispose()
