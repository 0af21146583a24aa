"""What a post is made of before it is one: ours as a draft, others' as read from their server."""

from datetime import datetime

import msgspec

from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind
from fedishare.services.resources import ForeignResource, ForeignUse, ResourceDraft


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody here wrote. `text` is Markdown; `media` are keys of pictures they uploaded."""

    text: str
    visibility: Visibility
    title: str | None = None
    warning: str | None = None
    language: str = "en"
    sensitive: bool = False
    in_reply_to: int | None = None
    room: int | None = None
    media: tuple[str, ...] = ()
    resource: ResourceDraft | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit may change; who may see a post never widens."""

    text: str
    title: str | None = None
    warning: str | None = None
    language: str = "en"
    sensitive: bool = False


class ForeignAttachment(msgspec.Struct, frozen=True, kw_only=True):
    kind: AttachmentKind
    url: str
    media_type: str
    alt: str
    width: int | None
    height: int | None
    focal: tuple[float, float] | None


class ForeignPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post from elsewhere: origin and author checked, texts cleaned, lists capped."""

    uri: str
    url: str
    kind: str
    author_id: int
    title: str | None
    warning: str | None
    content: str
    source: str | None
    language: str | None
    sensitive: bool
    visibility: Visibility
    to: tuple[str, ...]
    cc: tuple[str, ...]
    audience: tuple[str, ...]
    in_reply_to_uri: str | None
    context_uri: str | None
    published_at: datetime
    updated_at: datetime | None
    tags: tuple[str, ...]
    mentions: tuple[str, ...]
    attachments: tuple[ForeignAttachment, ...]
    resource: ForeignResource | None
    use: ForeignUse | None
