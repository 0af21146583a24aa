"""What notes and resources have in common: who, when, for whom, in which conversation."""

from collections.abc import Iterable, Iterator
from typing import Final

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import uris
from fedishare.core.json import Json
from fedishare.core.uris import Uris
from fedishare.domain.audience import OPEN, PUBLIC_IRI, Visibility
from fedishare.domain.kinds import QuotePolicy
from fedishare.queries.outgoing import SHOWN_REPLIES, PostFacts
from fedishare.queries.parties import Who

# Lemmy and PieFed want a name beside the code, and show neither; these are the languages of our schools.
LANGUAGES: Final = {
    "ar": "العربية",
    "cy": "Cymraeg",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "ga": "Gaeilge",
    "gd": "Gàidhlig",
    "it": "Italiano",
    "pl": "Polski",
    "pt": "Português",
    "uk": "Українська",
    "ur": "اردو",
}


def frame(facts: PostFacts, *, at: Uris, content: str, tags: Iterable[Json]) -> Document:
    """A post without its context and attachments. Its `content` is given, for a resource's is longer than its text."""
    post = facts.post
    shaped: Document = {
        "id": post.uri,
        "type": post.kind,
        "attributedTo": facts.author.uri,
        "url": post.url,
        "published": write.when(post.published_at),
        "to": [*post.addressed_to, *_home(facts, Visibility.ROOM)],
        "cc": [*post.addressed_cc, *_home(facts, *OPEN)],
        "sensitive": post.sensitive,
        "content": content,
        "mediaType": "text/html",
        "tag": [*tags, *_mentions(facts)],
        "attachment": [],
        "replies": _replies(facts),
        "likes": _count(uris.likes(post.uri), post.likes_count),
        "shares": _count(uris.shares(post.uri), post.boosts_count),
        "interactionPolicy": {"canQuote": {"automaticApproval": [_quoters(facts)], "manualApproval": []}},
    }
    return shaped | _place(facts, at=at) | _words(facts, content)


def _home(facts: PostFacts, *audiences: Visibility) -> list[Json]:
    """The room that the post is in, where that is another than it was written into, for rooms move."""
    post, room = facts.post, facts.room
    if room is None or post.visibility not in audiences or room.uri in {*post.addressed_to, *post.addressed_cc}:
        return []
    is_for_members = post.visibility is Visibility.ROOM and room.followers is not None
    return [room.uri, room.followers] if is_for_members else [room.uri]


def _quoters(facts: PostFacts) -> str:
    """Who may quote it without being asked (mastodon.md 3.5): nobody but its author, where not everybody can see it."""
    post, author = facts.post, facts.author
    policy = post.quote_policy or QuotePolicy.PUBLIC
    if post.visibility in OPEN and policy is QuotePolicy.PUBLIC:
        return PUBLIC_IRI
    if post.visibility in OPEN and policy is QuotePolicy.FOLLOWERS and author.followers:
        return author.followers
    return author.uri


def _place(facts: PostFacts, *, at: Uris) -> Document:
    """Room, parent, conversation and title: what is there only for some."""
    post = facts.post
    shaped: Document = {}
    if facts.room is not None:
        shaped["audience"] = facts.room.uri
    if post.in_reply_to_uri is not None:
        shaped["inReplyTo"] = post.in_reply_to_uri
    elif post.title:
        # Only a root has a name: an answer with one may be taken for a vote in a poll (M16).
        shaped["name"] = post.title
    context = _conversation(facts, at=at)
    if context is not None:
        shaped["context"] = context
    if post.edited_at is not None:
        shaped["updated"] = write.when(post.edited_at)
    return shaped


def _words(facts: PostFacts, content: str) -> Document:
    post = facts.post
    shaped: Document = {}
    if post.warning:
        # On a Note everybody takes the summary for a content warning, so it is never anything else.
        shaped["summary"] = post.warning
    if post.source is not None:
        shaped["source"] = {"content": post.source, "mediaType": "text/markdown"}
    if post.language:
        primary = post.language.partition("-")[0].lower()
        shaped["contentMap"] = {post.language: content}
        shaped["language"] = {"identifier": primary, "name": LANGUAGES.get(primary, primary)}
    return shaped


def _conversation(facts: PostFacts, *, at: Uris) -> str | None:
    """The collection of the whole thread (F14): ours where the thread or its room is ours, else what its root says."""
    root = facts.root
    is_ours = root is None or root.local or (facts.room is not None and facts.room.local)
    if is_ours:
        return at.thread(facts.post.thread_id)
    return facts.post.context_uri or (root.context_uri if root is not None else None)


def _mentions(facts: PostFacts) -> Iterator[Json]:
    """Everybody named in the text, the one who is answered, and the room.

    The room's mention brings answers from Mastodon back to it (F12); the mention of who is
    answered is what notifies them there.
    """
    addressed = {*facts.post.addressed_to, *facts.post.addressed_cc}
    answered = [facts.answered] if facts.answered is not None and facts.answered.uri in addressed else []
    room = [facts.room] if facts.room is not None else []
    named = {who.uri: who for who in (*answered, *facts.mentions, *room)}
    named.pop(facts.author.uri, None)
    for who in named.values():
        yield mention(who)


def mention(who: Who) -> Document:
    return {"type": "Mention", "name": who.handle, "href": who.uri}


def _replies(facts: PostFacts) -> Document:
    """The answers, the first of them on a page inside the post, so that nobody has to ask for it (M17)."""
    collection, shown = uris.replies(facts.post.uri), facts.replies[:SHOWN_REPLIES]
    page: Document = {
        "type": "CollectionPage",
        "partOf": collection,
        "items": [reply.uri for reply in shown],
    }
    if len(facts.replies) > SHOWN_REPLIES:
        page["next"] = f"{collection}?page=1&min_id={shown[-1].id}"
    return {"id": collection, "type": "Collection", "first": page}


def _count(collection: str, total: int) -> Document:
    return {"id": collection, "type": "Collection", "totalItems": total}
