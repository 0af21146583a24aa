"""What somebody elsewhere wrote, as its own server showed it to us, for servers that read posts in activities alone."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import json
from fedishare.core.json import Json
from fedishare.domain.audience import OPEN, PUBLIC_IRI
from fedishare.outbox import objects
from fedishare.queries import outgoing
from fedishare.queries.outgoing import AttachmentRow, Parcel, PostRow
from fedishare.queries.parties import Who

# What has a post in it.
SAYING: Final = frozenset({"Create", "Update"})
# Lemmy has no polls, and takes what it does not know for nothing at all.
KINDS: Final = frozenset({"Note", "Article", "Page"})


def of_parcel(
    tx: Connection, parcel: Parcel, *, post: PostRow | None, author_uri: str | None, room: Who
) -> Document | None:
    """The post that an activity names by its address alone, because nobody vouched for what was said of it.

    We looked for ourselves at that address before the activity was kept (F13), and this is what we found. None for what
    is written here, for what not everybody may know of, and for what says itself what it is about.
    """
    if post is None or post.local or post.deleted_at is not None or post.visibility not in OPEN:
        return None
    document = json.loads(parcel.body)
    if not isinstance(document, dict) or not isinstance(document.get("object"), str):
        return None
    if document.get("type") not in SAYING or author_uri != parcel.actor.uri or post.kind not in KINDS:
        return None
    return embedded(post, author_uri=author_uri, attachments=outgoing.attachments(tx, post_id=post.id), room=room)


def embedded(post: PostRow, *, author_uri: str, attachments: Iterable[AttachmentRow], room: Who) -> Document:
    """A post from elsewhere in one of our rooms. Nobody proved these bytes, so there is no proof with them."""
    mention: Json = {"type": "Mention", "href": room.uri, "name": f"@{room.username}@{room.domain}"}
    shaped: Document = {
        "id": post.uri,
        "type": post.kind,
        "attributedTo": author_uri,
        "to": [PUBLIC_IRI],
        "cc": [room.uri],
        "audience": room.uri,
        "content": post.content,
        "mediaType": "text/html",
        "url": post.url,
        "published": write.when(post.published_at),
        "sensitive": post.sensitive,
        "tag": [mention],
        "attachment": objects.attachments(attachments),
    }
    if post.edited_at is not None:
        shaped["updated"] = write.when(post.edited_at)
    if post.warning:
        shaped["summary"] = post.warning
    if post.in_reply_to_uri is not None:
        return shaped | {"inReplyTo": post.in_reply_to_uri}
    return shaped | {"name": post.title} if post.title else shaped
