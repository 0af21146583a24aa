"""From JSON to types: one short function per type.

Lists and texts are cut to our published limits while they are read. What cannot be
read is dropped, and only what nothing can be done without is Invalid.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from fedishare.as2 import learning
from fedishare.as2.limits import (
    MAX_ADDRESSED,
    MAX_ALIASES,
    MAX_ALT,
    MAX_ATTACHMENTS,
    MAX_FIELD,
    MAX_FIELDS,
    MAX_KEYS,
    MAX_NAME,
    MAX_OPTIONS,
    MAX_PEM,
    MAX_PIXELS,
    MAX_REPORTED,
    MAX_SUMMARY,
    MAX_TAGS,
    MAX_WORD,
)
from fedishare.as2.node import EVERYBODY, Node, is_address
from fedishare.as2.types import Activity, Actor, Field, Key, Media, Note, Option, Poll, Quote
from fedishare.core.errors import Invalid
from fedishare.core.json import Json

COLLECTIONS: Final = frozenset({"Collection", "CollectionPage", "OrderedCollection", "OrderedCollectionPage"})
ACTORS: Final = ("Person", "Group", "Organization", "Application", "Service")
# First the term of FEP-044f, then what Misskey, and others before it, wrote.
QUOTING: Final = ("quote", "_misskey_quote", "quoteUrl", "quoteUri")
FILES: Final = frozenset({"Image", "Video", "Audio", "Document"})


def activity(node: Node) -> Activity:
    """Raises Invalid without a type, without exactly one actor, or with an id or object that is no address."""
    if not node.type or COLLECTIONS.intersection(node.types):
        raise Invalid("An inbox takes one activity, with a type.")
    actors = node.refs("actor", most=2)
    if len(actors) != 1 or actors[0] == EVERYBODY:
        raise Invalid("An activity has exactly one actor, given by its address.")
    inner = _first_object(node)
    return Activity(
        id=node.id() if "id" in node.data else None,
        type=node.type,
        actor=actors[0],
        object=_object_id(node, inner),
        objects=node.refs("object", most=MAX_REPORTED),
        inner=inner,
        target=node.ref("target"),
        content=node.text("content") or node.text("summary") or "",
        published=node.when("published"),
        **_addressed(node),
    )


def actor(node: Node) -> Actor:
    """Raises Invalid for a document that is no actor, or whose own addresses are anything but plain addresses."""
    kind = next((kind for kind in node.types if kind in ACTORS), None)
    if kind is None:
        raise Invalid("This is not an actor.")
    inbox = _plain(node, "inbox")
    if inbox is None:
        raise Invalid("An actor has an inbox.")
    return Actor(
        id=node.id(),
        type=kind,
        username=node.text("preferredUsername", most=MAX_NAME + 1) or "",
        name=node.text("name", most=MAX_NAME) or "",
        summary=node.text("summary", most=MAX_SUMMARY) or "",
        url=_page(node),
        inbox=inbox,
        shared_inbox=_shared_inbox(node),
        outbox=_collection(node, "outbox"),
        followers=_collection(node, "followers"),
        following=_collection(node, "following"),
        featured=_collection(node, "featured"),
        moderators=_moderators(node, kind),
        icon=_picture(node, "icon"),
        image=_picture(node, "image"),
        fields=tuple(_fields(node)),
        locked=node.flag("manuallyApprovesFollowers"),
        discoverable=node.flag("discoverable"),
        indexable=node.flag("indexable"),
        also_known_as=node.refs("alsoKnownAs", most=MAX_ALIASES),
        moved_to=node.ref("movedTo"),
        published=node.when("published"),
        keys=tuple(_keys(node)),
        webfinger=node.text("webfinger", most=MAX_NAME),
        tags=tuple(_hashtags(node)) if kind == "Group" else (),
        items=learning.items(node) if kind == "Service" else None,
        curator=node.ref("attributedTo") if kind == "Service" else None,
        suspended=node.flag("suspended"),
    )


def note(node: Node) -> Note:
    """Anything that may be shown as a post. Raises Invalid only for its id."""
    starts, ends = node.when("startTime"), node.when("endTime")
    place = node.node("location")
    return Note(
        id=node.id(),
        type=node.type,
        author=node.ref("attributedTo"),
        name=node.text("name", most=MAX_NAME),
        summary=node.text("summary", most=MAX_SUMMARY),
        content=node.text("content") or "",
        is_html=(node.text("mediaType") or "text/html") == "text/html",
        source=_source(node),
        language=_language(node),
        url=_page(node),
        in_reply_to=node.ref("inReplyTo"),
        context=node.ref("context") or node.ref("conversation"),
        published=node.when("published"),
        updated=node.when("updated"),
        starts=starts,
        ends=ends,
        place=(place.text("name", most=MAX_WORD) or "" if place else node.text("location", most=MAX_WORD) or ""),
        sensitive=node.flag("sensitive"),
        hashtags=tuple(_hashtags(node)),
        mentions=tuple(_mentions(node)),
        media=tuple(_media(node))[:MAX_ATTACHMENTS],
        poll=_poll(node),
        quote=_quote(node),
        quote_policy=_quote_policy(node),
        learning=learning.learning(node),
        usage=learning.usage(node),
        entity=node.node("schema:mainEntity"),
        genre=node.text("schema:genre", most=MAX_WORD),
        accepted_answer=node.ref("schema:acceptedAnswer"),
        **_addressed(node),
    )


def _first_object(node: Node) -> Node | None:
    raw = node.data.get("object")
    first = raw[0] if isinstance(raw, list) and raw else raw
    return Node(first) if isinstance(first, dict) else None


def _object_id(node: Node, inner: Node | None) -> str | None:
    if inner is not None:
        return inner.id() if "id" in inner.data else None
    found = node.ref("object")
    if found is None and node.has("object"):
        raise Invalid("The object has to be given by its address, or with its type.")
    return found


def _addressed(node: Node) -> dict[str, tuple[str, ...]]:
    to = node.refs("to", most=MAX_ADDRESSED)
    cc = node.refs("cc", most=MAX_ADDRESSED)[: MAX_ADDRESSED - len(to)]
    return {"to": to, "cc": cc, "audience": node.refs("audience", most=MAX_TAGS)}


def _plain(node: Node, term: str) -> str | None:
    """An address that only ever comes as a string: other shapes are other people's tricks."""
    return _address(node.data.get(term), term)


