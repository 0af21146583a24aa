"""Activities: what is done to an object, put into words. Every one has an id, `to` and `cc`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core import uris
from fedishare.core.json import Json
from fedishare.domain.audience import PUBLIC_IRI


def create(document: Document, *, uri: str | None = None) -> Document:
    """The Create of a post; its id is the post's own `/activity` unless another is given."""
    return _about_object("Create", document, uri=uri or uris.create(_text(document, "id")), at=document["published"])


def update(document: Document, *, uri: str) -> Document:
    """The Update of a post that was edited."""
    return _about_object("Update", document, uri=uri, at=document.get("updated", document["published"]))


def update_actor(document: Document, *, uri: str, followers: str, at: datetime) -> Document:
    """The Update of an actor, for all who may know it."""
    activity = _activity("Update", uri=uri, actor=_text(document, "id"), to=[PUBLIC_IRI], cc=[followers])
    activity |= {"published": write.when(at), "object": write.bare(document)}
    return write.with_context(_listed(document["@context"]), activity)


def delete(
    tombstone: Document,
    *,
    uri: str,
    actor: str,
    to: Sequence[str],
    cc: Sequence[str],
    audience: str | None = None,
    summary: str | None = None,
) -> Document:
    """The Delete of a post.

    With a `summary` Lemmy takes it for the act of a moderator, so an author's own Delete has none.
    """
    activity = _activity("Delete", uri=uri, actor=actor, to=to, cc=cc, audience=audience)
    activity["object"] = write.bare(tombstone)
    if summary is not None:
        activity["summary"] = summary
    return _plain(activity)


def like(*, uri: str, actor: str, post: str, author: str, audience: str | None = None) -> Document:
    activity = _activity("Like", uri=uri, actor=actor, to=[author], cc=_only(audience), audience=audience)
    return _plain(activity | {"object": post})


def announce(
    *,
    uri: str,
    actor: str,
    target: Json,
    to: Sequence[str],
    cc: Sequence[str],
    at: datetime,
    audience: str | None = None,
) -> Document:
    """A boost of `target`, the id of a post; or a room's word on an activity, which then is `target` itself."""
    activity = _activity("Announce", uri=uri, actor=actor, to=to, cc=cc, audience=audience)
    return _plain(activity | {"published": write.when(at), "object": target})


def undo(activity: Document, *, uri: str) -> Document:
    """The Undo of `activity`, which is embedded whole: an id alone is not enough for Mastodon to undo a Like."""
    undone: Document = {"id": uri, "type": "Undo"}
    undone |= {name: activity[name] for name in ("actor", "to", "cc", "audience") if name in activity}
    return write.with_context(
        _listed(activity.get("@context", list(write.PLAIN))), undone | {"object": write.bare(activity)}
    )


def follow(*, uri: str, actor: str, followee: str, link: str | None = None) -> Document:
    """Asks to follow; into a private room with the `link` by which it invited."""
    invited: Document = {"instrument": link} if link else {}
    return _plain(_activity("Follow", uri=uri, actor=actor, to=[followee], cc=[]) | {"object": followee} | invited)


def invite(*, uri: str, actor: str, person: str) -> Document:
    """A room offers itself to `person`, who takes it up with a Follow; a shared handle asks them to run it too."""
    return _plain(_activity("Invite", uri=uri, actor=actor, to=[person], cc=[]) | {"object": actor, "target": person})


def list_member(kind: str, *, uri: str, room: str, person: str, members: str, followers: str) -> Document:
    """A room adds somebody to, or with the kind Remove takes them from, its list of members."""
    activity = _activity(kind, uri=uri, actor=room, to=[followers], cc=[], audience=room)
    return _plain(activity | {"object": person, "target": members})


def accept(followed: Document, *, uri: str) -> Document:
    """The followee of `followed`, a Follow, agrees."""
    return _answer("Accept", followed, uri=uri)


def reject(followed: Document, *, uri: str) -> Document:
    """The followee of `followed`, a Follow, refuses, or does not want this follower any longer."""
    return _answer("Reject", followed, uri=uri)


def block(*, uri: str, actor: str, blocked: str) -> Document:
    return _plain(_activity("Block", uri=uri, actor=actor, to=[blocked], cc=[]) | {"object": blocked})


def flag(
    *, uri: str, actor: str, target: str, posts: Sequence[str], comment: str, at: datetime, to: str | None = None
) -> Document:
    """A report about `target`, who comes first: Mastodon files nothing without the account.

    It is for them, that is their server, or for the room `to`.
    """
    activity = _activity("Flag", uri=uri, actor=actor, to=[to or target], cc=[])
    return _plain(activity | {"published": write.when(at), "content": comment, "object": [target, *posts]})


