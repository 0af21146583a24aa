"""Sends one notice to one device, by way of the push service that the app named."""

from datetime import timedelta
from http import HTTPStatus
from typing import Final

import msgspec
import structlog

from fedishare.core.errors import Unreachable
from fedishare.core.here import Here
from fedishare.domain.html import excerpt
from fedishare.domain.notices import TYPES
from fedishare.domain.push import LONGEST_BODY, title
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import SendPush
from fedishare.net import webpush
from fedishare.queries import push
from fedishare.queries.push import Letter
from fedishare.services import push as services

log: Final = structlog.get_logger()

# So long a push service keeps what it cannot deliver; what is older is no news.
KEPT: Final = timedelta(days=2)
_PASSES: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    preferred_locale: str = "en"
    notification_id: int
    notification_type: str
    icon: str
    title: str
    body: str


async def send(tools: Tools, job: SendPush) -> None:
    """Raises Unreachable where the service may take it later. A device that it does not know any more is forgotten."""
    here = tools.here
    letter = await tools.db.read(
        push.letter, subscription_id=job.subscription_id, notice_id=job.notice_id, now=here.now()
    )
    if letter is None or here.now() - letter.notice.created_at > KEPT:
        return
    token = tools.lockbox.unlock(letter.to.token) if tools.lockbox is not None else None
    if token is None:
        log.warning("the key beside the database is another one, so an app has to subscribe anew")
        await tools.db.write(services.drop, subscription_id=letter.to.id)
        return
    body = msgspec.json.encode(payload(letter, here, token=token))
    sealed = webpush.seal(body, letter.to.device, vapid=letter.vapid, contact=here.uris.origin, now=here.now())
    headers = {"TTL": str(int(KEPT.total_seconds())), "Urgency": "normal"} | dict(sealed.headers)
    answer = await tools.client.push(letter.to.endpoint, body=sealed.body, headers=headers)
    if answer.status in _PASSES or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(f"The push service answers {answer.status}.")
    if answer.status >= HTTPStatus.BAD_REQUEST:
        await tools.db.write(services.drop, subscription_id=letter.to.id)


def payload(letter: Letter, here: Here, *, token: str) -> Payload:
    return Payload(
        access_token=token,
        notification_id=letter.notice.id,
        notification_type=TYPES[letter.notice.kind],
        icon=letter.icon_url or f"{here.uris.origin}/static/avatar.png",
        title=excerpt(title(letter.notice.kind, name=letter.name), length=LONGEST_BODY),
        body=_body(letter),
    )


def _body(letter: Letter) -> str:
    """What a post says, or its warning in the place of it."""
    if letter.words is None:
        return excerpt(letter.notice.line, length=LONGEST_BODY)
    said = letter.words.warning or letter.words.title or letter.words.content
    return excerpt(said, length=LONGEST_BODY)
