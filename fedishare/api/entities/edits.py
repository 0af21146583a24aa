"""What a post said before, what it was written as, and what stands around it."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call, stamp
from fedishare.api.entities import statuses
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.media import MediaAttachment
from fedishare.api.entities.statuses import Status
from fedishare.domain.html import plain
from fedishare.queries import resources, sources
from fedishare.queries import statuses as reading


class StatusSource(msgspec.Struct, frozen=True):
    id: str
    text: str
    spoiler_text: str


class Context(msgspec.Struct, frozen=True):
    """What a post answers, the beginning first; and what answers it, each right after what it answers."""

    ancestors: Sequence[Status]
    descendants: Sequence[Status]


class PollOption(msgspec.Struct, frozen=True):
    title: str


class EditedPoll(msgspec.Struct, frozen=True):
    options: tuple[PollOption, ...]


class StatusEdit(msgspec.Struct, frozen=True, kw_only=True):
    """One version. Of earlier ones only the words are kept; what was attached is shown as it is now."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: str
    account: Account
    media_attachments: tuple[MediaAttachment, ...]
    emojis: tuple[()] = ()
    poll: EditedPoll | None = None


def history(tx: Connection, call: Call, post_id: int) -> list[StatusEdit]:
    """All versions, oldest first, the last as it is now. Whether the viewer may see it was asked before."""
    fact, ready = reading.facts(tx, [post_id])[post_id], statuses.plainly(tx, call, post_id)
    resource = resources.cards(tx, [post_id]).get(post_id)
    options = ready.poll.options if ready.poll is not None else ()
    poll = EditedPoll(tuple(PollOption(option.title) for option in options)) if options else None
    attached, since, found = statuses.attachments(call, ready), fact.published_at, []
    for version in (*sources.versions(tx, post_id=post_id), None):
        then = (
            fact
            if version is None
            else fact._replace(title=version.title, warning=version.warning, content=version.content)
        )
        found.append(
            StatusEdit(
                content=statuses.content(then, resource),
                spoiler_text=then.warning or "",
                sensitive=fact.sensitive if version is None else bool(then.warning),
                created_at=stamp(since),
                account=ready.plain.account,
                media_attachments=attached,
                poll=poll,
            )
        )
        since = version.until if version is not None else since
    return found


def plain_text(tx: Connection, post_id: int) -> str:
    return plain(sources.one(tx, post_id=post_id).content)
