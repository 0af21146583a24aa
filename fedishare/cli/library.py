"""The index of the library, at the command line: made anew from the resources themselves."""

from fedishare.db import schema
from fedishare.db.engine import open_database
from fedishare.services import library
from fedishare.settings import Settings


async def rebuild(settings: Settings) -> int:
    """How many resources there are. A few hundred are written at a time, so that a node at work hardly notices."""
    db = await open_database(settings.database)
    try:
        await schema.ensure(db, settings.database)
        last: int | None = 0
        while last is not None:
            last = await db.write(library.rebuild, last=last)
        return await db.write(library.repair)
    finally:
        await db.close()
