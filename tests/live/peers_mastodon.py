"""A strict Mastodon-shaped server, written from mastodon.md: it refuses aloud what Mastodon drops in silence.

Sections named in comments are those of that document.
"""

import html
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from tests.live import rules
from tests.live.peers import AS2, PUBLIC, SECURITY, Json, Offence, Peer, host, now, refuse_context, strings
from tests.live.signing import Key
from tests.live.town import Town

ACTOR_TYPES: Final = ("Application", "Group", "Organization", "Person", "Service")
FETCHED_KEYS: Final = ("outbox", "followers", "following", "featured")
# 2.3, 3.0: what suspended or deleted actors may still say is of no account here.
SELF_LINKS: Final = ("application/activity+json", f'application/ld+json; profile="{AS2}"')
MOST_MEDIA: Final = 4
_ANCHOR: Final = re.compile(r"<a\b([^>]*)>", re.IGNORECASE)
_HREF: Final = re.compile(r'href="([^"]*)"')
_META: Final = re.compile(r'<meta property="og:(\w+)" content="([^"]*)"')


class Medium(NamedTuple):
    kind: str
    url: str
    alt: str


class Status(msgspec.Struct, kw_only=True):
    """A post as Mastodon shows it (3.2, 3.3)."""

    uri: str
    url: str
    author: str
    content: str
    warning: str | None
    sensitive: bool
    language: str | None
    visibility: str
    in_reply_to: str | None
    published: str
    edited: str | None
    media: list[Medium]
    link: str | None
    tags: list[str]
    mentions: list[str]
    context: str | None
    document: Json

    @property
    def unavailable(self) -> list[Medium]:
        """The tiles that say "Not available"."""
        return [medium for medium in self.media if medium.kind == "unknown"]


class Boost(NamedTuple):
    booster: str
    status: str
    uri: str


class Card(NamedTuple):
    """The preview of a link, from its page's OpenGraph tags."""

    url: str
    title: str
    description: str
    site: str