def _collection(node: Node, term: str) -> str | None:
    """The address of a collection, which some embed with its first items."""
    value = node.data.get(term)
    return _address(value.get("id") if isinstance(value, dict) else value, term)


def _address(value: Json, term: str) -> str | None:
    # Nothing written down is nothing said.
    if value is None or value == "":
        return None
    if isinstance(value, str) and is_address(value):
        return value
    raise Invalid(f"An actor's {term} is one web address.")


def _shared_inbox(node: Node) -> str | None:
    endpoints = node.node("endpoints") or node
    found: Json = endpoints.data.get("sharedInbox")
    return found if isinstance(found, str) and is_address(found) else None


def _moderators(node: Node, kind: str) -> str | None:
    # FEP-1b12 puts the list into attributedTo; PeerTube puts the owner of a channel there, as an object.
    owner = node.data.get("attributedTo") if kind == "Group" else None
    found = node.ref("moderators") or owner
    return found if isinstance(found, str) and is_address(found) else None


def _fields(node: Node) -> Iterator[Field]:
    for item in node.nodes("attachment", most=MAX_FIELDS):
        name, value = item.text("name", most=MAX_FIELD), item.text("value", most=MAX_FIELD)
        if item.type == "PropertyValue" and name and value is not None:
            yield Field(name, value)


def _keys(node: Node) -> Iterator[Key]:
    for key in node.nodes("publicKey", most=MAX_KEYS):
        owner, pem = key.ref("owner") or key.ref("controller"), key.text("publicKeyPem", most=MAX_PEM + 1)
        if owner and pem and "id" in key.data:
            yield Key(id=key.id(), owner=owner, pem=pem, ends_at=_end(key))
    for key in node.nodes("assertionMethod", most=MAX_KEYS):
        owner, multibase = key.ref("controller"), key.text("publicKeyMultibase", most=MAX_NAME)
        if owner and multibase and "id" in key.data and "Multikey" in key.types:
            yield Key(id=key.id(), owner=owner, multibase=multibase, ends_at=_end(key))


def _end(key: Node) -> datetime | None:
    return min((end for end in (key.when("expires"), key.when("revoked")) if end), default=None)


def _page(node: Node) -> str | None:
    """The address for people: a string, a Link, or a list of either, where HTML goes first."""
    links = node.links("url", most=MAX_ATTACHMENTS)
    html = (link.ref("href") for link in links if (link.text("mediaType") or "text/html") == "text/html")
    return next((href for href in html if href), None) or next(iter(node.refs("url", most=1)), None)


def _picture(node: Node, term: str) -> str | None:
    given = next(iter(node.strings(term, most=1)), None)
    if given:
        return given if is_address(given) else None
    return next((url for item in node.nodes(term, most=1) if (url := _file_url(item))), None)


def _file_url(item: Node) -> str | None:
    found = next(iter(item.strings("url", most=1)), None) or item.ref("href")
    if found is None:
        found = next((href for link in item.nodes("url", most=MAX_ATTACHMENTS) if (href := link.ref("href"))), None)
    return found if found and is_address(found) else None