def create_vote(vote: Document, *, uri: str) -> Document:
    """The Create of a vote, for the author of the poll alone."""
    activity = _activity("Create", uri=uri, actor=_text(vote, "attributedTo"), to=[_text(vote, "to")], cc=[])
    return _plain(activity | {"published": vote["published"], "object": write.bare(vote)})


def quote_request(document: Document, *, uri: str, quoted: str, author: str) -> Document:
    """Asks `author` whether the post `document` may quote `quoted` (FEP-044f). The post comes along whole."""
    activity = _activity("QuoteRequest", uri=uri, actor=_text(document, "attributedTo"), to=[author], cc=[])
    return write.with_context(write.QUOTE_REQUEST, activity | {"object": quoted, "instrument": write.bare(document)})


def accept_quote(request: Document, *, uri: str, actor: str, stamp: str) -> Document:
    """The author of a quoted post agrees, and `stamp` says so to everybody."""
    return _answer_quote("Accept", request, uri=uri, actor=actor) | {"result": stamp}


def reject_quote(request: Document, *, uri: str, actor: str) -> Document:
    return _answer_quote("Reject", request, uri=uri, actor=actor)


def delete_stamp(*, uri: str, actor: str, stamp: str, to: Sequence[str], cc: Sequence[str]) -> Document:
    """A quote is no longer agreed to."""
    return _plain(_activity("Delete", uri=uri, actor=actor, to=to, cc=cc) | {"object": stamp})


def move(*, uri: str, actor: str, target: str, followers: str) -> Document:
    activity = _activity("Move", uri=uri, actor=actor, to=[followers], cc=[])
    return _plain(activity | {"object": actor, "target": target})


def take_out(*, uri: str, actor: str, post: str, to: Sequence[str], audience: str, summary: str) -> Document:
    """A moderator takes a post out of the room `audience`. Its `summary` tells it from an author's own Delete."""
    activity = _activity("Delete", uri=uri, actor=actor, to=to, cc=[audience], audience=audience)
    return _plain(activity | {"object": post, "summary": summary})


def lock(*, uri: str, actor: str, post: str, to: Sequence[str], audience: str, summary: str) -> Document:
    """The conversation that began with `post` takes no more answers."""
    activity = _activity("Lock", uri=uri, actor=actor, to=to, cc=[audience], audience=audience)
    return write.with_context(write.RULING, activity | {"object": post} | _reason(summary))


def ban(
    *,
    uri: str,
    actor: str,
    banned: str,
    room: str,
    summary: str,
    until: datetime | None = None,
    with_posts: bool = False,
    to: Sequence[str] = (PUBLIC_IRI,),
) -> Document:
    """A moderator bans somebody from `room`; without `target` it would be the moderator's own block."""
    ends: Document = {"endTime": write.when(until)} if until is not None else {}
    aimed: Document = {"object": banned, "target": room, "removeData": with_posts}
    activity = _activity("Block", uri=uri, actor=actor, to=to, cc=[room], audience=room)
    return write.with_context(write.RULING, activity | aimed | _reason(summary) | ends)


def list_in(
    kind: str, *, uri: str, actor: str, thing: str, target: str, room: str, to: Sequence[str] = (PUBLIC_IRI,)
) -> Document:
    """A moderator adds to, or with the kind Remove takes from, a list of `room`: its pins, or its moderators."""
    activity = _activity(kind, uri=uri, actor=actor, to=to, cc=[room], audience=room)
    return _plain(activity | {"object": thing, "target": target})


def refuse(*, uri: str, room: str, activity: str, author: str, summary: str) -> Document:
    """A room does not take what `activity`, a Create of `author`, wrote into it."""
    refused = _activity("Reject", uri=uri, actor=room, to=[author], cc=[])
    return _plain(refused | {"object": activity} | _reason(summary))


def answer_invite(kind: str, *, uri: str, invitation: str, handle: str, person: str) -> Document:
    """Whoever was invited agrees (Accept), or declines or leaves (Reject)."""
    invited: Document = {"id": invitation, "type": "Invite", "actor": handle, "object": handle, "target": person}
    return _plain(_activity(kind, uri=uri, actor=person, to=[handle], cc=[]) | {"object": invited})


