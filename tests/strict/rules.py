"""The ten rules for everything we emit (fediverse.md 6.1), as one linter for activities and objects."""

import re
from collections.abc import Iterator

from tests.strict.looking import ACTORS, AS2, Document, host, is_vote

# Contexts that every JSON-LD processor of the network brings along; no other is ever fetched.
KNOWN_CONTEXTS = {
    AS2,
    "https://w3id.org/security/v1",
    "https://w3id.org/security/data-integrity/v1",
    "https://w3id.org/security/data-integrity/v2",
}
POSTS = {"Note", "Article", "Question", "Event", "Page"}
# What is neither said nor written: what is left of a deleted thing, a permission to quote, what one may do.
OTHERS = {"Tombstone", "QuoteAuthorization"}
WITH_OBJECT = {"Create", "Update"}
ACTIVITIES = WITH_OBJECT | {
    "Accept",
    "Add",
    "Announce",
    "Block",
    "Delete",
    "Flag",
    "Follow",
    "Invite",
    "Like",
    "Lock",
    "Move",
    "Offer",
    "QuoteRequest",
    "Reject",
    "Remove",
    "Undo",
}
SINGLE = ("type", "attributedTo", "actor", "inReplyTo", "context", "audience")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
# FEP-b2b8's subset of HTML.
TAGS = {
    *("p", "span", "br", "a", "b", "i", "u", "em", "strong", "del", "code", "pre", "blockquote"),
    *("h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "ruby", "rt", "rp", "img", "video", "audio", "source"),
}
TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")


def check(document: Document, *, is_outermost: bool = True) -> list[str]:
    """Everything that breaks a rule in an activity or object, with those inside it."""
    return list(_complaints(document, is_outermost=is_outermost))


def _complaints(document: Document, *, is_outermost: bool) -> Iterator[str]:
    kind = str(document.get("type"))
    if is_outermost or "@context" in document:
        yield from _context(document)
    yield from _singles(document)
    yield from _times(document)
    if kind in ACTIVITIES:
        yield from _activity(document, is_outermost=is_outermost)
    elif kind in POSTS:
        yield from _vote(document) if is_vote(document) else _post(document)
    elif kind in ACTORS:
        yield from _url(document)
    elif kind == "Tombstone" and not {"id", "formerType", "deleted"} <= set(document):
        yield "a tombstone says what was there, and until when"
    inner = document.get("object")
    # What is offered to a shared handle is said by nobody yet, so it has no id.
    if kind == "Offer" and isinstance(inner, dict) and inner.get("type") in ACTIVITIES:
        return
    # What a room passes on of others is passed on as it came (rule 10).
    if isinstance(inner, dict) and not (kind == "Announce" and host(inner.get("actor")) != host(document.get("actor"))):
        yield from (f"object: {complaint}" for complaint in _complaints(inner, is_outermost=False))


def check_collection(collection: Document) -> list[str]:
    """The frame of a collection or of a page of one; what it holds is judged by what it is."""
    return [*_context(collection), *_collection(collection)]


def _collection(collection: Document) -> Iterator[str]:
    kind, identity = str(collection.get("type")), collection.get("id")
    if not isinstance(identity, str):
        yield "rule 5: a collection has an id"
    if kind.endswith("Page"):
        if not isinstance(collection.get("partOf"), str):
            yield "a page belongs to one collection"
    elif not isinstance(collection.get("totalItems"), int):
        yield "a collection says how much is in it"
    for name in ("items", "orderedItems"):
        if name in collection and not isinstance(collection[name], list):
            yield f"rule 2: {name} is a list"
    if "items" in collection and kind.startswith("Ordered"):
        yield "an ordered collection has orderedItems"
    for name in ("next", "prev", "last", "partOf"):
        if name in collection and host(collection[name]) != host(identity):
            yield f"rule 2: {name} is on the host of the collection"


def _vote(document: Document) -> Iterator[str]:
    """A vote goes to whoever asks, and to nobody else (mastodon.md 3.6)."""
    if not isinstance(document.get("to"), str) or document.get("cc"):
        yield "a vote is for one alone, named by one string"
    for name in ("id", "attributedTo", "inReplyTo"):
        if not isinstance(document.get(name), str):
            yield f"a vote has {name}"


def _context(document: Document) -> Iterator[str]:
    context = document.get("@context")
    if not isinstance(context, list) or not context or context[0] != AS2:
        yield "rule 4: @context is a list that begins with ActivityStreams"
        return
    kinds = [isinstance(entry, dict) for entry in context]
    if kinds != sorted(kinds):
        yield "rule 4: terms of our own come last in @context"
    for entry in context:
        if isinstance(entry, str) and entry not in KNOWN_CONTEXTS:
            yield f"rule 4: nobody will fetch the context {entry}"


def _singles(document: Document) -> Iterator[str]:
    for name in SINGLE:
        if name in document and not isinstance(document[name], str):
            yield f"rule 2: {name} is one string"
    # Mastodon knows a vote by its one reader, whom it wants as one string (mastodon.md 3.6).
    lists = ("attachment", "tag") if is_vote(document) else ("attachment", "tag", "to", "cc")
    for name in lists:
        if name in document and not isinstance(document[name], list):
            yield f"rule 2: {name} is a list"
    for name in ("tag", "attachment"):
        if any(not isinstance(entry, dict) for entry in document.get(name) or []):
            yield f"rule 2: {name} holds objects only"


def _times(document: Document) -> Iterator[str]:
    for name in ("published", "updated", "deleted"):
        if name in document and not TIME.fullmatch(str(document[name])):
            yield f"rule 6: {name} is UTC to the second"


def _addressed(document: Document) -> Iterator[str]:
    for name in ("to", "cc"):
        if not isinstance(document.get(name), list):
            yield f"rule 2: {name} is there, as a list"
            continue
        for address in document[name]:
            if address in {"as:Public", "Public"}:
                yield "rule 3: Public is the whole IRI"


def _url(document: Document) -> Iterator[str]:
    url = document.get("url")
    if not isinstance(url, str):
        yield "rule 2: url is one string"
    elif host(url) != host(document.get("id")):
        yield "rule 2: url is on the host of the id"


def _activity(document: Document, *, is_outermost: bool) -> Iterator[str]:
    # What is embedded in an answer names somebody else's activity, which had its own addresses.
    if is_outermost or document["type"] in {"Create", "Announce"}:
        yield from _addressed(document)
    identity = document.get("id")
    if not isinstance(identity, str) or "#" in identity:
        yield "rule 5: an activity has an id that can be asked for"
    elif host(identity) != host(document.get("actor")):
        yield "rule 5: an activity lives on its actor's host"
    if document["type"] == "Announce" and is_outermost and "published" not in document:
        yield "rule 6: an Announce says when"
    inner = document.get("object")
    if document["type"] in WITH_OBJECT and not isinstance(inner, dict):
        yield "an activity about an object of ours embeds it"


def _post(document: Document) -> Iterator[str]:
    yield from _addressed(document)
    yield from _words(document)
    if "url" in document:
        yield from _url(document)
    for name in ("id", "attributedTo", "published", "content"):
        if not isinstance(document.get(name), str):
            yield f"a post has {name}"
    for name in ("tag", "attachment"):
        if name not in document:
            yield f"rule 2: {name} is always there"
    if document.get("sensitive") not in {True, False}:
        yield "rule 8: sensitive is always said"


def _words(document: Document) -> Iterator[str]:
    content = document.get("content")
    for tag in TAG.findall(content if isinstance(content, str) else ""):
        if tag.lower() not in TAGS:
            yield f"rule 7: <{tag}> is not in the subset of HTML"
    spoken = document.get("contentMap")
    if spoken is not None:
        language = document.get("language")
        if not isinstance(spoken, dict) or list(spoken.values()) != [content]:
            yield "rule 7: contentMap says the same as content"
        if not isinstance(language, dict) or set(language) != {"identifier", "name"}:
            yield "rule 7: language has an identifier and a name"
    if "inReplyTo" in document and "name" in document:
        yield "an answer has no name: it may be taken for a vote"
