"""A strict Lemmy-shaped server, written from fediverse.md 1.2 and 6: types are read to the letter, or not at all."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tests.live import rules
from tests.live.peers import AS2, PUBLIC, SECURITY, Json, Offence, Peer, host, now, strings
from tests.live.signing import Key
from tests.live.town import Town

PERSONS: Final = ("Person", "Service", "Organization")
POSTS: Final = ("Page", "Article", "Note", "Video", "Event")
CONTENT_TYPES: Final = (
    "application/activity+json",
    "application/activity+json; charset=utf-8",
    f'application/ld+json; profile="{AS2}"',
)
SIGNED: Final = "(request-target) content-type date digest host"
# What a community may pass on; an Announce inside an Announce is none of it.
ANNOUNCEABLE: Final = (
    "Create",
    "Update",
    "Delete",
    "Undo",
    "Like",
    "Dislike",
    "Add",
    "Remove",
    "Lock",
    "Block",
    "Flag",
)
_LANGUAGE: Final = {"identifier", "name"}


class CannotReceivePage(Exception):
    """Lemmy's word for an Announce of a bare post; it is of no harm to anybody."""


class Found(NamedTuple):
    """A post or a comment as Lemmy stores it."""

    uri: str
    author: str
    title: str | None
    text: str
    parent: str | None
    community: str
    document: Json