def offer(thing: Document, *, uri: str, actor: str, handle: str, at: datetime, due: datetime | None = None) -> Document:
    """Somebody who runs a shared handle elsewhere asks it to publish a post, or to do something; at `due`, if said."""
    offered = _activity("Offer", uri=uri, actor=actor, to=[handle], cc=[])
    timed: Document = {"startTime": write.when(due)} if due is not None else {}
    context = _listed(thing.get("@context", list(write.PLAIN)))
    about: Document = {"published": write.when(at), "object": write.bare(thing), "target": handle}
    return write.with_context(context, offered | about | timed)


def answer_offer(
    kind: str, *, uri: str, handle: str, person: str, offered: str, result: str | None = None, summary: str = ""
) -> Document:
    """A shared handle says what became of an Offer: `result` is the post, as soon as there is one."""
    answered: Document = {"id": offered, "type": "Offer", "actor": person, "target": handle}
    told: Document = {"result": result} if result is not None else {}
    activity = _activity(kind, uri=uri, actor=handle, to=[person], cc=[])
    return _plain(activity | {"object": answered} | told | _reason(summary))


def add(*, uri: str, actor: str, post: str, featured: str, followers: str, audience: str | None = None) -> Document:
    """A post is pinned."""
    return _pin("Add", uri=uri, actor=actor, post=post, featured=featured, followers=followers, audience=audience)


def remove(*, uri: str, actor: str, post: str, featured: str, followers: str, audience: str | None = None) -> Document:
    """A post is no longer pinned."""
    return _pin("Remove", uri=uri, actor=actor, post=post, featured=featured, followers=followers, audience=audience)


def _pin(
    kind: str, *, uri: str, actor: str, post: str, featured: str, followers: str, audience: str | None
) -> Document:
    activity = _activity(kind, uri=uri, actor=actor, to=[PUBLIC_IRI], cc=[followers], audience=audience)
    return _plain(activity | {"object": post, "target": featured})


def put_in(
    *,
    uri: str,
    actor: str,
    resource: str,
    items: str,
    followers: str,
    line: str = "",
    position: int = 0,
    previous: str | None = None,
) -> Document:
    """A resource is in a collection at a place, counted from 1, and behind which; `line`, in HTML, says why."""
    activity = _pin("Add", uri=uri, actor=actor, post=resource, featured=items, followers=followers, audience=None)
    placed: Document = {"schema:position": position} if position else {}
    if previous is not None:
        placed["schema:previousItem"] = {"id": previous}
    said: Document = {"content": line} if line else {}
    return write.with_context(write.ITEM, activity | said | placed)


def delete_actor(*, uri: str, actor: str, followers: str) -> Document:
    """An actor of ours is no more."""
    return _plain(_activity("Delete", uri=uri, actor=actor, to=[PUBLIC_IRI], cc=[followers]) | {"object": actor})


def _about_object(kind: str, document: Document, *, uri: str, at: Json) -> Document:
    """An activity whose object is embedded. With a proof the object keeps a context of its own, which is proven too."""
    kept = {name: document[name] for name in ("to", "cc", "audience") if name in document}
    inner = document if "proof" in document else write.bare(document)
    activity: Document = {"id": uri, "type": kind, "actor": document["attributedTo"], "published": at}
    return write.with_context(_listed(document["@context"]), activity | kept | {"object": inner})


def _answer(kind: str, followed: Document, *, uri: str) -> Document:
    activity = _activity(kind, uri=uri, actor=_text(followed, "object"), to=[_text(followed, "actor")], cc=[])
    inner = {name: followed[name] for name in ("id", "type", "actor", "object")}
    return _plain(activity | {"object": inner})


def _answer_quote(kind: str, request: Document, *, uri: str, actor: str) -> Document:
    activity = _activity(kind, uri=uri, actor=actor, to=[_text(request, "actor")], cc=[])
    return write.with_context(write.QUOTE_ANSWER, activity | {"object": request})


def _activity(
    kind: str, *, uri: str, actor: str, to: Sequence[str], cc: Sequence[str], audience: str | None = None
) -> Document:
    activity: Document = {"id": uri, "type": kind, "actor": actor, "to": list(to), "cc": list(cc)}
    return activity | {"audience": audience} if audience else activity


def _plain(activity: Document) -> Document:
    return write.with_context(write.PLAIN, activity)


def _reason(summary: str) -> Document:
    return {"summary": summary} if summary else {}


def _only(uri: str | None) -> list[str]:
    return [uri] if uri else []


def _listed(context: Json) -> list[Json]:
    return context if isinstance(context, list) else [context]


def _text(document: Mapping[str, Json], name: str) -> str:
    value = document[name]
    return value if isinstance(value, str) else ""
