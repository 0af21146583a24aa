"""Every endpoint of the API, on one screen."""

from typing import Final

from fedishare.api import (
    accounts,
    announcements,
    apps,
    conversations,
    empty,
    filters,
    hostblocks,
    instance,
    lists,
    markers,
    media,
    moderation,
    notification_groups,
    notifications,
    oauth,
    phrases,
    policies,
    polls,
    posting,
    profile,
    push,
    reacting,
    relations,
    reports,
    scheduled,
    search,
    statuses,
    suggestions,
    tags,
    timelines,
    trends,
)
from fedishare.api.extensions import audiences, documents, events, publishing, resources, rooms, uploads, vocabularies
from fedishare.api.routes import Endpoint, Routes
from fedishare.api.streaming import routes as streaming

ALL: Final[tuple[Routes, ...]] = (
    apps.routes,
    oauth.routes,
    instance.routes,
    profile.routes,
    relations.routes,
    hostblocks.routes,
    suggestions.routes,
    accounts.routes,
    tags.routes,
    markers.routes,
    media.routes,
    polls.routes,
    posting.routes,
    reacting.routes,
    scheduled.routes,
    statuses.routes,
    timelines.routes,
    empty.routes,
    announcements.routes,
    trends.routes,
    filters.routes,
    phrases.routes,
    lists.routes,
    reports.routes,
    # "policy" and "requests" are no ids, so they come first.
    policies.routes,
    notifications.routes,
    notification_groups.routes,
    conversations.routes,
    search.routes,
    moderation.routes,
    push.routes,
    streaming.routes,
    audiences.routes,
    vocabularies.routes,
    uploads.routes,
    resources.routes,
    publishing.routes,
    rooms.routes,
    events.routes,
    documents.routes,
)


# Which of Mastodon's numbers an endpoint earns; each one needs all of those below it (decision C6).
EARNED: Final = (
    (2, ("GET", "/api/v2/notifications")),
    (7, ("GET", "/api/v1/statuses/{id}/quotes")),
    # With 9 pictures have descriptions, which nobody can write here.
    (8, ("GET", "/api/v1/profile")),
)


def api_version() -> int:
    """What `api_versions.mastodon` may say: never more than is really served."""
    served, found = {(endpoint.method, endpoint.path) for endpoint in endpoints()}, 1
    for number, needed in EARNED:
        if needed not in served:
            break
        found = number
    return found


def endpoints() -> list[Endpoint]:
    return [endpoint for routes in ALL for endpoint in routes]
