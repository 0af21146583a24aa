"""What a Mastodon server takes, refuses and shows, written from mastodon.md (6.1 there names these functions)."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

Document = dict[str, Any]

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = {f"{AS2}#Public", "as:Public", "Public"}
ACTIVITY_TYPES = {"application/activity+json", f'application/ld+json; profile="{AS2}"'}
ACTORS = {"Application", "Group", "Organization", "Person", "Service"}
NATIVE = {"Note", "Question"}
CONVERTED = {"Image", "Audio", "Video", "Article", "Page", "Event"}
USERNAME = re.compile(r"[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?", re.IGNORECASE | re.ASCII)
MOST_MEDIA = 4
MOST_BYTES = 1 << 20
MEDIA = re.compile(
    r"(?:image/(?:jpeg|png|gif|heic|heif|webp|avif)|video/(?:webm|mp4|quicktime|ogg)|audio/.+)", re.ASCII
)


class Shown(NamedTuple):
    """What people on Mastodon get to see of an object."""

    title: str | None
    body: str
    warning: str | None
    media: tuple[str, ...]
    unavailable: tuple[str, ...]
    card: str | None
    language: str | None
    hashtags: tuple[str, ...]


class Request(NamedTuple):
    """A request to an inbox as it came in; header names in lower case."""

    method: str
    target: str
    host: str
    headers: Mapping[str, str]
    body: bytes


def check_webfinger(jrd: Document, actor: Document) -> list[str]:
    """1.1: what has to lead from the handle to the very id, and back."""
    return list(_webfinger(jrd, actor))


def _webfinger(jrd: Document, actor: Document) -> Iterator[str]:
    if not jrd.get("subject"):
        yield "WebFinger has no subject"
    links = [link for link in jrd.get("links", []) if link.get("rel") == "self" and link.get("type") in ACTIVITY_TYPES]
    if not links:
        yield "WebFinger has no self link of exactly the right type"
    elif links[0].get("href") != actor.get("id"):
        yield "WebFinger does not lead to the actor's id"
    handle = actor.get("webfinger") or f"{actor.get('preferredUsername')}@{_host(actor.get('id'))}"
    if jrd.get("subject", "").lower() != f"acct:{handle.removeprefix('acct:')}".lower():
        yield "WebFinger speaks of another handle than the actor"


def check_fetch(*, status: int, content_type: str, body: bytes, document: Document, url: str) -> list[str]:
    """1.3: an answer to a GET that Mastodon takes."""
    return list(_fetch(status=status, content_type=content_type, body=body, document=document, url=url))


def _fetch(*, status: int, content_type: str, body: bytes, document: Document, url: str) -> Iterator[str]:
    bare = content_type.replace("; charset=utf-8", "")
    if status != 200:
        yield f"status {status}"
    if bare not in ACTIVITY_TYPES:
        yield f"content type {content_type}"
    if len(body) > MOST_BYTES:
        yield "larger than a megabyte"
    if document.get("id") != url:
        yield "the id is not the address that was asked"
    yield from _context(document)
    owner = document.get("attributedTo") or document.get("actor")
    if isinstance(owner, str) and _host(owner) != _host(document.get("id")):
        yield "the owner lives on another host"


def check_actor(actor: Document, url: str) -> list[str]:
    """1.4: an actor that can be followed, signs its requests, and looks as it should."""
    return list(_actor(actor, url))


def _actor(actor: Document, url: str) -> Iterator[str]:
    yield from _context(actor)
    yield from _told(
        {
            "the id is not the address that was asked": actor.get("id") != url or "#" in url,
            "not an actor": actor.get("type") not in ACTORS,
            "no inbox": not actor.get("inbox"),
            "the username holds characters it may not hold": not USERNAME.fullmatch(
                str(actor.get("preferredUsername", ""))
            ),
            "no shared inbox": not isinstance(actor.get("endpoints", {}).get("sharedInbox"), str),
            "attachment has to be a list": not isinstance(actor.get("attachment"), list),
            "interactionPolicy has to be an object": not isinstance(actor.get("interactionPolicy", {}), dict),
            "the profile page is on another host": _host(actor.get("url")) != _host(url),
        }
    )
    yield from _key(actor, url)
    for name in ("inbox", "outbox", "followers", "following", "featured"):
        if name in actor and _host(actor[name]) != _host(url):
            yield f"{name} is on another host"
    for name in ("discoverable", "indexable", "manuallyApprovesFollowers"):
        if not isinstance(actor.get(name), bool):
            yield f"{name} is not said"
    for name in ("icon", "image"):
        if name in actor and not (isinstance(actor[name], dict) and isinstance(actor[name].get("url"), str)):
            yield f"{name} has to be an object with one url"


def _key(actor: Document, url: str) -> Iterator[str]:
    key = actor.get("publicKey")
    if not isinstance(key, dict):
        yield "no public key"
        return
    if key.get("owner") != url:
        yield "the key belongs to somebody else"
    identity, _, fragment = str(key.get("id")).partition("#")
    if identity != url or not fragment or "/" in fragment:
        yield "the key id is not the actor's id with a plain fragment"
    if not str(key.get("publicKeyPem")).startswith("-----BEGIN PUBLIC KEY-----"):
        yield "the key is not a PEM of SubjectPublicKeyInfo"
    for multikey in actor.get("assertionMethod", []):
        if multikey.get("controller") != url:
            yield "a Multikey is controlled by somebody else"


def check_activity(activity: Document, signer: str) -> list[str]:
    """3.1 and 3.2: why an activity in the inbox, signed by the actor `signer`, would come to nothing."""
    return list(_activity(activity, signer))


def _activity(activity: Document, signer: str) -> Iterator[str]:
    yield from _context(activity)
    kind = activity.get("type")
    yield from _told(
        {
            "the type is not one string": not isinstance(kind, str),
            "the actor did not sign it": activity.get("actor") != signer,
            "the id is not on the actor's host": _host(activity.get("id")) != _host(signer),
        }
    )
    check = _ABOUT.get(str(kind))
    if check is not None:
        yield from check(activity, activity.get("object"), signer)


def _embedded(activity: Document, target: object, signer: str) -> Iterator[str]:
    if not isinstance(target, dict):
        yield "the object is not embedded"
        return
    if target.get("type") in ACTORS:
        yield from _told({"only an actor can change itself": target.get("id") != signer})
        return
    if _host(target.get("id")) != _host(signer):
        yield "the object is on another host"
    if target.get("attributedTo") != signer:
        yield "the object is somebody else's"
    if activity["type"] == "Update" and "updated" not in target and not _is_no_edit(target):
        yield "an edit without `updated` is ignored"
    yield from check_object(target)


def _is_no_edit(target: Document) -> bool:
    """A new count of a poll (3.6), or what became of a quote (3.5), is told without a time of an edit."""
    # That an answer settled a question, and that a resource has a picture by now, is for others; here it is ignored,
    # and that does no harm.
    return (
        target.get("type") == "Question"
        or 'class="quote-inline"' in str(target.get("content"))
        or target.get("schema:genre") == "question"
        or ("image" in target and "schema:mainEntity" in target)
    )


def check_object(target: Document) -> list[str]:
    """3.2: an object that becomes a status."""
    return list(_object(target))


def _object(target: Document) -> Iterator[str]:
    kind, policy = str(target.get("type")), target.get("interactionPolicy", {})
    yield from _told(
        {
            f"{kind} becomes no status": kind not in NATIVE | CONVERTED,
            "an id with a fragment is not found again": "#" in str(target.get("id")),
            "inReplyTo is a list": isinstance(target.get("inReplyTo"), list),
            "tag holds something that is no object": any(not isinstance(tag, dict) for tag in target.get("tag", [])),
            "there is nothing to show": not target.get("content") and not target.get("attachment"),
            "an answer with a name may be taken for a vote": "inReplyTo" in target and "name" in target,
            "url is not one string": not isinstance(target.get("url"), str | None),
            "interactionPolicy has to be an object": not isinstance(policy, dict),
        }
    )
    for attachment in target.get("attachment", []):
        if isinstance(attachment.get("url"), list):
            yield "a list of addresses in an attachment loses the whole post"
        if "url" in attachment and not MEDIA.fullmatch(str(attachment.get("mediaType", ""))):
            yield "a file as an attachment is shown as unavailable"
    yield from _named(target)


def _named(target: Document) -> Iterator[str]:
    addressed = {*target.get("to", []), *target.get("cc", [])}
    for tag in filter(None, target.get("tag", [])):
        if tag.get("type") == "Mention" and tag.get("href") not in addressed:
            yield f"{tag.get('href')} is mentioned and not addressed, so nobody is told"
        if tag.get("type") == "Hashtag" and not str(tag.get("name", "")).strip("#"):
            yield "a hashtag without a name"


def _deletion(_: Document, target: object, signer: str) -> Iterator[str]:
    uri = target.get("id") if isinstance(target, dict) else target
    if not isinstance(uri, str) or _host(uri) != _host(signer):
        yield "what is deleted is on another host"


def _undone(_: Document, target: object, signer: str) -> Iterator[str]:
    if not isinstance(target, dict) or "type" not in target or "object" not in target:
        yield "an Undo embeds what it undoes, with its type and its object"
    elif target.get("actor") != signer:
        yield "only one's own acts can be undone"


def _announce(activity: Document, target: object, _: str) -> Iterator[str]:
    if isinstance(target, dict):
        yield "an embedded activity is fetched and boosted, even when it is an answer"
    elif not isinstance(target, str):
        yield "a boost names a post by its id"
    if "published" not in activity:
        yield "a boost says when"
    if not PUBLIC & {*activity.get("to", []), *activity.get("cc", [])}:
        yield "only public posts are boosted"


def _answer(activity: Document, target: object, signer: str) -> Iterator[str]:
    if isinstance(target, dict) and target.get("type") == "QuoteRequest":
        yield from _stamped(activity, target, signer)
    elif isinstance(target, str) and activity["type"] == "Reject":
        # What it does not know, such as a post that a room refuses, it passes over.
        return
    elif not isinstance(target, dict) or not target.get("id") or target.get("object") != signer:
        yield "an answer embeds the Follow it answers, whose object is the one who answers"


def _stamped(activity: Document, request: Document, signer: str) -> Iterator[str]:
    """3.5: the word of the quoted author, with a stamp on their own server where it is a yes."""
    if _host(request.get("object")) != _host(signer) or not isinstance(request.get("instrument"), str | dict):
        yield "only who is quoted answers, about a post of theirs and the one that quotes it"
    if activity["type"] == "Accept" and _host(activity.get("result")) != _host(signer):
        yield "leave to quote without a stamp on the author's server"


def _flag(_: Document, target: object, signer: str) -> Iterator[str]:
    if not isinstance(target, list) or not target or _host(target[0]) == _host(signer):
        yield "a report names the account first"


def _pin(activity: Document, _: object, signer: str) -> Iterator[str]:
    if not isinstance(activity.get("target"), str) or _host(activity["target"]) != _host(signer):
        yield "the target is not the actor's featured collection"


_ABOUT: Mapping[str, Callable[[Document, object, str], Iterator[str]]] = {
    "Create": _embedded,
    "Update": _embedded,
    "Delete": _deletion,
    "Undo": _undone,
    "Announce": _announce,
    "Accept": _answer,
    "Reject": _answer,
    "Flag": _flag,
    "Add": _pin,
    "Remove": _pin,
}


def visibility(target: Document, actor: Document) -> str:
    """3.2: public, unlisted, private or direct, as Mastodon reads `to` and `cc`."""
    to, cc = target.get("to", []), target.get("cc", [])
    if PUBLIC.intersection(to):
        return "public"
    if PUBLIC.intersection(cc):
        return "unlisted"
    return "private" if actor.get("followers") in to else "direct"


def rendered(target: Document) -> Shown:
    """3.2 and 3.3: title, text, media and card as they appear."""
    converted = target.get("type") in CONVERTED
    content = str(target.get("content") or next(iter(target.get("contentMap", {}).values()), ""))
    attachments = [entry for entry in target.get("attachment", []) if "url" in entry][:MOST_MEDIA]
    media = tuple(str(entry["url"]) for entry in attachments if MEDIA.fullmatch(str(entry.get("mediaType"))))
    unavailable = tuple(str(entry["url"]) for entry in attachments if entry["url"] not in media)
    tags = [tag for tag in target.get("tag", []) if isinstance(tag, dict)]
    return Shown(
        title=target.get("name") if converted else None,
        body=str(target.get("summary") or "") if converted else content,
        warning=None if converted else target.get("summary"),
        media=media,
        unavailable=unavailable,
        card=None if attachments else (target.get("url") if converted else first_plain_link(content)),
        language=next(iter(target.get("contentMap", {})), None),
        hashtags=tuple(tag["name"] for tag in tags if tag.get("type") == "Hashtag"),
    )


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        classes = set(given.get("class", "").split())
        is_plain = not classes & {"u-url", "h-card", "mention", "hashtag"} and "tag" not in given.get("rel", "").split()
        if tag == "a" and is_plain and given.get("href"):
            self.found.append(given["href"])


def first_plain_link(content: str) -> str | None:
    """The link that becomes the card: neither a hashtag nor a mention."""
    links = _Links()
    links.feed(content)
    return next(iter(links.found), None)


def check_cavage(request: Request, pem: str, *, now: datetime) -> list[str]:
    """2.1: a signed request that Mastodon verifies."""
    return list(_cavage(request, pem, now=now))


def _cavage(request: Request, pem: str, *, now: datetime) -> Iterator[str]:
    parameters = dict(re.findall(r'(\w+)="([^"]*)"', request.headers.get("signature", "")))
    names = parameters.get("headers", "").split()
    required = {"(request-target)", "host", "date"} | ({"digest"} if request.method == "POST" else set())
    if not required <= set(names):
        yield f"not signed: {sorted(required - set(names))}"
        return
    if parameters.get("algorithm") not in {"rsa-sha256", "hs2019"}:
        yield "another algorithm"
    if request.method == "POST" and request.headers.get("digest") != f"SHA-256={_digest(request.body)}":
        yield "the digest is of another body"
    age = now.astimezone(UTC) - parsedate_to_datetime(request.headers["date"])
    if not timedelta(hours=-1) <= age <= timedelta(minutes=65):
        yield "signed at another time"
    special = {"(request-target)": f"{request.method.lower()} {request.target}", "host": request.host}
    base = "\n".join(f"{name}: {special.get(name) or request.headers[name]}" for name in names)
    if not _verifies(pem, b64decode(parameters.get("signature", "")), base.encode()):
        yield "the signature does not fit"


def check_9421(request: Request, pem: str, *, origin: str) -> list[str]:
    """2.2: the same in the newer scheme."""
    return list(_9421(request, pem, origin=origin))


def _9421(request: Request, pem: str, *, origin: str) -> Iterator[str]:
    given = request.headers.get("signature-input", "").partition("=")[2]
    names = re.findall(r'"([^"]+)"', given.partition(")")[0])
    required = {"@method", "@target-uri"} | ({"content-digest"} if request.method == "POST" else set())
    if not required <= set(names):
        yield f"not signed: {sorted(required - set(names))}"
        return
    if "created=" not in given or "keyid=" not in given:
        yield "created or keyid is missing"
    if request.method == "POST" and request.headers.get("content-digest") != f"sha-256=:{_digest(request.body)}:":
        yield "the digest is of another body"
    values = {"@method": request.method, "@target-uri": f"{origin}{request.target}"}
    lines = [f'"{name}": {values.get(name) or request.headers[name]}' for name in names]
    base = "\n".join([*lines, f'"@signature-params": {given}'])
    signature = request.headers.get("signature", "").partition("=:")[2].removesuffix(":")
    if not _verifies(pem, b64decode(signature), base.encode()):
        yield "the signature does not fit"


def _digest(body: bytes) -> str:
    return b64encode(sha256(body).digest()).decode()


def _verifies(pem: str, signature: bytes, base: bytes) -> bool:
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    try:
        key.verify(signature, base, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _told(broken: Mapping[str, bool]) -> Iterator[str]:
    """The complaints among these that are true."""
    return (complaint for complaint, is_true in broken.items() if is_true)


def _context(document: Document) -> Iterator[str]:
    context = document.get("@context")
    if context != AS2 and not (isinstance(context, list) and AS2 in context):
        yield "the context does not name ActivityStreams"


def _host(uri: object) -> str:
    return urlsplit(str(uri)).netloc
