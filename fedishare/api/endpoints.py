"""Every endpoint of the API, on one screen."""

from typing import Final

from fedishare.api import empty
from fedishare.api.routes import Endpoint, Routes

ALL: Final[tuple[Routes, ...]] = (empty.routes,)


def endpoints() -> list[Endpoint]:
    return [endpoint for routes in ALL for endpoint in routes]
