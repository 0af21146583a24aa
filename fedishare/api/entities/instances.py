"""This node as apps read it, in both shapes that they ask for. Every limit is the one that is really kept."""

from html import escape
from typing import Final, NamedTuple

from fedishare import __version__
from fedishare.api.calls import Call
from fedishare.api.entities.accounts import HEADER
from fedishare.domain import polls
from fedishare.net import pictures
from fedishare.queries.usage import Usage
from fedishare.services import media, pins
from fedishare.services import people as people_services

# Apps switch features on by it: official iOS and Ice Cubes by its beginning, others by the word `compatible` (C5).
VERSION: Final = f"4.5.0 (compatible; FediShare {__version__})"
MOST_CHARACTERS: Final = 10_000
CHARACTERS_OF_A_LINK: Final = 23
MOST_FRAMES_A_SECOND: Final = 60
PICTURES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
SHORT: Final = "A federated staffroom for schools."
ABOUT: Final = (
    "This is a FediShare node: a server on which a school or an alliance of schools shares teaching resources and "
    "talks in staffrooms. Accounts are for staff, not for pupils."
)


class Served(NamedTuple):
    """What the node has for apps: the number by which Mastodon counts what its API can do, how big it is here, and
    the key by which push services know it.
    """

    api_version: int
    usage: Usage
    domains: int
    push_key: str


def _configuration(call: Call) -> dict[str, object]:
    video = call.settings.max_upload_bytes
    return {
        "statuses": {
            "max_characters": MOST_CHARACTERS,
            "max_media_attachments": media.MOST,
            "characters_reserved_per_url": CHARACTERS_OF_A_LINK,
        },
        "media_attachments": {
            "supported_mime_types": PICTURES,
            "description_limit": media.LONGEST_ALT,
            "image_size_limit": pictures.MAX_BYTES,
            "image_matrix_limit": pictures.MAX_PIXELS,
            "video_size_limit": video,
            "video_frame_rate_limit": MOST_FRAMES_A_SECOND,
            "video_matrix_limit": pictures.MAX_PIXELS,
        },
        "polls": {
            "max_options": polls.MOST_OPTIONS,
            "max_characters_per_option": polls.LONGEST_OPTION,
            "min_expiration": int(polls.SHORTEST.total_seconds()),
            "max_expiration": int(polls.LONGEST.total_seconds()),
        },
        "accounts": {
            "max_featured_tags": pins.MOST,
            "max_pinned_statuses": pins.MOST,
            "max_profile_fields": people_services.MOST_FIELDS,
            "profile_field_name_limit": people_services.LONGEST_FIELD,
            "profile_field_value_limit": people_services.LONGEST_FIELD,
            "max_display_name_length": people_services.LONGEST_NAME,
            "max_note_length": people_services.LONGEST_ABOUT,
        },
    }


def second(call: Call, served: Served) -> dict[str, object]:
    """`/api/v2/instance`. Who decodes strictly finds every field that some app insists on (client-api 4)."""
    origin, authority = call.here.uris.origin, call.here.uris.authority
    ours = "authenticated" if call.settings.hides_timelines else "public"
    return {
        "domain": authority,
        "title": call.settings.name,
        "version": VERSION,
        "source_url": f"{origin}/about",
        "description": SHORT,
        "usage": {"users": {"active_month": served.usage.active_in_a_month}},
        "thumbnail": {"url": picture(call), "blurhash": None, "versions": {}},
        "icon": [],
        "languages": ["en"],
        "configuration": _configuration(call)
        | {
            "urls": {
                "streaming": _socket(origin),
                "status": None,
                "about": f"{origin}/about",
                "privacy_policy": f"{origin}/about",
                "terms_of_service": None,
            },
            "vapid": {"public_key": served.push_key},
            "translation": {"enabled": False},
            "timelines_access": {
                "live_feeds": {"local": ours, "remote": "authenticated"},
                "hashtag_feeds": {"local": ours, "remote": ours},
                "trending_link_feeds": {"local": "disabled", "remote": "disabled"},
            },
            "limited_federation": False,
        },
        "registrations": {
            "enabled": False,
            "approval_required": False,
            "reason_required": False,
            "message": None,
            "min_age": None,
            "url": None,
        },
        "api_versions": {"mastodon": served.api_version},
        "contact": {"email": "", "account": None},
        "rules": [],
    }


def first(call: Call, served: Served) -> dict[str, object]:
    """`/api/v1/instance`."""
    usage = served.usage
    return {
        "uri": call.here.uris.authority,
        "title": call.settings.name,
        "short_description": SHORT,
        "description": SHORT,
        "email": "",
        "version": VERSION,
        "urls": {"streaming_api": _socket(call.here.uris.origin)},
        "stats": {
            "user_count": usage.people,
            "status_count": usage.posts + usage.comments,
            "domain_count": served.domains,
        },
        "thumbnail": picture(call),
        "languages": ["en"],
        "registrations": False,
        "approval_required": False,
        "invites_enabled": False,
        "configuration": _configuration(call),
        "contact_account": None,
        "rules": [],
    }


def about(call: Call) -> str:
    return f'<p>{escape(ABOUT)}</p><p><a href="{call.here.uris.origin}/about">{escape(call.settings.name)}</a></p>'


def picture(call: Call) -> str:
    return f"{call.here.uris.origin}{call.static.path(HEADER)}"


def _socket(origin: str) -> str:
    """Where streams are opened: the same host, by WebSocket."""
    return f"ws{origin.removeprefix('http')}"
