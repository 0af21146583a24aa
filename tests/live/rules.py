"""What we hold our own documents to on the wire: the linters of tests/strict, and what only a whole server notices.

Each raises Offence, naming what is wrong.
"""

from typing import Final

from tests.live.peers import Json, Offence, host
from tests.strict import lemmy, mastodon, rules

# Types of files that Mastodon shows (mastodon.md 3.3); anything else is a tile that says "Not available".
MEDIA: Final = ("image/", "video/", "audio/")
# What Lemmy answers to a bare post is of no harm, and its servers count it themselves.
HARMLESS: Final = "CannotReceivePage"


def check_activity(activity: Json, signer: str) -> None:
    """An activity of ours as Mastodon and everybody else gets it."""
    _refuse(activity, [*rules.check(activity), *mastodon.check_activity(activity, signer)])
    if isinstance(activity.get("object"), dict) and activity["object"].get("type") in mastodon_posts():
        check_object(activity["object"])


def check_for_lemmy(activity: Json, signer: str) -> None:
    """The same as Lemmy gets it."""
    found = [*rules.check(activity), *lemmy.check_activity(activity, signer)]
    _refuse(activity, [said for said in found if not said.startswith(HARMLESS)])


def check_object(note: Json) -> None:
    """A post of ours: what reads well in one server and goes wrong in another."""
    _refuse(note, [*rules.check(note, is_outermost=False), *mastodon.check_object(note), *lemmy.check_object(note)])
    uri = str(note["id"])
    if "#" in uri:
        raise Offence(f"the id {uri} has a fragment (M3)")
    if not note["content"]:
        raise Offence(f"{uri} says nothing")
    for item in note["attachment"]:
        if item.get("type") != "Link" and not str(item.get("mediaType", "")).startswith(MEDIA):
            raise Offence(f"{uri} shows an unavailable tile for {item} (trap 14)")
    _check_people(note, uri)
    _check_replies(note, uri)


def check_actor(document: Json) -> None:
    """An actor of ours, as both read it (mastodon.md 1.4, fediverse.md 1.3)."""
    found = [*mastodon.check_actor(document, str(document.get("id"))), *lemmy.check_actor(document)]
    _refuse(document, found)
    for name in ("discoverable", "indexable", "manuallyApprovesFollowers"):
        if not isinstance(document.get(name), bool):
            raise Offence(f"{document['id']} leaves `{name}` to chance (M6)")


def mastodon_posts() -> frozenset[str]:
    return frozenset(rules.POSTS)


def _refuse(thing: Json, complaints: list[str]) -> None:
    if complaints:
        raise Offence(f"{thing.get('type')} {thing.get('id')}: {'; '.join(complaints)}")


def _check_people(note: Json, uri: str) -> None:
    addressed = {*note["to"], *note["cc"]}
    named = {tag.get("href") for tag in note["tag"] if tag.get("type") == "Mention"}
    if not named <= addressed:
        raise Offence(f"{uri} mentions {named - addressed} without being addressed to them (trap 17)")
    audience = note.get("audience")
    if audience and audience not in named:
        raise Offence(f"{uri} is for the room {audience} and does not mention it (F12)")
    for name in ("to", "cc"):
        if len(set(note[name])) != len(note[name]):
            raise Offence(f"`{name}` of {uri} names somebody twice")
    if host(note.get("attributedTo", "")) != host(uri):
        raise Offence(f"{uri} is not on its author's server")


def _check_replies(note: Json, uri: str) -> None:
    replies = note.get("replies")
    first = replies.get("first") if isinstance(replies, dict) else None
    if not isinstance(first, dict) or not isinstance(first.get("items"), list):
        raise Offence(f"`replies` of {uri} are not embedded with a page of items (M17)")
