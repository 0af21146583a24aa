"""A server of any kind that takes everything and writes down what came: for what rooms tell to which kind of server."""

from typing import Any

from tests.live.peers import AS2, PUBLIC, Json, Peer
from tests.live.signing import Key
from tests.live.town import Town


class Plain(Peer):
    """Its software decides how it is spoken to. One person lives there, and one group."""

    def __init__(self, town: Town, name: str, *, software: str, version: str) -> None:
        super().__init__(town, name)
        self.software, self.version = software, version
        label = name.partition(".")[0]
        self._site = self.add_actor("/actor", "Application", name)
        self.person = self.add_actor(f"/users/{label}", "Person", label)
        self.group = self.add_actor(
            "/groups/staff",
            "Group",
            "staff",
            followers=f"{self.origin}/groups/staff/followers",
            featured=f"{self.origin}/groups/staff/featured",
            attributedTo=f"{self.origin}/groups/staff/moderators",
        )
        self.accepted = 0
        self._read = 0

    @property
    def asker(self) -> Key:
        return self.keys[self._site]

    async def check_actor(self, document: Json) -> None:
        pass

    async def receive(self, activity: Json, signer: str, inbox: str) -> None:
        if activity["type"] == "Accept":
            self.accepted += 1
        if activity["type"] == "Follow" and activity["object"] == self.group:
            follower = await self.actor(signer)
            accept = {"@context": AS2, "id": self.id("accepts"), "type": "Accept", "actor": self.group}
            await self.deliver(self.group, accept | {"object": activity}, [follower["inbox"]])

    def heard(self) -> list[str]:
        """What came since somebody last asked, shortly: `Announce Create`, or `Announce .` for that of an address."""
        fresh, self._read = self.seen[self._read :], len(self.seen)
        return sorted(_named(seen.activity) for seen in fresh)

    async def join(self, room: Json) -> None:
        follow = self.says("Follow", self.person, room["id"], to=[room["id"]])
        await self.deliver(self.person, follow, [room["inbox"]])

    def says(self, kind: str, actor: str, about: Any, **over: Any) -> Json:
        """An activity of one of its people, which can be asked for under its id."""
        uri = self.id(kind.lower())
        said = {"@context": AS2, "id": uri, "type": kind, "actor": actor, "object": about, "to": [PUBLIC], "cc": []}
        self.documents[uri.removeprefix(self.origin)] = said | over
        return said | over

    def note(self, author: str, text: str, **over: Any) -> Json:
        uri = self.id("notes")
        note = {"@context": AS2, "id": uri, "type": "Note", "attributedTo": author, "content": f"<p>{text}</p>"}
        note |= {"published": "2026-11-20T08:00:00Z", "to": [PUBLIC], "cc": []} | over
        self.documents[uri.removeprefix(self.origin)] = note
        return note


def _named(activity: Json) -> str:
    inner = activity["object"]
    if activity["type"] not in {"Announce", "Undo"}:
        return str(activity["type"])
    return f"{activity['type']} {_named(inner) if isinstance(inner, dict) and 'object' in inner else '.'}"