class Mastodon(Peer):
    """`users` are its own accounts by name; `statuses`, `boosts` and the rest are what its people would see."""

    software = "mastodon"

    def __init__(self, town: Town, host: str) -> None:
        super().__init__(town, host)
        self.statuses: dict[str, Status] = {}
        self.boosts: list[Boost] = []
        self.likes: set[tuple[str, str]] = set()
        self.tombstones: set[str] = set()
        self.notices: list[tuple[str, str, str]] = []
        self.dropped: list[tuple[str, Json]] = []
        self.reports: list[Json] = []
        self.pins: list[tuple[str, str]] = []
        self.blocked_by: set[str] = set()
        self.followers: dict[str, dict[str, str]] = {}
        self.following: dict[str, dict[str, str]] = {}
        self.asked: dict[str, Json] = {}
        self.moved: list[tuple[str, str]] = []
        self.gone: set[str] = set()
        self.locked: set[str] = set()
        self._site = self.add_actor("/actor", "Application", host)

    @property
    def asker(self) -> Key:
        return self.keys[self._site]

    def enrol(self, name: str, *, snowflake: str | None = None, **over: Any) -> str:
        """An account; the newer ones have ids that hold no name (4.1)."""
        path = f"/ap/users/{snowflake}" if snowflake else f"/users/{name}"
        uri = self.origin + path
        extra = {
            "followers": f"{uri}/followers",
            "following": f"{uri}/following",
            "featured": f"{uri}/collections/featured",
            "webfinger": f"{name}@{self.host}",
            "summary": f"<p>{name} teaches</p>",
            "url": f"{self.origin}/@{name}",
            "manuallyApprovesFollowers": False,
            "discoverable": True,
            "indexable": True,
            "attachment": [],
            "tag": [],
        }
        self.add_actor(path, "Person", name, **(extra | over))
        self.followers[uri] = {}
        self.following[uri] = {}
        for name_, size in (("followers", 1), ("following", 1), ("outbox", 1)):
            self.documents[f"{path}/{name_}"] = {
                "@context": AS2,
                "id": f"{uri}/{name_}",
                "type": "OrderedCollection",
                "totalItems": size,
                "first": f"{uri}/{name_}?page=1",
            }
        return uri

    # --- 3.0: the pipeline -----------------------------------------------------------------------------------------

    async def receive(self, activity: Json, signer: str, inbox: str) -> None:
        refuse_context(activity)
        if activity["actor"] != signer and "proof" in activity:
            # Passed on as it came (5.2), for those who read proofs; others lose nothing by it.
            self._drop("a proof is nothing to this version", activity)
            return
        if self.holds_to_rules(activity):
            rules.check_activity(activity, signer)
        if activity["actor"] != signer:
            # 2.3 (8): without an LD signature that verifies it would be dropped after the 202.
            raise Offence(f"signed by {signer} in the name of {activity['actor']}")
        kind = activity["type"]
        act = getattr(self, f"_take_{kind.lower()}", None)
        if act is None:
            self._drop(f"Mastodon knows no {kind}", activity)
            return
        await act(activity, signer, inbox)

    def _drop(self, why: str, activity: Json) -> None:
        """Ignored without harm, as a 202 that means nothing."""
        self.dropped.append((why, activity))

    async def check_actor(self, document: Json) -> None:
        """1.3, 1.4 and the round trip of 1.1, and what is asked while a new actor is processed."""
        if self.holds_to_rules(document):
            rules.check_actor(document)
        uri = document["id"]
        if document["type"] not in ACTOR_TYPES:
            raise Offence(f"{uri} is of the type {document['type']}")
        handle = document.get("webfinger") or f"{document['preferredUsername']}@{host(uri)}"
        found = await self.webfinger(handle)
        hrefs = [
            link["href"] for link in found["links"] if link.get("rel") == "self" and link.get("type") in SELF_LINKS
        ]
        if hrefs[:1] != [uri]:
            raise Offence(f"WebFinger of {handle} leads to {hrefs} and not back to {uri}")
        if found["subject"].lower() != f"acct:{handle}".lower():
            raise Offence(f"WebFinger of {handle} is about {found['subject']}")
        for name in FETCHED_KEYS:
            if document.get(name):
                await self.fetch(document[name])

    # --- 3.1: one function for each activity -----------------------------------------------------------------------

    async def _take_create(self, activity: Json, signer: str, inbox: str) -> None:
        note = await self._object(activity, signer)
        if note["id"] in self.tombstones:
            raise Offence(f"{note['id']} was deleted, so it can never be published again")
        if not self._is_relevant(note, signer, inbox):
            self._drop("nobody here has anything to do with it (3.0)", activity)
            return
        if note["id"] not in self.statuses:
            await self._keep(note)

    async def _object(self, activity: Json, signer: str) -> Json:
        note = activity["object"]
        if isinstance(note, str):
            note = await self.fetch(note)
        if host(note["id"]) != host(signer):
            raise Offence(f"{note['id']} is not on the server of {signer}")
        if self.holds_to_rules(note):
            rules.check_object(note)
        if note["attributedTo"] != signer:
            raise Offence(f"{note['id']} is attributed to {note['attributedTo']}, not to {signer}")
        return dict(note)

    def _is_relevant(self, note: Json, author: str, inbox: str) -> bool:
        addressed = {*strings(note.get("to")), *strings(note.get("cc"))}
        is_addressed = any(uri in self.followers for uri in addressed)
        is_followed = any(state == "accepted" for state in self._followers_here(author))
        parent = self.statuses.get(note.get("inReplyTo") or "")
        match self._visibility(note):
            case "public" | "unlisted":
                answers_known = parent is not None and (
                    parent.author in self.followers or any(self._followers_here(parent.author))
                )
                return is_followed or is_addressed or answers_known
            case "private":
                return is_followed or is_addressed
            case _:
                return is_addressed or inbox != "/inbox"

    def _followers_here(self, uri: str) -> list[str]:
        return [state for followed in self.following.values() for whom, state in followed.items() if whom == uri]

    def _visibility(self, note: Json) -> str:
        """3.2. The followers' address counts in `to` only."""
        to, cc = strings(note.get("to")), strings(note.get("cc"))
        if PUBLIC in to:
            return "public"
        if PUBLIC in cc:
            return "unlisted"
        followers = self.known.get(note["attributedTo"], {}).get("followers")
        return "private" if followers in to else "direct"

    async def _keep(self, note: Json) -> Status:
        author = note["attributedTo"]
        await self.actor(author)
        status = self._rendered(note)
        self.statuses[status.uri] = status
        addressed = {*strings(note.get("to")), *strings(note.get("cc"))}
        for uri in status.mentions:
            if uri in self.followers:
                if uri not in addressed:
                    raise Offence(f"{status.uri} mentions {uri} without being addressed to them (trap 17)")
                self.notices.append(("mention", uri, status.uri))
        return status

    def _rendered(self, note: Json) -> Status:
        content_map = note.get("contentMap") or {}
        media = [_medium(item) for item in note["attachment"] if item.get("url")][:MOST_MEDIA]
        return Status(
            uri=note["id"],
            url=note.get("url") or note["id"],
            author=note["attributedTo"],
            content=note.get("content") or next(iter(content_map.values()), ""),
            warning=note.get("summary") or None,
            sensitive=bool(note.get("sensitive")),
            language=next(iter(content_map), None),
            visibility=self._visibility(note),
            in_reply_to=note.get("inReplyTo"),
            published=note["published"],
            edited=note.get("updated"),
            media=media,
            link=None if media else _card_link(note),
            tags=[tag["name"].removeprefix("#").lower() for tag in note["tag"] if tag["type"] == "Hashtag"],
            mentions=[tag["href"] for tag in note["tag"] if tag["type"] == "Mention"],
            context=note.get("context"),
            document=note,
        )

    async def _take_update(self, activity: Json, signer: str, inbox: str) -> None:
        about = activity["object"]
        if isinstance(about, dict) and about.get("type") in ACTOR_TYPES:
            if about["id"] != signer:
                raise Offence("nobody updates another's profile")
            document = {"@context": activity["@context"]} | about
            await self.check_actor(document)
            self.known[signer] = document
            return
        note = await self._object(activity, signer)
        former = self.statuses.get(note["id"])
        if former is None:
            await self._take_create(activity, signer, inbox)
            return
        if note.get("updated") == former.edited and _looks_alike(self._rendered(note), former):
            return  # Such as the late picture of a resource: it is for others, and there is nothing here to show.
        if not note.get("updated") or (former.edited and note["updated"] < former.edited):
            raise Offence(f"an edit of {note['id']} without a newer `updated` is ignored (trap 10)")
        if note["published"] != former.published:
            raise Offence(f"an edit of {note['id']} changes `published`")
        edited = self._rendered(note)
        self.statuses[note["id"]] = msgspec.structs.replace(
            edited, visibility=former.visibility, in_reply_to=former.in_reply_to, url=former.url
        )

    async def _take_delete(self, activity: Json, signer: str, _inbox: str) -> None:
        uri = strings(activity["object"])[0]
        if uri == signer:
            self.gone.add(signer)
            self.statuses = {key: status for key, status in self.statuses.items() if status.author != signer}
            return
        if host(uri) != host(signer):
            raise Offence(f"{signer} deletes {uri} of another server")
        if "summary" in activity:
            raise Offence("an author's own Delete carries a summary, which Lemmy takes for a moderator's")
        self.tombstones.add(uri)
        if self.statuses.get(uri, None) is not None and self.statuses[uri].author == signer:
            del self.statuses[uri]
        self.boosts = [boost for boost in self.boosts if boost.status != uri]

    async def _take_follow(self, activity: Json, signer: str, _inbox: str) -> None:
        whom = activity["object"]
        if whom not in self.followers:
            self._drop("follows nobody here", activity)
            return
        # A repeat updates the id and is answered again (3.1).
        self.asked[signer] = activity
        if whom in self.locked:
            return
        self.followers[whom][signer] = activity["id"]
        await self.answer(whom, activity, "Accept")

    async def answer(self, whom: str, follow: Json, kind: str) -> None:
        """Accept or Reject; the ids collide, as Mastodon's do (4.1)."""
        asker = await self.actor(follow["actor"])
        told = {"@context": AS2, "id": f"{whom}#{kind.lower()}s/follows/", "type": kind, "actor": whom}
        bare = {name: follow[name] for name in ("id", "type", "actor", "object")}
        if kind == "Accept":
            self.followers[whom][follow["actor"]] = follow["id"]
        else:
            self.followers[whom].pop(follow["actor"], None)
        await self.deliver(whom, told | {"object": bare}, [asker["inbox"]])

    def _asked_by_us(self, activity: Json, signer: str) -> tuple[str, str] | None:
        """Who here asked the signer; by the id of the Follow or by the Follow that is embedded."""
        about = activity["object"]
        uri = strings(about)[0]
        follow = self.asked.get(uri)
        if follow is not None and follow["object"] == signer:
            return follow["actor"], signer
        if isinstance(about, dict) and about.get("actor") in self.following and about.get("object") == signer:
            return about["actor"], signer
        return None

    async def _take_accept(self, activity: Json, signer: str, _inbox: str) -> None:
        pair = self._asked_by_us(activity, signer)
        if pair is None:
            raise Offence("an Accept of a Follow that nobody here sent to its sender")
        self.following[pair[0]][signer] = "accepted"

    async def _take_reject(self, activity: Json, signer: str, _inbox: str) -> None:
        pair = self._asked_by_us(activity, signer)
        if pair is None:
            raise Offence("a Reject of a Follow that nobody here sent to its sender")
        self.following[pair[0]].pop(signer, None)

    async def _take_undo(self, activity: Json, signer: str, _inbox: str) -> None:
        undone = activity["object"]
        if not isinstance(undone, dict) or "type" not in undone or "object" not in undone:
            raise Offence("an Undo embeds the whole of what it undoes (trap 25)")
        if undone.get("actor", signer) != signer:
            raise Offence(f"{signer} undoes what {undone['actor']} did")
        about = strings(undone["object"])[0]
        match undone["type"]:
            case "Follow":
                self.followers.get(about, {}).pop(signer, None)
            case "Like":
                self.likes.discard((signer, about))
            case "Announce":
                self.boosts = [boost for boost in self.boosts if (boost.booster, boost.status) != (signer, about)]
            case "Block":
                self.blocked_by.discard(signer)
            case other:
                self._drop(f"Mastodon undoes no {other}", activity)

    async def _take_announce(self, activity: Json, signer: str, _inbox: str) -> None:
        uri = strings(activity["object"])[0]
        if not self._followers_here(signer) and not any(s.author in self.followers for s in self.statuses.values()):
            self._drop("nobody here follows the booster", activity)
            return
        note = self.statuses[uri].document if uri in self.statuses else await self._announced(activity, uri)
        if note is None:
            return
        if self._visibility(note) not in {"public", "unlisted"} and note["attributedTo"] != signer:
            raise Offence(f"{signer} boosts {uri}, which is not public")
        booster = await self.actor(signer)
        if booster["type"] == "Group" and note.get("inReplyTo"):
            raise Offence(f"the room {signer} boosts the reply {note['id']} (5.4, M23)")
        if activity["published"] < note["published"]:
            raise Offence("the boost is older than the post")
        if note["id"] not in self.statuses:
            await self._keep(note)
        if not any((boost.booster, boost.status) == (signer, note["id"]) for boost in self.boosts):
            self.boosts.append(Boost(signer, note["id"], activity["id"]))
            if self.statuses[note["id"]].author in self.followers:
                self.notices.append(("boost", self.statuses[note["id"]].author, note["id"]))

    async def _announced(self, activity: Json, uri: str) -> Json | None:
        """What is behind an address that is boosted: a post, or the Create of one, which is carried out (1.4 of
        fediverse.md); a room's word on anything else is dropped."""
        if isinstance(activity["object"], dict) and activity["object"].get("type") not in {"Create", "Note"}:
            self._drop(f"Announce of {activity['object'].get('type')}", activity)
            return None
        found = await self.fetch(uri)
        if found["type"] == "Create":
            found = found["object"] if isinstance(found["object"], dict) else await self.fetch(found["object"])
        if self.holds_to_rules(found):
            rules.check_object(found)
        await self.actor(found["attributedTo"])
        return found

    async def _take_like(self, activity: Json, signer: str, _inbox: str) -> None:
        status = self.statuses.get(activity["object"])
        if status is None or status.author not in self.followers:
            self._drop("likes nothing of ours", activity)
            return
        self.likes.add((signer, status.uri))
        self.notices.append(("favourite", status.author, status.uri))

    async def _take_block(self, activity: Json, signer: str, _inbox: str) -> None:
        if activity["object"] not in self.followers:
            raise Offence("blocks nobody here")
        self.blocked_by.add(signer)
        self.followers[activity["object"]].pop(signer, None)
        self.following[activity["object"]].pop(signer, None)

    async def _take_flag(self, activity: Json, _signer: str, _inbox: str) -> None:
        if not any(uri in self.followers for uri in strings(activity["object"])):
            raise Offence("a report without an account of ours files nothing (trap 35)")
        self.reports.append(activity)

    async def _take_move(self, activity: Json, signer: str, _inbox: str) -> None:
        if activity["object"] != signer:
            raise Offence("nobody moves another's account")
        target = await self.actor(activity["target"], fresh=True)
        if signer not in strings(target.get("alsoKnownAs")):
            raise Offence(f"{target['id']} does not name {signer} in alsoKnownAs")
        self.moved.append((signer, target["id"]))

    async def _take_add(self, activity: Json, signer: str, _inbox: str) -> None:
        if activity.get("target") != self.known[signer].get("featured"):
            self._drop("adds to no list that Mastodon knows", activity)
            return
        self.pins.append((signer, strings(activity["object"])[0]))

    async def _take_remove(self, activity: Json, signer: str, _inbox: str) -> None:
        pair = (signer, strings(activity["object"])[0])
        self.pins = [pin for pin in self.pins if pin != pair]

    # --- 3.3: what a reader sees beside the text -------------------------------------------------------------------

    async def card(self, status: Status) -> Card:
        """The preview card of a status, which has a link and no media; its page is asked as a browser would."""
        assert status.link is not None, f"{status.uri} has no card"
        async with self.session.get(status.link, headers={"Accept": "text/html"}) as answer:
            page = await answer.text()
            assert answer.status == 200, f"{status.link} answers {answer.status}"
            assert answer.headers["Content-Type"].startswith("text/html")
        found = {name: html.unescape(content) for name, content in _META.findall(page)}
        return Card(status.link, found.get("title", ""), found.get("description", ""), found.get("site_name", ""))

    def boosts_by(self, booster: str) -> list[str]:
        return [boost.status for boost in self.boosts if boost.booster == booster]

    def home(self, who: str) -> list[str]:
        """The posts in somebody's home timeline, each once, however often it was boosted."""
        followed = {uri for uri, state in self.following[who].items() if state == "accepted"}
        own = [status.uri for status in self.statuses.values() if status.author in followed and not status.in_reply_to]
        return list(dict.fromkeys([*own, *(boost.status for boost in self.boosts if boost.booster in followed)]))

    # --- 4: what its people do -------------------------------------------------------------------------------------

    async def look_up(self, handle: str) -> Json:
        """Search for an account by its handle, as the search box does."""
        found = await self.webfinger(handle)
        href = next(link["href"] for link in found["links"] if link.get("rel") == "self")
        return await self.actor(href)

    async def follow(self, who: str, handle: str) -> str:
        whom = await self.look_up(handle)
        activity = {"@context": AS2, "id": self.id("follows"), "type": "Follow", "actor": who, "object": whom["id"]}
        self.asked[activity["id"]] = activity
        self.following[who].setdefault(whom["id"], "requested")
        await self.deliver(who, activity, [whom["inbox"]])
        return str(whom["id"])

    async def unfollow(self, who: str, whom: str) -> None:
        follow = next(a for a in self.asked.values() if a["actor"] == who and a["object"] == whom)
        self.following[who].pop(whom, None)
        inner = {name: follow[name] for name in ("id", "type", "actor", "object")}
        undo = {
            "@context": AS2,
            "id": f"{who}#follows/{host(whom)}/undo",
            "type": "Undo",
            "actor": who,
            "object": inner,
        }
        await self.deliver(who, undo, [self.known[whom]["inbox"]])

    async def post(
        self,
        who: str,
        text: str,
        *,
        mentions: Iterable[str] = (),
        answering: str | None = None,
        visibility: str = "public",
        warning: str | None = None,
        attachment: Iterable[Json] = (),
        tags: Iterable[str] = (),
    ) -> str:
        """Write a post or an answer in Mastodon's exact shape (4.3); its address."""
        parent = self.statuses[answering] if answering else None
        named = list(dict.fromkeys([*([parent.author] if parent else []), *mentions]))
        named = [uri for uri in named if uri != who]
        # Mentioning a group adds its followers' address beside it (4.3).
        groups = [self.known[uri]["followers"] for uri in named if self.known.get(uri, {}).get("type") == "Group"]
        followers = f"{who}/followers"
        to, cc = {
            "public": ([PUBLIC], [followers, *named, *groups]),
            "unlisted": ([followers], [PUBLIC, *named, *groups]),
            "private": ([followers], named),
            "direct": (named, []),
        }[visibility]
        uri = self.id(f"{who.removeprefix(self.origin + '/')}/statuses")
        note: Json = {
            "id": uri,
            "type": "Note",
            "summary": warning,
            "inReplyTo": answering,
            "published": now(),
            "url": f"{self.documents_of(who)['url']}/{uri.rpartition('/')[2]}",
            "attributedTo": who,
            "to": to,
            "cc": cc,
            "sensitive": bool(warning),
            "atomUri": uri,
            "inReplyToAtomUri": answering,
            "conversation": f"tag:{self.host},2026-11-21:objectId=1:objectType=Conversation",
            "content": f"<p>{''.join(self._named(uri) for uri in named)}{text}</p>",
            "contentMap": {"en": f"<p>{''.join(self._named(uri) for uri in named)}{text}</p>"},
            "attachment": list(attachment),
            "tag": [
                *({"type": "Mention", "href": uri, "name": f"@{self._handle(uri)}"} for uri in named),
                *({"type": "Hashtag", "href": f"{self.origin}/tags/{tag}", "name": f"#{tag}"} for tag in tags),
            ],
            "replies": {"id": f"{uri}/replies", "type": "Collection", "first": {"type": "CollectionPage", "items": []}},
            "likes": {"id": f"{uri}/likes", "type": "Collection", "totalItems": 0},
            "shares": {"id": f"{uri}/shares", "type": "Collection", "totalItems": 0},
            "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}},
        }
        self._publish(uri, note, visibility)
        self.statuses[uri] = self._rendered(note)
        await self._send_about(who, self._create(note), note)
        return uri

    def documents_of(self, who: str) -> Json:
        found = self.documents[who.removeprefix(self.origin)]
        assert found is not None, f"{who} was deleted"
        return found

    def _publish(self, uri: str, note: Json, visibility: str) -> None:
        """Public posts can be fetched, and so can their Create."""
        if visibility in {"public", "unlisted"}:
            path = uri.removeprefix(self.origin)
            self.documents[path] = {"@context": _context()} | note
            self.documents[f"{path}/activity"] = self._create(note)

    def _create(self, note: Json) -> Json:
        activity = {
            "@context": _context(),
            "id": f"{note['id']}/activity",
            "type": "Create",
            "actor": note["attributedTo"],
            "published": note["published"],
            "to": note["to"],
            "cc": note["cc"],
            "object": note,
        }
        return self._ld_signed(activity)

    def _ld_signed(self, activity: Json) -> Json:
        """The LD signature that Mastodon puts on what is public (4.4); nobody here can check it, so it is any."""
        actor = activity["actor"]
        signature = {
            "type": "RsaSignature2017",
            "creator": f"{actor}#main-key",
            "created": now(),
            "signatureValue": self.keys[actor].sign(activity["id"]),
        }
        return activity | {"signature": signature}

    def _handle(self, uri: str) -> str:
        known = self.known.get(uri) or self.documents_of(uri)
        return f"{known['preferredUsername']}@{host(uri)}"

    def _named(self, uri: str) -> str:
        known = self.known.get(uri) or self.documents_of(uri)
        return (
            f'<span class="h-card" translate="no"><a href="{known["url"]}" class="u-url mention">'
            f"@<span>{known['preferredUsername']}</span></a></span> "
        )

    async def _send_about(self, who: str, activity: Json, note: Json) -> None:
        """To followers' shared inboxes, and to everybody named (4.2, the reach of a status)."""
        addressed = {*strings(note["to"]), *strings(note["cc"])}
        people = [uri for uri in addressed if uri in self.known]
        if f"{who}/followers" in addressed:
            people += list(self.followers[who])
        parent = self.statuses.get(note["inReplyTo"] or "")
        if parent is not None and parent.author in self.known:
            people.append(parent.author)
        inboxes = [self.known[uri]["endpoints"]["sharedInbox"] for uri in people if uri in self.known]
        await self.deliver(who, activity, inboxes)

    async def edit(self, uri: str, text: str) -> None:
        note = dict(self.statuses[uri].document)
        note |= {"content": f"<p>{text}</p>", "contentMap": {"en": f"<p>{text}</p>"}, "updated": _later(note)}
        who = note["attributedTo"]
        self._publish(uri, note, self.statuses[uri].visibility)
        self.statuses[uri] = self._rendered(note)
        activity = {
            "@context": _context(),
            "id": f"{who}#updates/{note['updated']}",
            "type": "Update",
            "actor": who,
            "published": note["updated"],
            "to": note["to"],
            "cc": note["cc"],
            "object": note,
        }
        await self._send_about(who, self._ld_signed(activity), note)

    async def delete(self, uri: str) -> None:
        note = self.statuses.pop(uri).document
        who = note["attributedTo"]
        self.documents[uri.removeprefix(self.origin)] = None
        activity = {
            "@context": _context(),
            "id": f"{uri}#delete",
            "type": "Delete",
            "actor": who,
            "to": [PUBLIC],
            "object": {"id": uri, "type": "Tombstone", "atomUri": uri},
        }
        await self._send_about(who, self._ld_signed(activity), note)

    async def like(self, who: str, uri: str) -> Json:
        """To the author's own inbox, addressed to nobody (4.2)."""
        author = await self.actor(self.statuses[uri].author)
        like = {"@context": AS2, "id": f"{who}#likes/{len(self.seen)}", "type": "Like", "actor": who, "object": uri}
        await self.deliver(who, like, [author["inbox"]])
        return like

    async def unlike(self, like: Json) -> None:
        author = await self.actor(self.statuses[like["object"]].author)
        await self.deliver(like["actor"], _undo(like), [author["inbox"]])

    async def boost(self, who: str, uri: str) -> Json:
        author = await self.actor(self.statuses[uri].author)
        boost = {
            "@context": AS2,
            "id": f"{self.id(who.removeprefix(self.origin + '/') + '/statuses')}/activity",
            "type": "Announce",
            "actor": who,
            "published": now(),
            "to": [PUBLIC],
            "cc": [author["id"], f"{who}/followers"],
            "object": uri,
        }
        await self.deliver(who, boost, self._reach(who, author))
        return boost

    async def unboost(self, boost: Json) -> None:
        author = await self.actor(self.statuses[boost["object"]].author)
        undo = _undo(boost) | {"to": [PUBLIC]}
        await self.deliver(boost["actor"], undo, self._reach(boost["actor"], author))

    def _reach(self, who: str, *more: Json) -> list[str]:
        people = [*more, *(self.known[uri] for uri in self.followers[who] if uri in self.known)]
        return [person["endpoints"]["sharedInbox"] for person in people]

    async def block(self, who: str, whom: str) -> Json:
        blocked = await self.actor(whom)
        self.followers[who].pop(whom, None)
        block = {"@context": AS2, "id": self.id("blocks"), "type": "Block", "actor": who, "object": whom}
        await self.deliver(who, block, [blocked["inbox"]])
        return block

    async def unblock(self, block: Json) -> None:
        await self.deliver(block["actor"], _undo(block), [self.known[block["object"]]["inbox"]])

    async def flag(self, whom: str, statuses: Iterable[str], comment: str) -> None:
        """In the name of the server; who reported stays there."""
        reported = await self.actor(whom)
        flag = {
            "@context": AS2,
            "id": self.id("reports"),
            "type": "Flag",
            "actor": self._site,
            "content": comment,
            "object": [whom, *statuses],
        }
        await self.deliver(self._site, flag, [reported["inbox"]])

    async def move(self, who: str, target: str) -> None:
        """Whoever owns both says so on both sides beforehand."""
        self.documents_of(who)["movedTo"] = target
        move = {
            "@context": AS2,
            "id": f"{who}#moves/1",
            "type": "Move",
            "actor": who,
            "object": who,
            "target": target,
        }
        await self.deliver(who, move, self._reach(who))

    async def update_profile(self, who: str, **changed: Any) -> None:
        document = self.documents_of(who)
        document |= changed
        activity = {
            "@context": [AS2, SECURITY],
            "id": f"{who}#updates/{now()}",
            "type": "Update",
            "actor": who,
            "to": [PUBLIC],
            "object": {name: value for name, value in document.items() if name != "@context"},
        }
        await self.deliver(who, self._ld_signed(activity), self._reach(who))

    async def delete_account(self, who: str) -> None:
        inboxes = self._reach(who) or [person["endpoints"]["sharedInbox"] for person in self.known.values()]
        self.documents[who.removeprefix(self.origin)] = None
        activity = {
            "@context": AS2,
            "id": f"{who}#delete",
            "type": "Delete",
            "actor": who,
            "to": [PUBLIC],
            "object": who,
        }
        await self.deliver(who, self._ld_signed(activity), inboxes)

    async def pin(self, who: str, uri: str) -> None:
        """Add has no id at all (4.1)."""
        add = {
            "@context": AS2,
            "type": "Add",
            "actor": who,
            "target": f"{who}/collections/featured",
            "object": uri,
        }
        await self.deliver(who, add, self._reach(who))


