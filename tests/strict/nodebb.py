"""What a NodeBB forum takes and refuses, written from fediverse.md (1.2 and 6) and its way of reading objects."""

from collections.abc import Iterator

from tests.strict.looking import ACTORS, Document, addressed, attachments, host, is_text, is_web, post_in, tags, told

# No Event: such a post is not there for a forum (2.1).
POSTS = {"Note", "Page", "Article", "Question", "Video"}


def check_actor(actor: Document) -> list[str]:
    return list(_actor(actor))


def _actor(actor: Document) -> Iterator[str]:
    yield from told(
        {
            f"{actor.get('type')} is no actor": actor.get("type") not in ACTORS,
            "no inbox": not is_text(actor.get("inbox")),
            # The letters of the username make the colour of the picture; without one it fails.
            "no username": not is_text(actor.get("preferredUsername")),
            "no https id": not is_web(actor.get("id")),
            "url is no single address": not isinstance(actor.get("url"), str),
        }
    )
    for name in ("icon", "image"):
        if name in actor and not (isinstance(actor[name], dict) and is_text(actor[name].get("url"))):
            yield f"{name} without one url"


def check_activity(activity: Document, signer: str) -> list[str]:
    return list(_activity(activity, signer))


def _activity(activity: Document, signer: str) -> Iterator[str]:
    # The host of the key, of the actor and of the object are compared (1.2).
    yield from told(
        {
            "the id is on another host than the actor": host(activity.get("id")) != host(activity.get("actor")),
            "the actor did not sign it": activity.get("actor") != signer,
        }
    )
    if activity.get("type") == "Announce" and isinstance(activity.get("object"), dict):
        # It fetches what is edited anew by the id of the inner object, so that has to be there.
        if not is_web(activity["object"].get("id")):
            yield "what is announced has no address"
        return
    post = post_in(activity)
    if post is not None:
        yield from _object(post)


def check_object(target: Document) -> list[str]:
    return list(_object(target))


def _object(target: Document) -> Iterator[str]:
    author = target.get("attributedTo")
    yield from told(
        {
            f"{target.get('type')} is nothing for a forum": target.get("type") not in POSTS,
            # A list of authors is refused (1.2).
            "not one author": not isinstance(author, str),
            "author and post are on different hosts": host(author) != host(target.get("id")),
            "no https id": not is_web(target.get("id")),
            # It spreads both into one list; of a string it would make letters.
            "to and cc are no lists": not all(isinstance(target.get(name, []), list) for name in ("to", "cc")),
            "addressed to something that is no address": not all(map(is_web, addressed(target))),
        }
    )
    for entry in attachments(target):
        # In a private message it reads the beginning of each mediaType, which fails where there is none.
        if not is_text(entry.get("mediaType")):
            yield "an attachment without a mediaType"
    for tag in tags(target):
        # Names of tags and mentions are cut open at their first letter.
        if not is_text(tag.get("name")):
            yield "a tag without a name"
