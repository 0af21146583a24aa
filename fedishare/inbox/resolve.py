"""An address becomes an actor or a post: look here, else fetch it, check where it comes from, keep it.

Fetches are signed by the node's own actor. What is fetched is believed about itself and about
nothing else: a document speaks for the one address it was found at.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.as2.read import ACTORS
from fedishare.core import crash, hosts
from fedishare.core.errors import FediShareError, Gone, Invalid, NotFound, Refused
from fedishare.core.here import Here
from fedishare.inbox import alternates, documents, memory, profiles, reading
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import FetchParent
from fedishare.net import answers, webfinger
from fedishare.net.client import ACTIVITY_ACCEPT
from fedishare.queries import known
from fedishare.queries.known import ActorRow, PostRow
from fedishare.services import arrivals, people, pins
from fedishare.services.arrivals import StoredPost
from fedishare.services.drafts import ForeignPost
from fedishare.services.people import ForeignActor

MOST_UPWARDS: Final = 20
STALE_AFTER: Final = timedelta(days=1)
# A document may stand for another one of its server, such as the Create of a post; one step, no chain.
WRAPPERS: Final = frozenset({"Create", "Announce"})
PAGE_ACCEPT: Final = f"{ACTIVITY_ACCEPT}, text/html;q=0.1"


class Found(NamedTuple):
    kind: Literal["actor", "post"]
    id: int


class Asked(NamedTuple):
    """A post as its own server shows it, with its author, who is kept already."""

    post: ForeignPost
    author: ActorRow


async def actor(tools: Tools, uri: str, *, fresh: bool = False, budget: Budget | None = None) -> int:
    """The id of the actor at an address, fetched if we do not know it, or anew if `fresh`.

    Raises NotFound, Gone, Refused (a blocked server, or ours), Unreachable, and Invalid for a
    document that is no actor, or one that claims what it may not (ORG-12 to ORG-16).
    """
    budget = budget or Budget()
    found = await tools.db.read(known.actor, uri=uri)
    if found is not None and (found.local or not fresh):
        return found.id
    async with memory.of(tools.client).lock(uri):
        if not fresh and (found := await tools.db.read(known.actor, uri=uri)) is not None:
            return found.id
        profile = await describe(tools, uri, found, budget=budget)
        return await tools.db.write(people.store, profile, here=tools.here)


async def describe(tools: Tools, uri: str, found: ActorRow | None, *, budget: Budget) -> ForeignActor:
    """An actor as its own address shows it now, checked and ready to be kept; `found` is what we have of it."""
    if found is None:
        memory.of(tools.client).admit_newcomer(hosts.origin_of(uri).host, now=tools.here.now())
    described = read.actor(await documents.fetch(tools, uri, budget=budget))
    profiles.refuse_elsewhere(described)
    handle = await _handle(
        tools, profiles.username(described), described.id, found, claimed=described.webfinger, budget=budget
    )
    crash.point("inbox.key-fetched")
    return profiles.profile(described, handle=handle, now=tools.here.now())


def _is_elsewhere(claimed: str, username: str, authority: str) -> bool:
    """Whether the actor says that it goes by its name at another domain than that of its server (FEP-2c59)."""
    name, at, domain = claimed.removeprefix("@").partition("@")
    return bool(at) and name.lower() == username.lower() and domain.lower() != authority


async def _handle(
    tools: Tools, username: str, uri: str, found: ActorRow | None, *, claimed: str | None, budget: Budget
) -> str:
    """The "name@domain" that the actor's own server, or the domain it claims, confirms; what was confirmed stands."""
    if found is not None and found.username == username and found.uri == uri and found.deleted_at is None:
        return f"{username}@{found.domain}"
    authority = hosts.origin_of(uri).authority
    if username == profiles.node_name(uri):
        # The actor of a whole server speaks for that server, and some servers do not list it.
        return f"{username}@{authority}"
    host = hosts.origin_of(uri).host
    budget.spend(host)
    if claimed is not None and _is_elsewhere(claimed, username, authority):
        confirmed = await webfinger.confirms(tools.client, handle=claimed, actor_uri=uri)
        if confirmed is not None:
            return f"{username}@{confirmed.rpartition('@')[2]}"
        budget.spend(host)
    handle = await webfinger.verify_handle(tools.client, username=username, actor_uri=uri)
    return f"{username}@{handle.rpartition('@')[2]}"