def _medium(item: Json) -> Medium:
    """3.3: what is no picture, film or sound becomes a tile that says "Not available"."""
    kind = str(item.get("mediaType", "")).partition("/")[0]
    return Medium(kind if kind in {"image", "video", "audio"} else "unknown", item["url"], item.get("name") or "")


def _card_link(note: Json) -> str | None:
    """3.3: what 4.7 takes is the first attachment with an href; before, the first plain link in the text."""
    hrefs = [item["href"] for item in note["attachment"] if item.get("href")]
    plain = [
        html.unescape(found[1])
        for attributes in _ANCHOR.findall(note.get("content") or "")
        if not re.search(r'rel="[^"]*\btag\b|class="[^"]*\b(u-url|h-card|mention)\b', attributes)
        and (found := _HREF.search(attributes))
    ]
    if hrefs and plain and hrefs[0] != plain[0]:
        raise Offence(f"4.6 makes a card of {plain[0]} and 4.7 of {hrefs[0]}")
    return (hrefs or plain or [None])[0]


def _looks_alike(new: Status, former: Status) -> bool:
    """Whether ignoring the new one loses nothing that is shown here."""
    kept = {name: getattr(former, name) for name in ("document", "visibility", "in_reply_to", "url")}
    return msgspec.structs.replace(new, **kept) == former


def _context() -> list[Any]:
    terms = {"ostatus": "http://ostatus.org#", "atomUri": "ostatus:atomUri", "sensitive": "as:sensitive"}
    return [AS2, SECURITY, terms | {"toot": "http://joinmastodon.org/ns#", "Hashtag": "as:Hashtag"}]


def _undo(activity: Json) -> Json:
    inner = {name: value for name, value in activity.items() if name not in {"@context", "signature"}}
    undo_id = activity["id"] if "#" in activity["id"] else f"{activity['actor']}#{activity['type'].lower()}s/1"
    return {"@context": AS2, "id": f"{undo_id}/undo", "type": "Undo", "actor": activity["actor"], "object": inner}


def _later(note: Json) -> str:
    """A moment after the last one, to the second."""
    last = datetime.fromisoformat(note.get("updated") or note["published"])
    return max(now(), (last + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
