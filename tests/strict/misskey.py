"""What Misskey and its forks take and refuse, written from fediverse.md (1.2, 3.1 and 6) and their checks of actors."""

import re
from collections.abc import Iterator
from datetime import datetime

from tests.strict.looking import Document, attachments, host, is_text, is_web, post_in, told

POSTS = {"Note", "Question", "Article", "Audio", "Document", "Image", "Page", "Video", "Event"}
USERNAME = re.compile(r"\w([\w.-]*\w)?", re.ASCII)
MOST_USERNAME = 128


def check_actor(actor: Document) -> list[str]:
    """validateActor: one wrong field, and the account does not exist."""
    return list(_actor(actor))


def _actor(actor: Document) -> Iterator[str]:
    username, key = actor.get("preferredUsername"), actor.get("publicKey", {})
    yield from told(
        {
            "no id": not is_text(actor.get("id")),
            "no inbox": not is_text(actor.get("inbox")),
            "the inbox is on another host": host(actor.get("inbox")) != host(actor.get("id")),
            "a wrong username": not isinstance(username, str)
            or len(username) > MOST_USERNAME
            or not USERNAME.fullmatch(username),
            "a name that is no text": not isinstance(actor.get("name", ""), str),
            "a summary that is no text": not isinstance(actor.get("summary") or "", str),
            "the key is on another host": host(key.get("id")) != host(actor.get("id")),
            "the page is not at an https address": not is_web(actor.get("url")),
        }
    )


def check_activity(activity: Document, signer: str) -> list[str]:
    return list(_activity(activity, signer))


def _activity(activity: Document, signer: str) -> Iterator[str]:
    # An activity without an id, or with one of another host, is dropped before it is looked at (6).
    if not is_text(activity.get("id")) or host(activity.get("id")) != host(signer):
        yield "no id on the signer's host"
    if activity.get("actor") != signer:
        yield "the actor did not sign it"
    post = post_in(activity)
    if post is not None:
        yield from _object(post)
    if activity.get("type") == "Announce" and not _moment(activity.get("published")):
        # Compared with the time of the post, which it may not be older than (1.2).
        yield "a boost without a time"


def check_boost(activity: Document, post: Document) -> list[str]:
    """A boost is not older than what it boosts (1.2); needs both to be seen."""
    boosted, written = _moment(activity.get("published")), _moment(post.get("published"))
    return ["a boost older than the post"] if boosted and written and boosted < written else []


def check_object(target: Document) -> list[str]:
    return list(_object(target))


def _object(target: Document) -> Iterator[str]:
    identity = target.get("id")
    yield from told(
        {
            f"{target.get('type')} becomes no note": target.get("type") not in POSTS,
            "the author is on another host": host(target.get("attributedTo")) != host(identity),
            "the id is not at an https address": not is_web(identity),
            # Refused whole, not shown without its address.
            "url on another host than the id": "url" in target and host(target["url"]) != host(identity),
            "url not at an https address": "url" in target and not is_web(target["url"]),
            # An answer whose parent cannot be fetched is refused, so the parent is an address.
            "an answer to something that is no address": "inReplyTo" in target and not is_web(target["inReplyTo"]),
        }
    )
    if len(attachments(target)) != len(target.get("attachment", [])):
        # It writes into each of them, which fails for a string.
        yield "an attachment that is no object"


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
