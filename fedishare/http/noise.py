"""What the log need not hold: bytes from outside that are no HTTP get a 400, and are nobody's mistake here."""

import logging
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError

SERVER: Final = "aiohttp.server"


def is_ours(record: logging.LogRecord) -> bool:
    """Whether a record of the server says something about this node, and not about what somebody sent to it."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


def quieten() -> None:
    """Leave malformed requests out of this process's log, which anybody could fill with them."""
    logging.getLogger(SERVER).addFilter(is_ours)
