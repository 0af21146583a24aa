"""Who sent a request, and whose proof a document carries: the key is known, or looked up where it belongs."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

from fedishare.core import hosts
from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused, TooMany, Unauthenticated, Unreachable
from fedishare.core.json import Json
from fedishare.domain.kinds import KeyKind
from fedishare.inbox import documents, memory, resolve, trust
from fedishare.inbox.memory import Budget, Memory
from fedishare.jobs.tools import Tools
from fedishare.net import keys, proofs, signatures
from fedishare.net.signatures import Claim
from fedishare.queries import known
from fedishare.queries.known import ActorRow, KeyRow
from fedishare.services import people
from fedishare.services.people import ForeignActor, ForeignKey

KEY_BUDGET = 6

Keep: TypeAlias = Callable[[ForeignActor], Awaitable[bool]]


async def who_signed(
    tools: Tools, claim: Claim, *, expected: str | None = None, found: KeyRow | None = None
) -> ActorRow:
    """The actor whose key made the signature. `expected` is who says so, and is asked first.

    `found` is the key, if the caller has looked it up already.

    A known key costs no fetch. Raises Unauthenticated, or NotFound where the key's own server says
    that it is gone; TooMany and Unreachable when the look-up has to wait (SIG-22, SIG-26).
    """
    found = found or await tools.db.read(known.key, key_id=claim.key_id)
    if found is None:
        return await _unknown(tools, claim, expected)
    if not fits(claim, found):
        return await _renewed(tools, claim, found)
    memory.of(tools.client).keep_key(claim.key_id, found)
    return found.owner


async def meet(tools: Tools, claim: Claim, actor_uri: str, *, keep: Keep) -> bool:
    """Look up somebody of whom nothing is known, and have `keep` write them down together with what they say.

    Answers False where that is no way: the key lies elsewhere, or somebody else is just asking for
    it. What goes wrong is told and remembered as in `who_signed`.
    """
    remembered, now = memory.of(tools.client), tools.here.now()
    lock = remembered.lock(f"key {claim.key_id}")
    if lock.locked() or not _is_under(claim.key_id, actor_uri):
        return False
    async with lock, remembered.lock(actor_uri):
        if remembered.key(claim.key_id) is not None:
            return False
        remembered.refuse_failed(claim.key_id, now=now)
        remembered.admit_key_fetch(host_of_key(claim.key_id), now=now)
        with _remembering(remembered, claim.key_id, now=now):
            profile = await resolve.describe(tools, actor_uri, None, budget=Budget(KEY_BUDGET))
            shown = next((key for key in profile.keys if key.key_id == claim.key_id), None)
            is_fitting = shown is not None and fits(claim, shown)
            if not is_fitting or profile.uri != actor_uri:
                await tools.db.write(people.store, profile, here=tools.here)
            if shown is None or profile.uri != actor_uri:
                raise Unauthenticated("The actor does not show this key.")
        if not is_fitting:
            raise Unauthenticated("The signature does not fit the key it names.")
        try:
            return await keep(profile)
        except (Invalid, Refused):
            # Whatever they said: once looked up they are known, or they would be looked up each time.
            with _remembering(remembered, claim.key_id, now=now):
                await tools.db.write(people.store, profile, here=tools.here)
            raise


async def who_proved(tools: Tools, document: Mapping[str, Json], actor_uri: str) -> ActorRow | None:
    """The actor, if the document carries their own proof; their key is fetched if it is new to us."""
    method = proofs.method_of(document)
    if method is None or not hosts.same_origin(method, actor_uri):
        return None
    if await tools.db.read(known.key, key_id=method) is None:
        try:
            await _look_up(tools, method, actor_uri)
        except (Invalid, Refused, NotFound):
            return None
    return await tools.db.read(_prover, document, actor_uri)


def _prover(tx: Connection, document: Mapping[str, Json], actor_uri: str) -> ActorRow | None:
    return known.actor(tx, uri=actor_uri) if trust.is_proved(tx, document, actor_uri=actor_uri) else None


async def _unknown(tools: Tools, claim: Claim, expected: str | None) -> ActorRow:
    await _look_up(tools, claim.key_id, expected)
    found = await tools.db.read(known.key, key_id=claim.key_id)
    if found is None or not fits(claim, found):
        raise Unauthenticated("The signature does not fit the key it names.")
    return found.owner


async def _look_up(tools: Tools, key_id: str, expected: str | None) -> None:
    """Bring in the actor who shows this key. What went wrong is remembered, so that it is not tried all the time."""
    remembered, now = memory.of(tools.client), tools.here.now()
    address = key_id.partition("#")[0]
    host = host_of_key(key_id)
    async with remembered.lock(f"key {key_id}"):
        if await tools.db.read(known.key, key_id=key_id) is not None:
            return
        remembered.refuse_failed(key_id, now=now)
        remembered.admit_key_fetch(host, now=now)
        budget = Budget(KEY_BUDGET)
        with _remembering(remembered, key_id, now=now):
            owner = expected if expected is not None and _is_under(key_id, expected) else None
            owner = owner or await documents.owner_of_key(tools, address, budget=budget)
            await resolve.actor(tools, owner, fresh=True, budget=budget)
            shown = await tools.db.read(known.key, key_id=key_id)
            if shown is None or shown.owner.uri != owner:
                raise Unauthenticated("The actor does not show this key.")


@contextmanager
def _remembering(remembered: Memory, key_id: str, *, now: datetime) -> Iterator[None]:
    """Remember what goes wrong with a key, and say it as its sender is to hear it."""
    try:
        yield
    except FediShareError as error:
        # One that came too often is told when to come again, and not that it was wrong.
        if not isinstance(error, TooMany):
            remembered.fail(key_id, error, now=now)
        raise _for_sender(error) from error


async def _renewed(tools: Tools, claim: Claim, found: KeyRow) -> ActorRow:
    """The key may have been replaced under its old id: look once, then not again for five minutes (SIG-24)."""
    remembered, now = memory.of(tools.client), tools.here.now()
    async with remembered.lock(f"key {claim.key_id}"):
        if remembered.may_refresh(found.owner.uri, now=now):
            remembered.admit_key_fetch(host_of_key(claim.key_id), now=now)
            try:
                await resolve.actor(tools, found.owner.uri, fresh=True, budget=Budget(KEY_BUDGET))
            except FediShareError as error:
                raise _for_sender(error) from error
        renewed = await tools.db.read(known.key, key_id=claim.key_id)
    if renewed is None or not fits(claim, renewed):
        raise Unauthenticated("The signature does not fit the key it names.")
    return renewed.owner


def fits(claim: Claim, key: KeyRow | ForeignKey) -> bool:
    """Whether the key made the signature."""
    if key.kind is not KeyKind.RSA:
        return False
    try:
        return signatures.verify(claim, keys.public_rsa(key.public))
    except Invalid:
        return False


def _for_sender(error: FediShareError) -> FediShareError:
    """What the sender of a request hears when its key could not be had."""
    if isinstance(error, Unreachable | TooMany | NotFound | Unauthenticated):
        return error
    return Unauthenticated(f"The key of the signature cannot be used: {error}")


def _is_under(key_id: str, actor_uri: str) -> bool:
    return key_id == actor_uri or key_id.startswith((f"{actor_uri}#", f"{actor_uri}?", f"{actor_uri}/"))


def host_of_key(key_id: str) -> str:
    """The server on which a key lives. Raises Unauthenticated where its id is no address."""
    try:
        return hosts.origin_of(key_id).host
    except Invalid:
        raise Unauthenticated("The key id of the signature is not the address of a key.") from None
