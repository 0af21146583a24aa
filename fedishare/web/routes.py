"""Every page there is. Where a page and a document share an address, app.py lets the Accept header decide."""

from typing import Final

from fedishare.http.routes import Routes
from fedishare.web import (
    compose,
    deliveries,
    home,
    media,
    notices,
    pages,
    people,
    posts,
    reactions,
    reports,
    resources,
    rooms,
    search,
    settings,
    sign_in,
)

ALL: Final[tuple[Routes, ...]] = tuple(
    module.routes
    for module in (
        home,
        sign_in,
        posts,
        resources,
        reactions,
        compose,
        rooms,
        people,
        notices,
        search,
        settings,
        reports,
        deliveries,
        media,
        pages,
    )
)
