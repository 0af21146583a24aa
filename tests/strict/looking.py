"""How strict readers look at a document: the few questions that all of them ask."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Document = dict[str, Any]

AS2 = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{AS2}#Public"
ACTORS = {"Person", "Group", "Organization", "Application", "Service"}


def host(uri: object) -> str:
    return urlsplit(str(uri)).netloc


def told(broken: Mapping[str, bool]) -> Iterator[str]:
    """The complaints among these that are true."""
    return (complaint for complaint, is_true in broken.items() if is_true)


def is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def is_web(value: object) -> bool:
    return isinstance(value, str) and value.startswith("https://")


def attachments(target: Document) -> list[Document]:
    found = target.get("attachment", [])
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def tags(target: Document) -> list[Document]:
    found = target.get("tag", [])
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def addressed(document: Document) -> list[str]:
    return [uri for name in ("to", "cc") for uri in document.get(name) or [] if isinstance(uri, str)]


def post_in(activity: Document) -> Document | None:
    """The post that a Create or an Update brings along."""
    target = activity.get("object")
    if activity.get("type") not in {"Create", "Update"} or not isinstance(target, dict):
        return None
    return None if target.get("type") in ACTORS else target


def is_vote(target: Document) -> bool:
    """An answer with a name and nothing to say is a vote in a poll, which is no post to anybody."""
    return "inReplyTo" in target and is_text(target.get("name")) and not target.get("content")
