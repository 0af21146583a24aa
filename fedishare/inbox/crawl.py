"""Conversations of other servers made whole: what was said there before anybody here was listening (FEP-f228).

First the thread's own list (`context`), which is one collection; where there is none, the `replies`
of each post, and of each of these. Everything found is asked for at its own address, and kept only
if it belongs to the conversation.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

import structlog

from fedishare.as2.node import Node
from fedishare.core import hosts
from fedishare.core.errors import FediShareError, Invalid, NotFound, Refused
from fedishare.inbox import collecting, documents, memory, resolve, trust
from fedishare.inbox.memory import Budget
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import CrawlThread
from fedishare.queries import conversations

log: Final = structlog.get_logger()

MOST_ITEMS: Final = 1_000
MOST_FETCHES: Final = 3_000
PER_HOST: Final = 400
AT_ONCE: Final = 8
# A job has a hundred seconds. Whoever opens the thread later has the rest looked for.
SECONDS: Final = 80.0
FINAL: Final = (Invalid, NotFound, Refused)


async def crawl(tools: Tools, job: CrawlThread) -> None:
    """Ask around, within budgets; whatever goes wrong elsewhere, what was found until then stays."""
    start = await tools.db.read(conversations.outline, thread_id=job.thread_id, most=MOST_ITEMS)
    if start is None:
        return
    walk = _Walk(tools, start.uris)
    try:
        async with asyncio.timeout(SECONDS), memory.of(tools.client).lock(f"thread {job.thread_id}"):
            if start.root is None or not await walk.by_context(start.root):
                await walk.by_replies(start.seeds)
    except TimeoutError:
        log.info("a conversation is longer than there was time for", thread=job.thread_id)


class _Walk:
    """One walk through one conversation. `belongs` are the addresses of posts that are part of it."""

    def __init__(self, tools: Tools, known_uris: Iterable[str]) -> None:
        self._tools = tools
        self._budget = Budget(MOST_FETCHES, per_host=PER_HOST)
        self._belongs = set(known_uris)
        self._have = set(known_uris)
        self._left = MOST_ITEMS
        self._first: dict[str, Node] = {}

    async def by_context(self, root: str) -> bool:
        """Follow the list that the first post names. Answers whether there was one that could be read."""
        document = await self._document(root)
        if document is not None:
            self._first[root] = document
        named = document.ref("context") if document is not None else None
        if named is None or not trust.is_foreign(named, self._tools.here):
            return False
        try:
            collection = await collecting.whole(self._tools, named, budget=self._budget)
            return await self._take_all(collection, named)
        except FediShareError:
            return False

    async def _take_all(self, collection: Node, named: str) -> bool:
        """Whether the list tells of more than its own first post."""
        batch: list[str] = []
        told = 0
        async for uri in collecting.items(self._tools, collection, at=named, budget=self._budget):
            told += 1
            if self._may_ask(uri):
                batch.append(uri)
            if len(batch) >= AT_ONCE:
                await self._take(batch, context=named)
                batch.clear()
            if told >= MOST_ITEMS or self._left <= 0:
                break
        await self._take(batch, context=named)
        return told > 1

    async def by_replies(self, seeds: Iterable[str]) -> None:
        """From post to post, the nearest answers first."""
        waiting = deque(seeds)
        looked: set[str] = set()
        while waiting and self._left > 0:
            uris = [waiting.popleft() for _ in range(min(AT_ONCE, len(waiting)))]
            uris = [uri for uri in dict.fromkeys(uris) if uri not in looked]
            looked.update(uris)
            for answers in await asyncio.gather(*(self._look(uri) for uri in uris)):
                waiting.extend(uri for uri in answers if uri not in looked)

    async def _look(self, uri: str) -> list[str]:
        """Keep the post, or what is new in it, and answer with the addresses of its answers."""
        document = self._first.pop(uri, None) or await self._document(uri)
        if document is None or not await self._keep(document, context=None):
            return []
        return await self._answers(document)

    async def _answers(self, document: Node) -> list[str]:
        inside, named = document.node("replies"), document.ref("replies")
        found: list[str] = []
        try:
            if inside is None:
                if named is None or not hosts.same_origin(named, document.id()):
                    return []
                inside = await collecting.whole(self._tools, named, budget=self._budget)
            async for uri in collecting.items(self._tools, inside, at=document.id(), budget=self._budget):
                if trust.is_foreign(uri, self._tools.here):
                    found.append(uri)
                if len(found) >= MOST_ITEMS:
                    break
        except FediShareError:
            pass  # As far as it could be read.
        return found

    async def _take(self, uris: list[str], *, context: str) -> None:
        """Ask for several at once, and keep them in the order of the list: answers after what they answer."""
        fetched = await asyncio.gather(*(self._document(uri) for uri in uris))
        for document in fetched:
            if document is not None:
                await self._keep(document, context=context)

    async def _document(self, uri: str) -> Node | None:
        """What stands at an address; nothing if there is nothing to be had, which is remembered for a while."""
        remembered, now = memory.of(self._tools.client), self._tools.here.now()
        if self._left <= 0 or remembered.was_asked(uri, now=now) or not trust.is_foreign(uri, self._tools.here):
            return None
        self._left -= 1
        try:
            return await documents.fetch(self._tools, uri, budget=self._budget)
        except FINAL:
            remembered.ask(uri, now=now)
        except FediShareError:
            pass  # Its server does not answer now.
        return None

    async def _keep(self, document: Node, *, context: str | None) -> bool:
        """Keep a post that belongs here. Answers whether it does."""
        try:
            asked = await resolve.shown(self._tools, document, budget=self._budget)
            post = asked.post
            is_part = post.uri in self._belongs or post.in_reply_to_uri in self._belongs
            if not is_part and (context is None or post.context_uri != context):
                return False
            self._belongs.add(post.uri)
            if post.uri in self._have:
                await resolve.renew(self._tools, asked)
            else:
                self._have.add(post.uri)
                await resolve.keep(self._tools, asked)
        except FediShareError:
            return False
        return True

    def _may_ask(self, uri: str) -> bool:
        return uri not in self._have and trust.is_foreign(uri, self._tools.here)
