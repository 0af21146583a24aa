"""Posts that wait for their time, as apps read them."""

from collections.abc import Mapping
from typing import Final

import msgspec

from fedishare.api.calls import Call, stamp
from fedishare.api.entities import media
from fedishare.api.entities.credentials import VISIBILITY
from fedishare.api.entities.media import MediaAttachment
from fedishare.queries.uploaded import Uploaded
from fedishare.queries.waiting import Waiting
from fedishare.services.drafts import Draft

_decoder: Final = msgspec.json.Decoder(Draft)


class PollParams(msgspec.Struct, frozen=True):
    options: tuple[str, ...]
    expires_in: str
    multiple: bool
    hide_totals: bool = False


class ScheduledParams(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    visibility: str
    sensitive: bool
    spoiler_text: str | None
    language: str | None
    media_ids: tuple[str, ...] | None
    in_reply_to_id: str | None
    poll: PollParams | None
    quoted_status_id: str | None
    quote_approval_policy: str | None
    idempotency: None = None
    scheduled_at: None = None
    application_id: int = 0
    with_rate_limit: bool = False


class ScheduledStatus(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    scheduled_at: str
    params: ScheduledParams
    media_attachments: tuple[MediaAttachment, ...]


def draft_of(row: Waiting) -> Draft:
    return _decoder.decode(row.draft)


def waiting(call: Call, row: Waiting, pictures: Mapping[str, Uploaded]) -> ScheduledStatus:
    """`pictures` are those that its draft will carry, by their keys."""
    draft = draft_of(row)
    held = [pictures[key] for key in draft.media if key in pictures]
    return ScheduledStatus(
        id=str(row.id),
        scheduled_at=stamp(row.due_at),
        params=_params(draft, held),
        media_attachments=tuple(media.uploaded(call, each) for each in held),
    )


def _params(draft: Draft, held: list[Uploaded]) -> ScheduledParams:
    poll = draft.poll
    return ScheduledParams(
        text=draft.text,
        visibility=VISIBILITY[draft.visibility],
        sensitive=draft.sensitive,
        spoiler_text=draft.warning,
        language=draft.language,
        media_ids=tuple(str(each.id) for each in held) or None,
        in_reply_to_id=None if draft.in_reply_to is None else str(draft.in_reply_to),
        poll=PollParams(poll.options, str(int(poll.lasts.total_seconds())), poll.multiple) if poll else None,
        quoted_status_id=None if draft.quote is None else str(draft.quote),
        quote_approval_policy=str(draft.quote_policy) if draft.quote_policy else None,
    )
