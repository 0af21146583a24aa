"""What a post is made of before it is one: ours as a draft, others' as read from their server."""

from datetime import datetime, timedelta

import msgspec

from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind, PostKind, QuotePolicy
from fedishare.domain.papers import Paper
from fedishare.services.descriptions import Description
from fedishare.services.resources import ForeignResource, ForeignUse, ResourceDraft, UploadedFile


class PollDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A poll that somebody here writes; it lasts from when it is published, or from the edit that changes it."""

    options: tuple[str, ...]
    lasts: timedelta
    multiple: bool = False


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody here wrote. `text` is Markdown; `media` are keys of pictures they uploaded.

    `quote` is the post they quote. Without a `quote_policy` everybody may quote what everybody may see.
    """

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
    poll: PollDraft | None = None
    quote: int | None = None
    quote_policy: QuotePolicy | None = None
    purpose: PostKind = PostKind.NOTE
    topic: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit may change; who may see a post never widens.

    A `poll` with other answers than before starts anew; without one, a poll stays as it is, unless
    the post `drops_poll`. So do its pictures without `media`, and what a `resource` says of itself.
    `files` are those of a resource from now on, those that stay by their ids; None leaves them as
    they are. `changed` is what its author says is new.
    """

    text: str
    title: str | None = None
    warning: str | None = None
    language: str = "en"
    sensitive: bool = False
    poll: PollDraft | None = None
    quote_policy: QuotePolicy | None = None
    files: tuple[int | UploadedFile, ...] | None = None
    resource: Description | None = None
    changed: str = ""
    media: tuple[str, ...] | None = None
    drops_poll: bool = False


class ForeignAttachment(msgspec.Struct, frozen=True, kw_only=True):
    kind: AttachmentKind
    url: str
    media_type: str
    alt: str
    width: int | None
    height: int | None
    focal: tuple[float, float] | None


class ForeignOption(msgspec.Struct, frozen=True):
    """`name` to the letter, `title` to show; `votes` is None where the number is missing or nobody can mean it."""

    name: str
    title: str
    votes: int | None


class ForeignPoll(msgspec.Struct, frozen=True, kw_only=True):
    options: tuple[ForeignOption, ...]
    multiple: bool
    ends_at: datetime | None
    closed_at: datetime | None
    voters: int | None


class ForeignQuote(msgspec.Struct, frozen=True):
    """That a post asks to quote another. Whether it may is not decided yet."""

    uri: str
    stamp_uri: str | None


class Quoters(msgspec.Struct, frozen=True):
    """Whom a post lets quote it, at once and after asking."""

    automatic: tuple[str, ...]
    manual: tuple[str, ...]


class ForeignPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post from elsewhere: origin and author checked, texts cleaned, lists capped.

    `vote` is the answer it chooses, if it is no post at all but a vote in a poll. `paper` is what it
    says it is in the business of a meeting.
    """

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
    poll: ForeignPoll | None = None
    vote: str | None = None
    quote: ForeignQuote | None = None
    quoters: Quoters | None = None
    quote_policy: QuotePolicy | None = None
    paper: Paper | None = None
    purpose: PostKind = PostKind.NOTE
    answer_uri: str | None = None