class Lemmy(Peer):
    software = "lemmy"
    signed_names = SIGNED

    def __init__(self, town: Town, name: str) -> None:
        super().__init__(town, name)
        self.posts: dict[str, Found] = {}
        self.comments: dict[str, Found] = {}
        self.likes: set[tuple[str, str]] = set()
        self.removed: set[str] = set()
        self.pins: set[str] = set()
        self.bare = 0
        self.followers: dict[str, dict[str, Json]] = {}
        self.following: dict[str, str] = {}
        self.people: set[str] = set()
        self._site = self.add_actor("/", "Application", name)

    @property
    def asker(self) -> Key:
        return self.keys[self._site]

    def enrol(self, name: str) -> str:
        uri = self.add_actor(f"/u/{name}", "Person", name)
        self.people.add(uri)
        empty = {
            "@context": AS2,
            "id": f"{uri}/outbox",
            "type": "OrderedCollection",
            "totalItems": 0,
            "orderedItems": [],
        }
        self.documents[f"/u/{name}/outbox"] = empty
        return uri

    def open_community(self, name: str) -> str:
        uri = f"{self.origin}/c/{name}"
        self.followers[uri] = {}
        self.add_actor(
            f"/c/{name}",
            "Group",
            name,
            followers=f"{uri}/followers",
            featured=f"{uri}/featured",
            attributedTo=f"{uri}/moderators",
            postingRestrictedToMods=False,
            summary="<p>For all who teach</p>",
        )
        for path, kind in (
            ("followers", "Collection"),
            ("featured", "OrderedCollection"),
            ("moderators", "OrderedCollection"),
        ):
            shown: Json = {"@context": AS2, "id": f"{uri}/{path}", "type": kind, "totalItems": 0}
            items: Json = {"items": []} if kind == "Collection" else {"orderedItems": []}
            self.documents[f"/c/{name}/{path}"] = shown | items
        return uri

    # --- What comes in ---------------------------------------------------------------------------------------------

    async def receive(self, activity: Json, signer: str, inbox: str) -> None:
        inner = activity["object"]
        is_theirs = activity["type"] == "Announce" and isinstance(inner, dict) and not self.holds_to_rules(inner)
        # What others wrote travels unmodified, with whatever they put into it.
        rules.check_for_lemmy(activity | {"object": inner["id"]} if is_theirs else activity, signer)
        if activity["actor"] != signer:
            raise Offence(f"signed by {signer} in the name of {activity['actor']}")
        try:
            await self._take(activity, trusted=activity["actor"])
        except CannotReceivePage:
            self.bare += 1

    async def _take(self, activity: Json, *, trusted: str, community: str | None = None) -> None:
        """`trusted` is whose server is believed: a community's, for what it passes on, is not asked again."""
        kind = activity["type"]
        acts: dict[str, Callable[..., Any]] = {
            "Accept": self._accept,
            "Follow": self._follow,
            "Announce": self._announce,
            "Create": self._create,
            "Update": self._create,
            "Delete": self._delete,
            "Undo": self._undo,
            "Like": self._like,
            "Add": self._add,
            "Remove": self._remove,
            "Flag": self._ignore,
        }
        if kind not in acts:
            raise Offence(f"Lemmy reads no {kind}")
        await acts[kind](activity, trusted, community)

    async def _ignore(self, _activity: Json, _trusted: str, _community: str | None) -> None: ...

    async def _accept(self, activity: Json, trusted: str, _community: str | None) -> None:
        follow = activity["object"]
        if not isinstance(follow, dict) or follow.get("type") != "Follow":
            raise Offence("an Accept embeds the Follow")
        if follow["object"] != trusted or follow["actor"] not in {*self.people, *self.followers}:
            raise Offence("an Accept of what nobody here asked for")
        self.following[trusted] = "accepted"

    async def _follow(self, activity: Json, trusted: str, _community: str | None) -> None:
        whom = activity["object"]
        if whom not in self.followers:
            raise Offence(f"there is no community {whom}")
        follower = await self.actor(trusted)
        self.followers[whom][trusted] = follower
        bare = {name: activity[name] for name in ("actor", "object", "type", "id")}
        accept = {"@context": AS2, "id": self.id("activities/accept"), "type": "Accept", "actor": whom}
        await self.deliver(whom, accept | {"to": [trusted], "object": bare}, [follower["inbox"]])

    async def _announce(self, activity: Json, trusted: str, _community: str | None) -> None:
        if self.following.get(trusted) != "accepted":
            raise Offence(f"nobody here is in {trusted}, so all of it is dropped")
        inner = activity["object"]
        if isinstance(inner, str) or inner.get("type") in POSTS:
            raise CannotReceivePage
        if inner.get("type") not in ANNOUNCEABLE:
            raise Offence(f"an Announce of {inner.get('type')} cannot be read")
        if self.holds_to_rules(inner):
            rules.check_for_lemmy(inner, inner["actor"])
        if PUBLIC not in {*activity["to"], *activity["cc"]}:
            raise Offence("a public room announces publicly")
        await self._take(inner, trusted=trusted, community=trusted)

    async def _create(self, activity: Json, trusted: str, community: str | None) -> None:
        thing = activity["object"]
        if not isinstance(thing, dict):
            raise Offence("a Create embeds its object")
        if self.holds_to_rules(thing):
            rules.check_object(thing)
        author = _author(thing)
        if author != activity["actor"] or host(thing["id"]) != host(author):
            raise Offence(f"{thing['id']} is not by {activity['actor']}")
        room = await self._community(activity, community)
        # Everything embedded by a community is believed; the author is looked up all the same.
        await self.actor(author)
        if thing.get("inReplyTo"):
            await self._comment(thing, room)
        else:
            self._page(thing, room)

    async def _community(self, activity: Json, announced_by: str | None) -> str:
        """Every address in `to` and `cc` is tried as a Group; `audience` has to be it, if it is there."""
        for uri in [*activity["to"], *activity["cc"]]:
            if uri in self.followers or uri in self.following or uri == announced_by:
                room = uri
                break
        else:
            raise Offence(f"{activity['id']} names no community in `to` or `cc`")
        if activity.get("audience", room) != room:
            raise Offence(f"`audience` of {activity['id']} is not {room}")
        return str(room)

    def _page(self, page: Json, room: str) -> None:
        _check_common(page)
        if page["type"] not in POSTS:
            raise Offence(f"{page['id']} is of the type {page['type']}")
        title = page.get("name") or re.sub(r"<[^>]+>", " ", page["content"]).strip()[:200]
        self.posts[page["id"]] = Found(page["id"], _author(page), title, page["content"], None, room, page)

    async def _comment(self, note: Json, room: str) -> None:
        _check_common(note)
        if note["type"] != "Note":
            raise Offence(f"the comment {note['id']} is of the type {note['type']}")
        parent = note["inReplyTo"]
        if parent not in self.posts and parent not in self.comments:
            found = await self.fetch(parent)
            if self.holds_to_rules(found):
                rules.check_object(found)
            self._page(found, room) if not found.get("inReplyTo") else await self._comment(found, room)
        self.comments[note["id"]] = Found(note["id"], _author(note), None, note["content"], parent, room, note)

    async def _delete(self, activity: Json, trusted: str, _community: str | None) -> None:
        uri = strings(activity["object"])[0]
        if isinstance(activity["object"], dict) and activity["object"].get("type") != "Tombstone":
            raise Offence("a Delete names a tombstone or an address")
        if host(activity["actor"]) not in {host(uri), host(trusted)}:
            raise Offence(f"{activity['actor']} deletes {uri}")
        if host(activity["actor"]) == host(uri) and "summary" in activity:
            raise Offence("the author's own Delete reads as a moderator's")
        self.removed.add(uri)
        self.posts.pop(uri, None)
        self.comments.pop(uri, None)

    async def _undo(self, activity: Json, _trusted: str, _community: str | None) -> None:
        undone = activity["object"]
        if not isinstance(undone, dict):
            raise Offence("an Undo embeds what it undoes")
        if self.holds_to_rules(undone):
            rules.check_for_lemmy(undone, undone["actor"])
        match undone["type"]:
            case "Like" | "Dislike":
                self.likes.discard((undone["actor"], undone["object"]))
            case "Follow":
                self.followers.get(undone["object"], {}).pop(undone["actor"], None)
            case "Announce":
                raise CannotReceivePage
            case _:
                pass

    async def _like(self, activity: Json, _trusted: str, _community: str | None) -> None:
        uri = activity["object"]
        if uri not in self.posts and uri not in self.comments:
            raise Offence(f"a vote for {uri}, which is not here")
        await self.actor(activity["actor"])
        self.likes.add((activity["actor"], uri))

    async def _add(self, activity: Json, trusted: str, _community: str | None) -> None:
        if activity["target"] != self.known[trusted].get("featured"):
            raise Offence(f"adds to {activity['target']}")
        self.pins.add(strings(activity["object"])[0])

    async def _remove(self, activity: Json, _trusted: str, _community: str | None) -> None:
        self.pins.discard(strings(activity["object"])[0])

    async def check_actor(self, document: Json) -> None:
        if self.holds_to_rules(document):
            rules.check_actor(document)
        if document["type"] == "Group":
            await self._check_group(document)
        elif document["type"] not in (*PERSONS, "Application"):
            raise Offence(f"{document['id']} is of the type {document['type']}")
        if "language" in document:
            raise Offence("a language on an actor is read strictly (fediverse.md 1.3)")

    async def _check_group(self, group: Json) -> None:
        """fediverse.md 1.3: what a joining Lemmy asks for at once."""
        if not isinstance(group.get("postingRestrictedToMods"), bool):
            raise Offence(f"{group['id']} does not say who may post")
        moderators = await self.fetch(group["attributedTo"])
        if moderators["type"] != "OrderedCollection" or not all(
            isinstance(uri, str) for uri in moderators["orderedItems"]
        ):
            raise Offence(f"the moderators of {group['id']} are not a list of ids")
        featured = await self.fetch(group["featured"])
        if not isinstance(featured.get("totalItems"), int) or not all(
            isinstance(item, dict) for item in featured["orderedItems"]
        ):
            raise Offence(f"the pinned posts of {group['id']} are not embedded")
        outbox = await self.fetch(group["outbox"])
        if not isinstance(outbox.get("orderedItems"), list):
            # Lemmy joins all the same, and shows a room without a past.
            self.violations.append(f"the outbox of {group['id']} lists nothing inline: {outbox}")
        for item in outbox.get("orderedItems", []):
            if item["type"] != "Announce":
                raise Offence(f"the outbox of {group['id']} holds {item['type']} of {item['object']!r}")
        followers = await self.fetch(group["followers"])
        if not isinstance(followers.get("totalItems"), int):
            raise Offence(f"{group['id']} does not say how many follow it")

    # --- What its people do ----------------------------------------------------------------------------------------

    async def join(self, who: str, handle: str) -> str:
        found = await self.webfinger(handle)
        href = next(link["href"] for link in found["links"] if link.get("rel") == "self")
        group = await self.actor(href)
        follow = {
            "@context": [AS2, SECURITY],
            "actor": who,
            "to": [group["id"]],
            "object": group["id"],
            "type": "Follow",
            "id": self.id("activities/follow"),
        }
        self.following.setdefault(group["id"], "requested")
        await self.deliver(who, follow, [group["inbox"]])
        return str(group["id"])

    async def follow_room(self, community: str, handle: str) -> str:
        """A community of ours follows a room elsewhere (lemmy#5354, FEP-d36d)."""
        return await self.join(community, handle)

    async def leave(self, who: str, room: str) -> None:
        follow = {"actor": who, "to": [room], "object": room, "type": "Follow", "id": self.id("activities/follow")}
        undo = {"@context": [AS2, SECURITY], "actor": who, "to": [room], "object": follow, "type": "Undo"}
        self.following.pop(room, None)
        await self.deliver(who, undo | {"id": self.id("activities/undo")}, [self.known[room]["inbox"]])

    async def post(self, who: str, room: str, title: str, text: str) -> str:
        """Create{Page}, to the room's inbox, or announced if the room is our own."""
        page = self._thing(who, room, "Page", "post", text)
        page |= {"name": title, "sensitive": False, "commentsEnabled": True, "attachment": []}
        await self._send(who, room, self._activity(who, room, "Create", page))
        self.posts[page["id"]] = Found(page["id"], who, title, text, None, room, page)
        return str(page["id"])

    async def comment(self, who: str, room: str, parent: str, text: str) -> str:
        """Create{Note}; the author of what is answered is named in `cc` and `tag`."""
        author = (self.posts.get(parent) or self.comments[parent]).author
        note = self._thing(who, room, "Note", "comment", text)
        note |= {"inReplyTo": parent, "distinguished": False}
        note["cc"] = [room, author]
        note["to"] = [PUBLIC]
        note["tag"] = [{"href": author, "type": "Mention", "name": f"@{author.rpartition('/')[2]}@{host(author)}"}]
        create = self._activity(who, room, "Create", note) | {"to": [PUBLIC], "cc": [room, author], "tag": note["tag"]}
        more = [self.known[author]["endpoints"]["sharedInbox"]] if author in self.known else []
        await self._send(who, room, create, *more)
        self.comments[note["id"]] = Found(note["id"], who, None, text, parent, room, note)
        return str(note["id"])

    async def like(self, who: str, room: str, uri: str) -> Json:
        like = {
            "@context": [AS2, SECURITY],
            "actor": who,
            "object": uri,
            "type": "Like",
            "id": self.id("activities/like"),
            "audience": room,
        }
        await self._send(who, room, like)
        return like

    async def unlike(self, like: Json) -> None:
        inner = {name: value for name, value in like.items() if name != "@context"}
        undo = {"@context": [AS2, SECURITY], "actor": like["actor"], "object": inner, "type": "Undo"}
        undo |= {"id": self.id("activities/undo"), "audience": like["audience"]}
        await self._send(like["actor"], like["audience"], undo)

    async def edit(self, uri: str, text: str) -> None:
        found = self.posts[uri]
        page = found.document
        page |= {"content": f"<p>{text}</p>", "updated": now()}
        await self._send(found.author, found.community, self._activity(found.author, found.community, "Update", page))

    async def delete(self, uri: str) -> None:
        found = self.posts.pop(uri, None) or self.comments.pop(uri)
        self.documents[uri.removeprefix(self.origin)] = None
        delete = self._activity(found.author, found.community, "Delete", uri)
        await self._send(found.author, found.community, delete)

    def _thing(self, who: str, room: str, kind: str, folder: str, text: str) -> Json:
        uri = self.id(folder)
        thing: Json = {
            "type": kind,
            "id": uri,
            "attributedTo": who,
            "to": [room, PUBLIC],
            "cc": [],
            "content": f"<p>{text}</p>",
            "mediaType": "text/html",
            "source": {"content": text, "mediaType": "text/markdown"},
            "published": "2026-11-21T08:00:00.123456Z",
            "language": {"identifier": "en", "name": "English"},
            "audience": room,
            "tag": [],
        }
        self.documents[uri.removeprefix(self.origin)] = thing
        thing["@context"] = [AS2, SECURITY]
        return thing

    def _activity(self, who: str, room: str, kind: str, thing: Json | str) -> Json:
        return {
            "@context": [AS2, SECURITY],
            "actor": who,
            "to": [room, PUBLIC],
            "object": thing,
            "cc": [],
            "type": kind,
            "id": self.id(f"activities/{kind.lower()}"),
            "audience": room,
        }

    async def _send(self, who: str, room: str, activity: Json, *more: str) -> None:
        # What is public can be asked for under its id.
        self.documents[activity["id"].removeprefix(self.origin)] = activity
        if room in self.followers:
            await self._pass_on(room, activity)
        else:
            await self.deliver(who, activity, [self.known[room]["endpoints"]["sharedInbox"], *more])

    async def _pass_on(self, room: str, activity: Json) -> None:
        """(a) of fediverse.md 1.2, and for a new post (b) as well."""
        inner = {name: value for name, value in activity.items() if name != "@context"}
        announce = {
            "@context": [AS2, SECURITY],
            "actor": room,
            "to": [PUBLIC],
            "cc": [f"{room}/followers"],
            "type": "Announce",
        }
        inboxes = [follower["endpoints"]["sharedInbox"] for follower in self.followers[room].values()]
        await self.deliver(room, announce | {"object": inner, "id": self.id("activities/announce")}, inboxes)
        if activity["type"] == "Create" and activity["object"].get("type") == "Page":
            bare = announce | {"object": activity["object"], "id": self.id("activities/announce")}
            await self.deliver(room, bare, inboxes)


def _author(thing: Json) -> str:
    author = thing["attributedTo"]
    if not isinstance(author, str):
        raise Offence(f"`attributedTo` of {thing['id']} is not one address")
    return author


def _check_common(thing: Json) -> None:
    uri = thing["id"]
    language = thing.get("language")
    if language is not None and (not isinstance(language, dict) or not set(language) >= _LANGUAGE):
        raise Offence(f"`language` of {uri} is {language!r}")
    if thing.get("mediaType", "text/html") not in {"text/html", "text/markdown"}:
        raise Offence(f"`mediaType` of {uri} is {thing['mediaType']}")
    source = thing.get("source")
    if source is not None and (not isinstance(source, dict) or source.get("mediaType") != "text/markdown"):
        raise Offence(f"`source` of {uri} is {source!r}")
    if thing.get("published") is None:
        raise Offence(f"{uri} has no date")
