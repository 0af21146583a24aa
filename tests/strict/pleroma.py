"""What Pleroma and Akkoma take and refuse, written from fediverse.md (1.2, 2.1, 3.1, 3.2 and 6)."""

from collections.abc import Iterator

from tests.strict.looking import PUBLIC, Document, addressed, attachments, host, is_text, post_in, told

POSTS = {"Note", "Article", "Page", "Question", "Event", "Audio", "Video", "Image"}
ATTACHMENTS = {"Link", "Document", "Audio", "Image", "Video"}
# Its validators want both lists on these, if need be empty ones.
WITH_BOTH = {"Accept", "Add", "Announce", "Block", "Create", "Delete", "Follow", "Reject", "Remove", "Undo", "Update"}


def check_actor(actor: Document) -> list[str]:
    return list(_actor(actor))


def _actor(actor: Document) -> Iterator[str]:
    yield from told(
        {
            "no username": not is_text(actor.get("preferredUsername")),
            "no followers to recognise in to and cc": not is_text(actor.get("followers")),
            "no key": not isinstance(actor.get("publicKey"), dict),
            "attachment is no list": not isinstance(actor.get("attachment", []), list),
            "tag is no list": not isinstance(actor.get("tag", []), list),
            "alsoKnownAs is no list": not isinstance(actor.get("alsoKnownAs", []), list),
        }
    )


def check_activity(activity: Document, signer: str) -> list[str]:
    return list(_activity(activity, signer))


def _activity(activity: Document, signer: str) -> Iterator[str]:
    kind = activity.get("type")
    if kind in WITH_BOTH and not all(isinstance(activity.get(name), list) for name in ("to", "cc")):
        yield f"{kind} needs to and cc"
    if activity.get("actor") != signer:
        yield "the actor did not sign it"
    if kind in {"Add", "Remove"} and not is_text(activity.get("target")):
        yield f"{kind} without a target"
    if kind == "Announce":
        yield from _announce(activity, signer)
    post = post_in(activity)
    if post is not None:
        if post.get("attributedTo") != signer:
            yield "actor and author differ"
        yield from _object(post)


def _announce(activity: Document, signer: str) -> Iterator[str]:
    if not isinstance(activity.get("object"), str):
        yield "a boost of something that is no address"
    # A post of somebody else has to be public, and so is the word on it (1.2).
    if host(activity.get("object")) != host(signer) and PUBLIC not in addressed(activity):
        yield "a boost of somebody else's post that is not public"


def check_object(target: Document) -> list[str]:
    return list(_object(target))


def _object(target: Document) -> Iterator[str]:
    kind = target.get("type")
    yield from told(
        {
            f"{kind} is no object that it knows": kind not in POSTS,
            "no id": not is_text(target.get("id")),
            "no author": not is_text(target.get("attributedTo")),
            "no time": not is_text(target.get("published")),
            "addressed to nobody": not addressed(target),
            "context is no address": not isinstance(target.get("context", ""), str),
        }
    )
    for entry in attachments(target):
        # Any other type, a PropertyValue for one, makes the object invalid (3.2).
        if entry.get("type") not in ATTACHMENTS:
            yield f"an attachment of type {entry.get('type')}"
    if kind == "Event" and target.get("joinMode", "free") not in {"free", "restricted", "invite"}:
        yield "another way to join than the three that it knows"
