"""What a GoToSocial server takes and refuses, written from fediverse.md (1.2, 2.1, 3.1, 3.2 and 6)."""

from collections.abc import Iterator

from tests.strict.looking import AS2, PUBLIC, Document, attachments, host, is_text, post_in, tags, told

CONTENT_TYPES = {
    "application/activity+json",
    "application/activity+json; charset=utf-8",
    f'application/ld+json; profile="{AS2}"',
}
# Statusable in its source; any other object is logged and dropped.
POSTS = {"Note", "Article", "Page", "Event", "Question", "Image", "Video", "Audio", "Document"}
FILES = {"Image", "Video", "Audio", "Document"}


def check_content_type(content_type: str) -> list[str]:
    """It answers 406 to an inbox POST of any other type (6)."""
    return [] if content_type.lower() in {kind.lower() for kind in CONTENT_TYPES} else [f"content type {content_type}"]


def check_actor(actor: Document) -> list[str]:
    """Every request is refused until the key of its actor can be read, so the key comes first."""
    return list(_actor(actor))


def _actor(actor: Document) -> Iterator[str]:
    key = actor.get("publicKey")
    key = key if isinstance(key, dict) else {}
    yield from told(
        {
            "no username": not is_text(actor.get("preferredUsername")),
            "the key has no owner, or another": key.get("owner") != actor.get("id"),
            "the key has no PEM": not is_text(key.get("publicKeyPem")),
            "the key is on another host": host(key.get("id")) != host(actor.get("id")),
            "no inbox, so nothing can be sent back": not is_text(actor.get("inbox")),
        }
    )


def check_activity(activity: Document, signer: str) -> list[str]:
    return list(_activity(activity, signer))


def _activity(activity: Document, signer: str) -> Iterator[str]:
    # One actor, who is the signer: GoToSocial has no rule for two (1.2).
    if activity.get("actor") != signer:
        yield "the actor did not sign it"
    if not is_text(activity.get("id")) or host(activity.get("id")) != host(signer):
        yield "no id on the actor's host"
    if activity.get("type") == "Announce":
        yield from _announce(activity)
    if activity.get("type") == "Flag" and not is_text(activity.get("content")) and "content" in activity:
        yield "a report whose words are no text"
    post = post_in(activity)
    if post is not None:
        yield from _object(post)


def _announce(activity: Document) -> Iterator[str]:
    # It takes the object for the post that is boosted, so an activity there cannot be resolved (1.2).
    if not isinstance(activity.get("object"), str):
        yield "a boost of something that is no address"
    # Without one it warns, and takes the time of arrival.
    if not is_text(activity.get("published")):
        yield "a boost without its time"
    if PUBLIC not in {*activity.get("to", []), *activity.get("cc", [])} and not activity.get("to"):
        yield "a boost for nobody"


def check_object(target: Document) -> list[str]:
    return list(_object(target))


def _object(target: Document) -> Iterator[str]:
    yield from told(
        {
            f"{target.get('type')} is no status": target.get("type") not in POSTS,
            "no id": not is_text(target.get("id")),
            "no author": not is_text(target.get("attributedTo")),
            "addressed to nobody, so its visibility is unknown": not target.get("to") and not target.get("cc"),
        }
    )
    for entry in attachments(target):
        # A file without a url cannot be fetched; a Link is only logged (3.2).
        if entry.get("type") in FILES and not is_text(entry.get("url")):
            yield f"a {entry.get('type')} without one url"
    for tag in tags(target):
        if tag.get("type") == "Mention" and not is_text(tag.get("href")) and not is_text(tag.get("name")):
            yield "a mention of nobody"