def _source(node: Node) -> str | None:
    source = node.node("source")
    if source is None or source.text("mediaType") not in {"text/markdown", "text/plain"}:
        return None
    return source.text("content")


def _language(node: Node) -> str | None:
    spoken = (next(iter(node.languages(term)), None) for term in ("content", "name", "summary"))
    found = next((language for language in spoken if language), None)
    if found is None and (named := node.node("language")):
        found = named.text("identifier")
    return found[:MAX_WORD] if found else None


def _hashtags(node: Node) -> Iterator[str]:
    for tag in node.nodes("tag", most=MAX_TAGS):
        if tag.type == "Hashtag" and (name := tag.text("name", most=MAX_WORD)):
            yield name.strip().removeprefix("#")


def _mentions(node: Node) -> Iterator[str]:
    for tag in node.nodes("tag", most=MAX_TAGS):
        if tag.type == "Mention" and (href := tag.ref("href")) and href != EVERYBODY:
            yield href


def _poll(node: Node) -> Poll | None:
    if "Question" not in node.types:
        return None
    several = tuple(_options(node, "anyOf"))
    options = several or tuple(_options(node, "oneOf"))
    if not options:
        return None
    return Poll(
        options=options,
        multiple=bool(several),
        ends=node.when("endTime"),
        closed=node.when("closed"),
        # A moment, or true, or what closed it, as ActivityStreams allows.
        is_closed=node.has("closed") and node.data.get("closed") is not False,
        voters=_count(node, "votersCount"),
    )


def _options(node: Node, term: str) -> Iterator[Option]:
    for option in node.nodes(term, most=MAX_OPTIONS):
        if name := option.text("name", most=MAX_NAME):
            replies = option.node("replies")
            yield Option(name, _count(replies, "totalItems") if replies else None)


def _count(node: Node, term: str) -> int | None:
    found = node.number(term)
    return int(found) if found is not None and found == int(found) else None


def _quote(node: Node) -> Quote | None:
    """The first of the spellings there are; only the first of them asks for leave (mastodon.md 3.5)."""
    term = next((term for term in QUOTING if node.ref(term)), None)
    uri = node.ref(term) if term else None
    if term is None or uri is None or uri == EVERYBODY:
        return None
    stamp = node.ref("quoteAuthorization")
    return Quote(uri, stamp if stamp != EVERYBODY else None, term == QUOTING[0])


def _quote_policy(node: Node) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    policy = node.node("interactionPolicy")
    rule = policy.node("canQuote") if policy else None
    if rule is None:
        return None
    return rule.refs("automaticApproval", most=MAX_TAGS), rule.refs("manualApproval", most=MAX_TAGS)


def _media(node: Node) -> Iterator[Media]:
    if node.type in FILES:
        yield from _own_file(node)
    for item in node.nodes("attachment", most=MAX_ATTACHMENTS):
        if item.type != "PropertyValue" and (url := _file_url(item)):
            yield _medium(item, url)
    for picture in node.nodes("image", most=1):
        if url := _file_url(picture):
            yield _medium(picture, url, kind="Image")


def _own_file(node: Node) -> Iterator[Media]:
    """A Video or Image that is itself the post: the first of its addresses that is a file."""
    kind = node.type.lower()
    for link in node.nodes("url", most=MAX_ATTACHMENTS):
        media_type, href = link.text("mediaType", most=MAX_WORD) or "", link.ref("href")
        if href and media_type.startswith(f"{kind}/"):
            yield Media(type=node.type, url=href, media_type=media_type, alt="")
            return
    media_type = node.text("mediaType", most=MAX_WORD) or ""
    href = next(iter(node.strings("url", most=1)), None)
    if href and is_address(href) and not media_type.startswith("text/"):
        yield Media(type=node.type, url=href, media_type=media_type, alt=node.text("name", most=MAX_ALT) or "")


def _medium(item: Node, url: str, *, kind: str = "") -> Media:
    links = (link.text("mediaType", most=MAX_WORD) for link in item.nodes("url", most=1))
    focal = item.numbers("focalPoint")
    return Media(
        type=item.type or kind or "Document",
        url=url,
        media_type=item.text("mediaType", most=MAX_WORD) or next((found for found in links if found), ""),
        # Mastodon writes `summary` where both are there.
        alt=item.text("summary", most=MAX_ALT) or item.text("name", most=MAX_ALT) or "",
        width=_size(item, "width"),
        height=_size(item, "height"),
        focal=(focal[0], focal[1]) if len(focal) == 2 and all(-1 <= part <= 1 for part in focal) else None,  # noqa: PLR2004 -- a point has two coordinates
        is_link=item.type == "Link" or "url" not in item.data,
    )


def _size(item: Node, term: str) -> int | None:
    found = item.number(term)
    return int(found) if found and 0 < found < MAX_PIXELS else None