async def post(tools: Tools, uri: str, *, budget: Budget | None = None, is_quoted: bool = False) -> int | None:
    """The id of the post at an address, fetched and kept if we do not know it; None if it may not be kept.

    What a post quotes that `is_quoted` itself is not looked for.
    """
    found = await tools.db.read(known.post, uri=uri)
    if found is not None:
        return found.id
    kept = await keep(tools, await ask(tools, uri, budget=budget or Budget()), is_quoted=is_quoted)
    return kept.id if kept is not None else None


async def again(tools: Tools, uri: str, *, budget: Budget) -> None:
    """Make what we have of a post what its own server shows now: an edit, a deletion, or nothing new (M21)."""
    found = await tools.db.read(known.post, uri=uri)
    if found is not None and found.local:
        return
    try:
        asked = await ask(tools, uri, budget=budget)
    except NotFound:
        if found is not None:
            await tools.db.write(_erase, tools.here, found)
        return
    if asked.post.uri != uri:
        return
    if found is None:
        await keep(tools, asked)
    elif found.author_id == asked.author.id:
        await renew(tools, asked)


def _erase(tx: Connection, here: Here, found: PostRow) -> None:
    arrivals.erase(tx, here, uri=found.uri, by_id=found.author_id, activity_uri=None)


def _revise(tx: Connection, here: Here, asked: Asked) -> bool:
    revised = reading.attribute(tx, asked.post, author=asked.author)
    return arrivals.revise(tx, here, revised, activity_uri=None)


async def renew(tools: Tools, asked: Asked) -> bool:
    """Take in the author's edit of a post we have, if it shows a newer one."""
    return await tools.db.write(_revise, tools.here, asked)


async def keep(tools: Tools, asked: Asked, *, is_quoted: bool = False) -> StoredPost | None:
    return await tools.db.write(_store, tools.here, asked, is_quoted=is_quoted)


def _store(tx: Connection, here: Here, asked: Asked, *, is_quoted: bool) -> StoredPost | None:
    post = reading.attribute(tx, asked.post, author=asked.author)
    return arrivals.store(tx, here, post, activity_uri=None, is_quoted=is_quoted)


async def ask(tools: Tools, uri: str, *, budget: Budget) -> Asked:
    """A post fetched from its own address, and its author, who lives on the same server. Nothing is kept of it yet."""
    return await shown(tools, await documents.fetch(tools, uri, budget=budget), budget=budget)


async def shown(tools: Tools, node: Node, *, budget: Budget) -> Asked:
    """The post that a document found at its own address shows, and its author."""
    inner = node.ref("object")
    if node.type in WRAPPERS and inner is not None and hosts.same_origin(inner, node.id()):
        node = await documents.fetch(tools, inner, budget=budget)
    if not any(kind in reading.POSTS for kind in node.types):
        raise Invalid("There is no post at this address.")
    author = node.ref("attributedTo")
    if author is None or not hosts.same_origin(author, node.id()):
        raise Invalid("The post does not say which author of its own server wrote it.")
    unsigned = reading.post(node, now=tools.here.now())
    if reading.is_empty(unsigned):
        raise Invalid("There is nothing in this post to show.")
    author_id = await actor(tools, author, budget=budget)
    row = await tools.db.read(known.actor_by_id, actor_id=author_id)
    if row is None:
        raise NotFound("The author of this post is not known here any more.")
    return Asked(unsigned, row)


async def fetch_parent(tools: Tools, job: FetchParent) -> None:
    """Find what a reply answers, and what that answers, up to twenty steps; then keep them, oldest first."""
    start = await tools.db.read(_orphan, job.post_id)
    if start is not None:
        chain = await _walk_up(tools, start)
        crash.point("parent.fetched")
        for asked in reversed(chain):
            await keep(tools, asked)
    await tools.db.write(arrivals.enter_late, tools.here, post_id=job.post_id, activity_uri=job.activity_uri)


def _orphan(tx: Connection, post_id: int) -> str | None:
    """The address to look at, unless the thread that hangs there is as long as we make threads by ourselves."""
    post = known.post_by_id(tx, post_id=post_id)
    if post is None or post.deleted_at is not None or post.in_reply_to_id is not None:
        return None
    return post.in_reply_to_uri if known.thread_size(tx, thread_id=post.thread_id) <= MOST_UPWARDS else None


