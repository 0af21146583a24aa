"""What a PieFed server takes and refuses, written from fediverse.md (1.2, 2.1, 6)."""

from collections.abc import Iterator

from tests.strict.looking import Document, host, is_text, post_in, told

POSTS = {"Page", "Article", "Link", "Note", "Question", "Event", "Video"}
# Read by their keys without a default: null will do, but absent loses the post (2.1).
OF_AN_EVENT = (
    *("startTime", "endTime", "timezone", "maximumAttendeeCapacity", "participantCount", "onlineLink", "joinMode"),
    *("externalParticipationUrl", "anonymousParticipation", "isOnline", "buyTicketsLink", "feeCurrency", "feeAmount"),
)


def check_actor(actor: Document) -> list[str]:
    return list(_actor(actor))


def _actor(actor: Document) -> Iterator[str]:
    yield from told(
        {
            "no type": not is_text(actor.get("type")),
            "no username": not is_text(actor.get("preferredUsername")),
            "the id is on another host than the inbox": host(actor.get("id")) != host(actor.get("inbox")),
            "no PEM in the key": not is_text(actor.get("publicKey", {}).get("publicKeyPem")),
        }
    )
    for name in ("icon", "image"):
        # Subscripted as an object with a url, whatever is there.
        if name in actor and not (isinstance(actor[name], dict) and is_text(actor[name].get("url"))):
            yield f"{name} without one url"
    if actor.get("type") == "Group" and not is_text(actor.get("attributedTo")):
        yield "a community without the address of its moderators"


def check_activity(activity: Document, signer: str) -> list[str]:
    return list(_activity(activity, signer))


def _activity(activity: Document, signer: str) -> Iterator[str]:
    yield from told({f"no {name}": not activity.get(name) for name in ("id", "type", "actor", "object")})
    if activity.get("actor") != signer:
        yield "the actor did not sign it"
    target = activity.get("object")
    if activity.get("type") == "Announce" and isinstance(target, dict):
        # The community's word on an activity: what is inside is read as if it had come by itself.
        yield from (f"announced: {said}" for said in _activity(target, str(target.get("actor"))))
    post = post_in(activity)
    if post is not None:
        yield from _object(post)


def check_object(target: Document) -> list[str]:
    return list(_object(target))


def _object(target: Document) -> Iterator[str]:
    kind = target.get("type")
    yield from told(
        {
            f"{kind} is neither a post nor a comment": kind not in POSTS,
            "no id": not is_text(target.get("id")),
            "not one author": not isinstance(target.get("attributedTo"), str),
            "the author is on another host": host(target.get("attributedTo")) != host(target.get("id")),
        }
    )
    language = target.get("language")
    if language is not None and not (isinstance(language, dict) and is_text(language.get("identifier"))):
        yield "language without an identifier"
    licence = target.get("licence")
    if licence is not None and not (isinstance(licence, dict) and is_text(licence.get("name"))):
        yield "a licence without a name"
    source = target.get("source")
    if source is not None and not (isinstance(source, dict) and {"content", "mediaType"} <= set(source)):
        yield "a source without its text and type"
    if kind == "Event":
        yield from (f"an event without {name}" for name in OF_AN_EVENT if name not in target)


def check_signature(header: str) -> list[str]:
    """It splits the header at commas, and wants to be told the algorithm (6)."""
    broken = {"spaces after commas": '", ' in header, "no algorithm": "algorithm=" not in header}
    return list(told({"no header": not header} | broken))
