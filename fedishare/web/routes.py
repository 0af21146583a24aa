"""Every page there is. Where a page and a document share an address, app.py lets the Accept header decide."""

from typing import Final

from fedishare.http.routes import Routes
from fedishare.web import (
    blocks,
    compose,
    deliveries,
    drafts,
    home,
    intents,
    media,
    moving,
    notices,
    pages,
    people,
    polls,
    posts,
    quotes,
    reactions,
    reports,
    resources,
    rooms,
    rulings,
    search,
    servers,
    settings,
    sign_in,
    storage,
    uploads,
    visits,
)

ALL: Final[tuple[Routes, ...]] = tuple(
    module.routes
    for module in (
        home,
        sign_in,
        posts,
        polls,
        quotes,
        resources,
        reactions,
        compose,
        drafts,
        uploads,
        rooms,
        rulings,
        visits,
        people,
        notices,
        search,
        intents,
        settings,
        blocks,
        moving,
        reports,
        servers,
        deliveries,
        storage,
        media,
        pages,
    )
)
