"""The one way in. Every activity passes these checks, in this order, and nothing can skip one.

Coding, type, size, signature without its key, JSON, origins, blocked servers: all that costs no
fetch comes first. Then the key, the signature itself, and whether its owner is the actor. What
passes is kept (`activities`) before it is answered.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.as2.types import Activity
from fedishare.core import hosts, json
from fedishare.core.errors import Gone, Invalid, NotFound, Refused, TooLarge, Unauthenticated, Unsupported
from fedishare.core.here import Here
from fedishare.core.json import Json
from fedishare.inbox import activities, forwarding, memory, profiles, senders, synchrony, trust
from fedishare.inbox.activities import apply_later
from fedishare.jobs.tools import Tools
from fedishare.net import answers, signatures
from fedishare.net.signatures import Claim, Request
from fedishare.queries import known
from fedishare.queries.known import ActorRow, KeyRow
from fedishare.services import people
from fedishare.services.people import ForeignActor

__all__ = ["MAX_BODY", "apply_later", "receive"]

MAX_BODY: Final = 1 << 20
# Whom a sender wrote to without telling the others.
BLIND: Final = frozenset({"bto", "bcc"})
# What is heard of accounts that are suspended here, as in Mastodon.
STILL_HEARD: Final = frozenset({"Delete", "Reject", "Undo"})


class OutdatedError(Exception):
    """What was remembered of a sender is no longer so."""


class Standing(NamedTuple):
    """What one look into the database says before anything is believed or fetched."""

    is_blocked: bool
    key: KeyRow | None
    sender: ActorRow | None
    recipient: ActorRow | None


async def receive(
    tools: Tools, request: Request, *, content_type: str, content_encoding: str, recipient: str | None
) -> None:
    """Take in one signed POST to an inbox; `recipient` is whose, None for the shared one.

    Returns once the activity is on disk, or is one that changes nothing. Raises Unsupported,
    TooLarge, Unauthenticated, Invalid, Refused, NotFound or Gone (for the recipient alone), and
    TooMany or Unreachable where the sender had better come again later.
    """
    now = tools.here.now()
    _refuse_unreadable(request, content_type=content_type, content_encoding=content_encoding)
    claim = signatures.read(request, now=now)
    data = _object(request.body)
    activity = read.activity(Node(data))
    trust.refuse_foreign_id(activity)
    speaking = _hosts(tools.here, activity, claim)
    if await _keep_at_once(tools, request, claim, activity, data, speaking=speaking, recipient=recipient):
        return
    standing = await tools.db.read(_standing, activity, claim, speaking=speaking, recipient=recipient)
    _refuse_standing(standing, recipient)
    if _is_farewell_of_nobody(activity, standing.sender):
        return
    is_new = standing.key is None and standing.sender is None
    if is_new and await _keep_with_sender(tools, request, claim, activity, data):
        return
    sender = await _sender(tools, claim, activity, data, found=standing.key)
    if sender is None:
        await forwarding.take_note(tools, activity, claim)
        return
    if sender.deleted_at is not None or (sender.suspended_at is not None and not _is_still_heard(activity)):
        return
    verified = trust.signed(activity, data, sender=sender, stored_as=activities.name_of(activity, claim))
    await activities.keep(tools, verified, claim, body=_without_blind_copies(request.body, data))
    await synchrony.hear(tools, request, key_id=claim.key_id, sender=sender)


def _without_blind_copies(body: bytes, data: dict[str, Json]) -> bytes:
    """What is kept, and passed on by a room: never whom the sender meant to hide (ActivityPub 6.2; VIS-07)."""
    if b'"bto"' not in body and b'"bcc"' not in body:
        return body
    inner = data.get("object")
    kept = {name: value for name, value in data.items() if name not in BLIND}
    if isinstance(inner, dict):
        kept["object"] = {name: value for name, value in inner.items() if name not in BLIND}
    return json.dumps(kept)


async def _keep_at_once(
    tools: Tools,
    request: Request,
    claim: Claim,
    activity: Activity,
    data: dict[str, Json],
    *,
    speaking: list[str],
    recipient: str | None,
) -> bool:
    """Take in what a well-known sender signed, without asking the database first: it is asked in the same commit.

    Answers False where anything is other than it was remembered; nothing has been kept then.
    """
    remembered = memory.of(tools.client)
    key = remembered.key(claim.key_id)
    if key is None or key.owner.uri != activity.actor or key.owner.is_gone or not senders.fits(claim, key):
        return False

    def confirm(tx: Connection) -> None:
        mark = known.mark(tx)
        if mark is not None and remembered.was_confirmed(key, recipient, mark):
            return
        standing = _standing(tx, activity, claim, speaking=speaking, recipient=recipient, sender=key.owner)
        if standing.is_blocked or standing.key != key:
            raise OutdatedError
        if recipient is not None and (standing.recipient is None or standing.recipient.is_gone):
            raise OutdatedError
        if mark is not None:
            remembered.confirm(key, recipient, mark)

    verified = trust.signed(activity, data, sender=key.owner, stored_as=activities.name_of(activity, claim))
    try:
        body = _without_blind_copies(request.body, data)
        await activities.keep(tools, verified, claim, body=body, confirm=confirm)
    except OutdatedError:
        remembered.forget_key(claim.key_id)
        return False
    await synchrony.hear(tools, request, key_id=claim.key_id, sender=key.owner)
    return True


async def _keep_with_sender(
    tools: Tools, request: Request, claim: Claim, activity: Activity, data: dict[str, Json]
) -> bool:
    """Take in the first word of somebody new: who they are and what they say are kept in one commit.

    Answers False where they became known meanwhile, or their key is not found in this simple way;
    nothing of what they say has been kept then.
    """

    async def keep(profile: ForeignActor) -> bool:
        sender = profiles.newcomer(profile, actor_id=tools.here.ids.new(), now=tools.here.now())
        shown: list[KeyRow] = []

        def introduce(tx: Connection) -> None:
            stored = people.store(tx, profile, here=tools.here, as_id=sender.id)
            key = known.key(tx, key_id=claim.key_id)
            if stored != sender.id or key is None or key.owner.id != sender.id:
                raise OutdatedError
            shown.append(key)

        verified = trust.signed(activity, data, sender=sender, stored_as=activities.name_of(activity, claim))
        try:
            body = _without_blind_copies(request.body, data)
            await activities.keep(tools, verified, claim, body=body, confirm=introduce)
        except OutdatedError:
            return False
        memory.of(tools.client).keep_key(claim.key_id, shown[-1])
        await synchrony.hear(tools, request, key_id=claim.key_id, sender=sender)
        return True

    with _gone_key():
        return await senders.meet(tools, claim, activity.actor, keep=keep)


def _refuse_unreadable(request: Request, *, content_type: str, content_encoding: str) -> None:
    if content_encoding:
        # The digest is of the bytes on the wire, so nobody may change them on the way (SIG-19).
        raise Unsupported("An inbox takes no compressed bodies.")
    if not answers.is_activity_type(content_type):
        raise Unsupported("An inbox takes application/activity+json only.")
    if len(request.body) > MAX_BODY:
        raise TooLarge("An activity has at most one megabyte.")


def _object(body: bytes) -> dict[str, Json]:
    data = json.loads(body)
    if not isinstance(data, dict):
        raise Invalid("An activity is one JSON object.")
    if not Node(data).is_as2:
        raise Invalid("The activity does not say that it speaks ActivityStreams.")
    return data


def _hosts(here: Here, activity: Activity, claim: Claim) -> list[str]:
    """The servers that speak here. None of them can be us."""
    key_host = senders.host_of_key(claim.key_id)
    if here.uris.is_ours(activity.actor) or here.uris.is_ours(claim.key_id):
        raise Refused("Nobody else speaks for the accounts of this server.")
    return [key_host, hosts.origin_of(activity.actor).host]


def _standing(
    tx: Connection,
    activity: Activity,
    claim: Claim,
    *,
    speaking: list[str],
    recipient: str | None,
    sender: ActorRow | None = None,
) -> Standing:
    return Standing(
        is_blocked=known.is_blocked(tx, hosts=speaking),
        key=known.key(tx, key_id=claim.key_id),
        sender=sender or known.actor(tx, uri=activity.actor),
        recipient=known.actor(tx, uri=recipient) if recipient is not None else None,
    )


def _refuse_standing(standing: Standing, recipient: str | None) -> None:
    if standing.is_blocked:
        raise Refused("This node has nothing to do with your server.")
    if recipient is None:
        return
    if standing.recipient is None or not standing.recipient.local:
        raise NotFound("There is no such inbox here.")
    if standing.recipient.deleted_at is not None:
        raise Gone("This account was deleted.")


def _is_farewell_of_nobody(activity: Activity, sender: ActorRow | None) -> bool:
    """Word of an actor whom we never knew, or lost before: nothing to look up, nothing to keep (DOS-23)."""
    is_about_self = activity.type in {"Delete", "Update"} and activity.object == activity.actor
    return is_about_self and (sender is None or sender.deleted_at is not None)


def _is_still_heard(activity: Activity) -> bool:
    """What is heard of a suspended account: what ends something, and what it says of itself, as that it is back."""
    return activity.type in STILL_HEARD or (activity.type == "Update" and activity.object == activity.actor)


@contextmanager
def _gone_key() -> Iterator[None]:
    """A 404 would say that our inbox is gone, where it is the key of the sender."""
    try:
        yield
    except NotFound as error:
        raise Unauthenticated(f"The key of the signature is gone: {error}") from error


async def _sender(
    tools: Tools, claim: Claim, activity: Activity, data: dict[str, Json], *, found: KeyRow | None
) -> ActorRow | None:
    """The actor, who signed the request or proved the activity; None where neither, and the signer is honest."""
    with _gone_key():
        signer = await senders.who_signed(tools, claim, expected=activity.actor, found=found)
    if signer.uri == activity.actor:
        return signer
    if signer.is_gone:
        raise Refused("This account is not welcome here.")
    return await senders.who_proved(tools, data, activity.actor)
