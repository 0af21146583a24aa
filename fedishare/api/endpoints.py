"""Every endpoint of the API, on one screen."""

from typing import Final

from fedishare.api import apps, empty, oauth
from fedishare.api.routes import Endpoint, Routes

ALL: Final[tuple[Routes, ...]] = (apps.routes, oauth.routes, empty.routes)


def endpoints() -> list[Endpoint]:
    return [endpoint for routes in ALL for endpoint in routes]
