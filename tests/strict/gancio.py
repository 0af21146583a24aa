"""What a Gancio calendar takes and refuses, written from fediverse.md (2.1 and 6) and its way of reading events."""

from collections.abc import Iterator

from tests.strict.looking import Document, is_text, post_in, told


def check_actor(actor: Document) -> list[str]:
    """Somebody whom it follows and trusts; nobody else's events are taken."""
    return list(
        told(
            {
                "no inbox": not is_text(actor.get("inbox")),
                "no key to check with": not is_text(actor.get("publicKey", {}).get("publicKeyPem")),
                "no username": not is_text(actor.get("preferredUsername")),
            }
        )
    )


def check_activity(activity: Document, signer: str) -> list[str]:
    return list(_activity(activity, signer))


def _activity(activity: Document, signer: str) -> Iterator[str]:
    if activity.get("actor") != signer:
        yield "the actor did not sign it"
    post = post_in(activity)
    if post is not None:
        yield from _object(post, is_edit=activity.get("type") == "Update")


def check_object(target: Document) -> list[str]:
    return list(_object(target, is_edit=False))


def _object(target: Document, *, is_edit: bool) -> Iterator[str]:
    """Only events become anything; but every object is walked through before its type is looked at."""
    attachments = target.get("attachment")
    if attachments is not None and not isinstance(attachments, list):
        yield "attachment is no list"
        return
    for entry in attachments or []:
        if not is_text(entry.get("mediaType")):
            yield "an attachment without a mediaType"
    for tag in target.get("tag") or []:
        if not isinstance(tag, dict) or not is_text(tag.get("name")):
            yield "a tag without a name"
    if target.get("type") == "Event":
        yield from _event(target, is_edit=is_edit)


def _event(target: Document, *, is_edit: bool) -> Iterator[str]:
    attachments = target.get("attachment")
    yield from (f"an event without {name}" for name in ("id", "name", "startTime") if not is_text(target.get(name)))
    yield from told(
        {
            "an event without a text": not is_text(target.get("content")),
            "an edited event without a list of attachments": is_edit and not isinstance(attachments, list),
        }
    )
    # The first attachment is taken for the picture, whatever it is.
    if attachments and not is_text(attachments[0].get("url")):
        yield "an event whose first attachment is no picture"
