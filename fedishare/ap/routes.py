"""Every address of this node that is for other servers.

`/`, `/@{handle}`, `/posts/{id}` and `/resources/{id}` are for people too: the application gives
the page to whoever does not ask for a document.
"""

from typing import Final

from fedishare.ap import (
    actors,
    anthologies,
    collections,
    faces,
    feeds,
    inboxes,
    oai,
    objects,
    outboxes,
    pasts,
    quotes,
    sitemaps,
    wellknown,
)
from fedishare.http.routes import Routes

ALL: Final[tuple[Routes, ...]] = (
    wellknown.routes,
    # Before the pages whose addresses match theirs.
    feeds.routes,
    actors.routes,
    inboxes.routes,
    outboxes.routes,
    collections.routes,
    pasts.routes,
    anthologies.routes,
    faces.routes,
    objects.routes,
    quotes.routes,
    sitemaps.routes,
    oai.routes,
)
