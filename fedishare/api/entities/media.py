"""What is attached to a post, and what is on its way there: Mastodon's MediaAttachment."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from fedishare.api.calls import Call
from fedishare.domain import passes
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import AttachmentKind
from fedishare.queries.statuses import Medium
from fedishare.queries.uploaded import Uploaded

TYPES: Final = {
    AttachmentKind.IMAGE: "image",
    AttachmentKind.VIDEO: "video",
    AttachmentKind.AUDIO: "audio",
    AttachmentKind.FILE: "unknown",
    AttachmentKind.LINK: "unknown",
}


class Size(msgspec.Struct, frozen=True):
    """`aspect` is the width by the height."""

    width: int
    height: int
    size: str
    aspect: float


class Focus(msgspec.Struct, frozen=True):
    x: float
    y: float


class Meta(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of it, and nothing where that is not known."""

    original: Size | None = None
    small: Size | None = None
    focus: Focus | None = None


class MediaAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is null while it is being processed."""

    id: str
    type: str
    url: str | None
    preview_url: str | None
    remote_url: str | None
    preview_remote_url: None = None
    text_url: None = None
    meta: Meta
    description: str | None
    blurhash: str | None


class Blank(NamedTuple):
    """Where the pass of whoever looks goes, in what is kept for all of them; `secret` is its picture's."""

    space: bytes
    secret: str


def attached(call: Call, medium: Medium, *, visibility: Visibility) -> MediaAttachment:
    """Something on a post, the same for everybody: the address of a picture that not everybody may see has a blank."""
    is_ours = medium.media_id is not None
    needs_pass = visibility not in OPEN and medium.pass_key is not None
    query = f"?pass={_space(medium.id)}" if needs_pass else ""
    url = medium.url + query
    kind = AttachmentKind.IMAGE if medium.media_type.startswith("image/") else medium.kind
    small = url if medium.thumb_key is None else call.here.uris.media(medium.thumb_key) + query
    return MediaAttachment(
        id=str(medium.media_id if medium.media_id is not None else medium.id),
        type=TYPES[kind],
        url=url,
        preview_url=small,
        remote_url=None if is_ours else medium.url,
        meta=_meta(medium.width, medium.height, medium.focal_x, medium.focal_y),
        description=medium.alt or None,
        blurhash=medium.blurhash,
    )


def blanks(media: Iterable[Medium], *, visibility: Visibility) -> tuple[Blank, ...]:
    """The blanks that `attached` leaves, nearly always none."""
    if visibility in OPEN:
        return ()
    return tuple(Blank(_space(one.id).encode(), one.pass_key) for one in media if one.pass_key is not None)


def _space(attachment_id: int) -> str:
    # A colon is in no pass, and the id in no other picture's blank.
    return f"blank:{attachment_id}:"


def filled(call: Call, written: bytes, blanks: Iterable[Blank]) -> bytes:
    """What was written with blanks, with the passes of whose token this is."""
    token_id = call.who.token_id
    for blank in blanks:
        told = "" if token_id is None else passes.issue(blank.secret, token_id=token_id)
        written = written.replace(b"?pass=" + blank.space, f"?pass={told}".encode())
    return written


def uploaded(call: Call, row: Uploaded) -> MediaAttachment:
    """Something that somebody uploaded, whether a post carries it yet or not. For its owner."""
    url = _with_pass(call, call.here.uris.media(row.key), row.pass_key) if row.is_ready else None
    small = url if row.thumb_key is None else _with_pass(call, call.here.uris.media(row.thumb_key), row.pass_key)
    return MediaAttachment(
        id=str(row.id),
        type="image",
        url=url,
        preview_url=small if row.is_ready else None,
        remote_url=None,
        meta=_meta(row.width, row.height, row.focal_x, row.focal_y),
        description=row.alt or None,
        blurhash=row.blurhash,
    )


def _with_pass(call: Call, url: str, secret: str | None) -> str:
    token_id = call.who.token_id
    return url if secret is None or token_id is None else f"{url}?pass={passes.issue(secret, token_id=token_id)}"


def _meta(width: int | None, height: int | None, x: float | None, y: float | None) -> Meta:
    size = Size(width, height, f"{width}x{height}", round(width / height, 4)) if width and height else None
    return Meta(size, size, Focus(x, y) if x is not None and y is not None else None)