async def _walk_up(tools: Tools, start: str) -> list[Asked]:
    remembered, now, budget = memory.of(tools.client), tools.here.now(), Budget()
    chain: list[Asked] = []
    uri: str | None = start
    while uri is not None and len(chain) < MOST_UPWARDS and not remembered.was_asked(uri, now=now):
        try:
            if await tools.db.read(known.post, uri=uri) is not None or await tools.db.read(known.is_deleted, uri=uri):
                break
            asked = await ask(tools, uri, budget=budget)
        except (Invalid, Refused, NotFound):
            remembered.ask(uri, now=now)
            break
        remembered.ask(uri, now=now)
        chain.append(asked)
        uri = asked.post.in_reply_to_uri
    return chain


async def find(tools: Tools, text: str) -> Found:
    """What somebody typed or pasted into the search box: a handle, or the address of a profile or post.

    Raises NotFound, Refused, Unreachable or Invalid, with words for the person who searches.
    """
    text = text.strip()
    if text.lower().startswith(("https://", "http://")):
        return await _find_address(tools, text)
    if "@" not in text.removeprefix("@"):
        text = f"{text.removeprefix('@')}@{tools.here.uris.authority}"
    name, domain = webfinger.parse_handle(text)
    found = await tools.db.read(known.actor_by_handle, handle=f"{name}@{domain}")
    if found is not None and found.deleted_at is None:
        await refresh(tools, found)
        return Found("actor", found.id)
    if domain == tools.here.uris.authority:
        raise NotFound("Nobody here has this name.")
    if await tools.db.read(known.is_blocked, hosts=[hosts.origin_of(f"https://{domain}").host]):
        raise Refused("This node has nothing to do with that server.")
    answer = await webfinger.look_up(tools.client, text)
    return await _met(tools, answer.actor_uri, budget=Budget())


async def _met(tools: Tools, uri: str, *, budget: Budget) -> Found:
    """Somebody whom one of ours looked for: what they show first is looked up too."""
    actor_id = await actor(tools, uri, budget=budget)
    await tools.db.write(pins.feature, tools.here, actor_id=actor_id)
    return Found("actor", actor_id)


async def refresh(tools: Tools, found: ActorRow, *, after: timedelta = STALE_AFTER) -> None:
    """Look again at somebody whom nobody has looked at for so long; what we have will do if that fails."""
    if not found.local and found.fetched_at < tools.here.now() - after:
        with suppress(FediShareError):
            await actor(tools, found.uri, fresh=True)
            await tools.db.write(pins.feature, tools.here, actor_id=found.id)


async def _find_address(tools: Tools, url: str) -> Found:
    found = await tools.db.read(at_address, tools.here, url)
    if found is not None:
        return found
    if tools.here.uris.is_ours(url):
        raise NotFound("There is nothing at this address.")
    budget = Budget()
    uri, kinds = await _behind_page(tools, url, budget=budget)
    found = await tools.db.read(at_address, tools.here, uri)
    if found is not None:
        return found
    if any(kind in ACTORS for kind in kinds):
        return await _met(tools, uri, budget=budget)
    kept = await post(tools, uri, budget=budget)
    if kept is None:
        raise Gone("This post was deleted, or is not welcome here.")
    return Found("post", kept)


def at_address(tx: Connection, here: Here, url: str) -> Found | None:
    """Who or what we know by this address; nobody elsewhere is asked."""
    handle = url.removeprefix(here.uris.profile("")) if url.startswith(here.uris.profile("")) else None
    if handle is not None:
        full = handle if "@" in handle else f"{handle}@{here.uris.authority}"
        person = known.actor_by_handle(tx, handle=full)
    else:
        person = known.actor(tx, uri=url)
    if person is not None and person.deleted_at is None:
        return Found("actor", person.id)
    found = known.post(tx, uri=url)
    return Found("post", found.id) if found is not None and found.deleted_at is None else None


async def _behind_page(tools: Tools, url: str, *, budget: Budget) -> tuple[str, tuple[str, ...]]:
    """The id, and the types, of what a pasted address shows: the document itself, or the one its page points to."""
    hosts.origin_of(url)
    if await tools.db.read(known.is_blocked, hosts=[hosts.origin_of(url).host]):
        raise Refused("This node has nothing to do with that server.")
    budget.spend()
    answer = await tools.client.get(url.partition("#")[0], accept=PAGE_ACCEPT, signer=await documents.signer(tools))
    tools.client.require_ok(answer)
    if answers.is_activity_type(answer.content_type):
        node = Node(answers.json_object(answer))
    else:
        # Links to other servers are not followed: anybody can put one on a page (ORG-15).
        node, _ = await documents.at(tools, alternates.activity_link(answer), budget=budget)
    inner = node.ref("object")
    if node.type in WRAPPERS and inner is not None:
        return inner, ()
    return node.id(), node.types
