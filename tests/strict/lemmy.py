"""What a Lemmy server takes and refuses, written from fediverse.md (1.2, 1.3 and 6)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

Document = dict[str, Any]

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
CONTENT_TYPES = {
    "application/activity+json",
    "application/activity+json; charset=utf-8",
    f'application/ld+json; profile="{AS2.lower()}"',
}
ACTORS = {"Person", "Group", "Organization", "Application", "Service"}
POSTS = {"Page", "Article", "Note", "Video", "Event"}
ATTACHMENTS = {"Link": "href", "Image": "url", "Document": "url"}
WRAPPED = {"Create", "Update", "Delete", "Like", "Dislike", "Undo", "Add", "Remove", "Block", "Lock", "Page"}
WITH_TO = {"Create", "Update", "Announce", "Delete"}
WITH_CC = {"Create", "Announce"}
MOST_BYTES = 1 << 20


def check_content_type(content_type: str) -> list[str]:
    return [] if content_type.lower() in CONTENT_TYPES else [f"content type {content_type}"]


def check_actor(actor: Document) -> list[str]:
    """A person or a community that Lemmy can read."""
    return list(_actor(actor))


def _actor(actor: Document) -> Iterator[str]:
    yield from _strings(actor, "id", "preferredUsername", "inbox", "outbox")
    key = actor.get("publicKey", {})
    if key.get("id") != f"{actor.get('id')}#main-key" or key.get("owner") != actor.get("id"):
        yield "the key id is not the actor's with #main-key"
    if not str(key.get("publicKeyPem")).startswith("-----BEGIN PUBLIC KEY-----"):
        yield "the key is not a PEM of SubjectPublicKeyInfo"
    for name in ("icon", "image"):
        if name in actor and not isinstance((actor[name] or {}).get("url"), str):
            yield f"{name} has to be an object with one url"
    language = actor.get("language")
    if language is not None and not isinstance(language, list):
        yield "language on an actor is a list of languages"
    places = [actor.get("inbox"), actor.get("endpoints", {}).get("sharedInbox"), key.get("id")]
    if any(_host(place) != _host(actor.get("id")) for place in places):
        yield "inbox, shared inbox and key are on the actor's host"
    if actor.get("type") == "Group":
        yield from _strings(actor, "followers", "featured", "attributedTo")


def check_activity(activity: Document, signer: str) -> list[str]:
    """An activity in the inbox, with whatever a community wrapped in it."""
    return list(_activity(activity, signer))


def _activity(activity: Document, signer: str) -> Iterator[str]:
    kind = activity.get("type")
    if not isinstance(kind, str):
        yield "the type is not one string"
        return
    if activity.get("actor") != signer:
        yield "the actor did not sign it"
    if _host(activity.get("id")) != _host(activity.get("actor")):
        yield "the id is not on the actor's host"
    yield from _listed(activity, kind)
    target = activity.get("object")
    if kind == "Announce":
        yield from _announced(target)
    elif kind in {"Create", "Update"} and isinstance(target, dict) and str(target.get("type")) not in ACTORS:
        yield from _object(target, activity)
    elif kind == "Undo" and not isinstance(target, dict):
        yield "an Undo embeds what it undoes"


def _listed(activity: Document, kind: str) -> Iterator[str]:
    for name, needed in (("to", WITH_TO), ("cc", WITH_CC)):
        if kind in needed and not isinstance(activity.get(name), list):
            yield f"{kind} without {name}"


def _announced(target: object) -> Iterator[str]:
    if not isinstance(target, dict):
        yield "CannotReceivePage: an announced id is no activity"
    elif target.get("type") not in WRAPPED:
        yield f"a community does not announce {target.get('type')}"
    else:
        # What is inside is trusted from the community's server, so nobody checks who signed it.
        yield from (f"announced: {complaint}" for complaint in _activity(target, str(target.get("actor"))))


def check_object(target: Document) -> list[str]:
    """A post or a comment by itself."""
    return list(_object(target, {}))


def _object(target: Document, activity: Document) -> Iterator[str]:
    if not isinstance(target.get("type"), str) or target["type"] not in POSTS:
        yield "the type of the object is not one string that is known"
    yield from _strings(target, "id", "attributedTo", "content")
    if not isinstance(target.get("to"), list):
        yield "an object without to"
    if activity and target.get("attributedTo") != activity.get("actor"):
        yield "the object is somebody else's"
    if _host(target.get("id")) != _host(target.get("attributedTo")):
        yield "the object is on another host than its author"
    yield from _attachments(target.get("attachment", []))
    language = target.get("language")
    if language is not None and set(language) != {"identifier", "name"}:
        yield "language is an identifier and a name"
    addressed = {*target.get("to", []), *target.get("cc", []), *activity.get("to", []), *activity.get("cc", [])}
    audience = target.get("audience")
    if audience is not None and audience not in addressed:
        yield "the community is not among the addressed"


def _attachments(attachments: object) -> Iterator[str]:
    if not isinstance(attachments, list):
        yield "attachment is not a list"
        return
    for entry in attachments:
        place = ATTACHMENTS.get(str(entry.get("type")))
        if place is None or not isinstance(entry.get(place), str):
            yield f"an attachment of type {entry.get('type')} makes the whole object unreadable"


def title(target: Document) -> str | None:
    """What the post is called: its name, else its first line. A comment has none."""
    if "inReplyTo" in target:
        return None
    if target.get("name"):
        return str(target["name"])
    return str(target.get("source", {}).get("content") or target.get("content", "")).splitlines()[0][:200]


def address(target: Document) -> str | None:
    """The link of the post: its first attachment."""
    first = next(iter(target.get("attachment", [])), None)
    return str(first[ATTACHMENTS[first["type"]]]) if first else None


def _strings(document: Document, *names: str) -> Iterator[str]:
    for name in names:
        if not isinstance(document.get(name), str) or not document[name]:
            yield f"{name} is missing"


def _host(uri: object) -> str:
    return urlsplit(str(uri)).netloc
