"""All strict readers at once: which of them gets to read a document, and what they say to it.

A document is judged by what it is. Who would never read it is not asked: a forum that knows no
events, a microblog server that is never sent a room's word on an activity.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from tests.strict import gancio, gotosocial, lemmy, mastodon, misskey, nodebb, piefed, pleroma, rules
from tests.strict.looking import ACTORS, Document, host, is_vote


class Reader(NamedTuple):
    """One kind of server. `ignores` are types of posts that are nothing to it, and never reach it as anything else."""

    actor: Callable[[Document], list[str]]
    activity: Callable[[Document, str], list[str]]
    post: Callable[[Document], list[str]]
    ignores: frozenset[str] = frozenset()
    knows_groups: bool = False
    knows_boosts: bool = True


def _by_its_id(actor: Document) -> list[str]:
    return mastodon.check_actor(actor, str(actor.get("id")))


READERS: Final[Mapping[str, Reader]] = {
    "Mastodon": Reader(_by_its_id, mastodon.check_activity, mastodon.check_object),
    "GoToSocial": Reader(gotosocial.check_actor, gotosocial.check_activity, gotosocial.check_object),
    "Misskey": Reader(misskey.check_actor, misskey.check_activity, misskey.check_object),
    "Pleroma": Reader(pleroma.check_actor, pleroma.check_activity, pleroma.check_object),
    # A boost of an id is answered by Lemmy with an error that harms nobody.
    "Lemmy": Reader(
        lemmy.check_actor,
        lemmy.check_activity,
        lemmy.check_object,
        frozenset({"Question"}),
        knows_groups=True,
        knows_boosts=False,
    ),
    "PieFed": Reader(piefed.check_actor, piefed.check_activity, piefed.check_object, knows_groups=True),
    "NodeBB": Reader(
        nodebb.check_actor, nodebb.check_activity, nodebb.check_object, frozenset({"Event"}), knows_groups=True
    ),
    "Gancio": Reader(gancio.check_actor, gancio.check_activity, gancio.check_object),
}
# With a target they are about a list, which may be a room's.
LISTS: Final = frozenset({"Add", "Block", "Remove"})
HANDLES: Final = frozenset({"Invite", "Offer"})
ANSWERS: Final = frozenset({"Accept", "Reject", "Undo"})
COLLECTIONS: Final = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})


def check(document: Document) -> list[str]:
    """What anybody has to complain about in an outermost document of ours."""
    return list(_complaints(document))


def _complaints(document: Document) -> Iterator[str]:
    kind = document.get("type")
    if not isinstance(kind, str):
        yield "the type is not one string"
    elif kind in ACTORS:
        yield from _everybodys(rules.check(document))
        for name, reader in READERS.items():
            yield from _said(name, reader.actor(document))
    elif kind in rules.POSTS:
        yield from _everybodys(rules.check(document))
        yield from _post(document)
    elif kind in rules.ACTIVITIES:
        yield from _everybodys(rules.check(document))
        yield from _activity(document)
    elif kind in COLLECTIONS:
        yield from _everybodys(rules.check_collection(document))
        yield from _items(document)
    elif kind in rules.OTHERS:
        yield from _everybodys(rules.check(document))
    else:
        yield f"nobody has a rule for a {kind}"


def _post(document: Document) -> Iterator[str]:
    if is_vote(document):
        return
    for name, reader in READERS.items():
        if document["type"] not in reader.ignores:
            yield from _said(name, reader.post(document))


def _activity(document: Document) -> Iterator[str]:
    signer, target = str(document.get("actor")), document.get("object")
    kind = _kind_inside(document)
    if isinstance(target, dict) and is_vote(target):
        return
    if _is_for_ours_alone(document) or _is_about_handles(document):
        return
    if _is_wrapped(document):
        # What our own people did is ours to get right; what others did is passed on as it came.
        if host(document["object"].get("actor")) != host(signer):
            return
        yield from (f"announced: {said}" for said in _complaints(document["object"]))
    for name, reader in READERS.items():
        if kind not in reader.ignores and _gets_to(reader, document):
            yield from _said(name, reader.activity(document, signer))


def _is_for_ours_alone(activity: Document) -> bool:
    """Who is in a private room, and who is asked into one, goes to FediShare nodes and nowhere else."""
    return activity["type"] == "Invite" or str(activity.get("target", "")).endswith("/members")


def _is_about_handles(activity: Document) -> bool:
    """Invitations to run a shared handle, offers to it, and their answers pass between FediShare nodes alone."""
    target = activity.get("object")
    inner = target.get("type") if isinstance(target, dict) else None
    return activity["type"] in HANDLES or (activity["type"] in ANSWERS and inner in HANDLES)


def _kind_inside(activity: Document) -> str:
    """The kind of what it is about in the end, also where a room passes it on."""
    target = activity.get("object")
    if not isinstance(target, dict):
        return ""
    return _kind_inside(target) if target.get("type") in rules.ACTIVITIES else str(target.get("type"))


def _gets_to(reader: Reader, activity: Document) -> bool:
    if _is_wrapped(activity) or _is_moderation(activity):
        return reader.knows_groups
    return reader.knows_boosts or activity["type"] != "Announce"


def _is_wrapped(activity: Document) -> bool:
    return activity["type"] == "Announce" and isinstance(activity.get("object"), dict)


def _is_moderation(activity: Document) -> bool:
    """What a moderator does in a room is said in the room alone, to who knows rooms (fediverse.md 1.5 and 1.7)."""
    target = activity.get("object")
    if activity["type"] == "Undo" and isinstance(target, dict) and "type" in target:
        return _is_moderation(target)
    uri = target.get("id") if isinstance(target, dict) else target
    if activity["type"] == "Delete":
        return "summary" in activity and host(uri) != host(activity.get("actor"))
    is_elsewhere = host(activity.get("target")) != host(activity.get("actor"))
    return activity["type"] == "Lock" or ("target" in activity and activity["type"] in LISTS and is_elsewhere)


def _items(collection: Document) -> Iterator[str]:
    for place in (collection, collection.get("first")):
        if not isinstance(place, dict):
            continue
        for item in [*place.get("items", []), *place.get("orderedItems", [])]:
            if isinstance(item, dict) and host(item.get("id")) == host(collection.get("id")):
                # Items share the context of the collection, if they have none of their own.
                yield from (f"item: {said}" for said in _complaints({"@context": collection.get("@context"), **item}))


def _everybodys(complaints: list[str]) -> Iterator[str]:
    return _said("everybody", complaints)


def _said(name: str, complaints: list[str]) -> Iterator[str]:
    return (f"{name}: {complaint}" for complaint in complaints)


def describe(document: Any) -> str:
    return f"{document.get('type')} {document.get('id')}" if isinstance(document, dict) else repr(document)[:80]
