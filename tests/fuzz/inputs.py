"""One input of the inbox, made from a seed and a number: the same two give the same request again.

Most are activities of somebody known, changed in a few places and then signed as they should be, so
that they come behind the signature. Some are bytes that only look like a request.
"""

import base64
import copy
import json
import random
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from tests.attack import shots
from tests.attack.shots import Shot
from tests.attack.world import Villain
from tests.live.peers import AS2, PUBLIC
from tests.mutations import mutated, mutated_bytes, written
from tests.properties import pool

Json: TypeAlias = Any

US: Final = "https://us.test"
SENDERS: Final = ("vera", "fay", "mallory", "mole")
TARGETS: Final = ("/inbox", "/inbox", "/users/anna/inbox", "/groups/maths/inbox", "/actor/inbox", "/users/nobody/inbox")
ACTIVITY_JSON: Final = "application/activity+json"
# Of a hundred inputs: changed after signing, not signed, with another type, in other bytes; the rest is signed well.
SPOILT, BARE, ODD_TYPE, ODD_BYTES = 8, 12, 16, 28


class Input(NamedTuple):
    """`target` and `body` are what is asked; `how` it is signed; `spoil` is the seed of a change to all its bytes."""

    number: int
    sender: str
    target: str
    body: bytes
    how: str
    content_type: str
    spoil: int | None

    def wire(self, senders: Mapping[str, Villain], *, at: datetime) -> bytes:
        """The request as it goes over the wire, signed at this moment."""
        key = senders[self.sender].key
        headers: dict[str, str | None] = {"Content-Type": self.content_type}
        match self.how:
            case "cavage":
                shot = shots.cavage(key, at=at, target=self.target, body=self.body, headers=headers)
            case "rfc9421":
                shot = shots.rfc9421(key, None, at=at, target=self.target, headers=headers, body=self.body)
            case _:
                sent = (("Host", "us.test"), ("Content-Type", self.content_type))
                shot = Shot(self.target, sent, self.body)
        return shot.wire() if self.spoil is None else mutated_bytes(shot.wire(), seed=self.spoil)


def make(seed: int, number: int) -> Input:
    """The input of this number in the run that this seed gives."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 -- it has to come out the same again
    sender, kind = chance.choice(SENDERS), chance.randrange(100)
    body = written(_said(mutated(seeds(), seed=chance.getrandbits(48)), sender, number=number, chance=chance))
    return Input(
        number=number,
        sender=sender,
        target=chance.choice(TARGETS),
        body=mutated_bytes(body, seed=chance.getrandbits(48)) if ODD_TYPE <= kind < ODD_BYTES else body,
        how="bare" if SPOILT <= kind < BARE else chance.choice(("cavage", "cavage", "rfc9421")),
        content_type=chance.choice(ODD_TYPES) if BARE <= kind < ODD_TYPE else ACTIVITY_JSON,
        spoil=chance.getrandbits(48) if kind < SPOILT else None,
    )


ODD_TYPES: Final = ("application/json", "text/html", "", f'application/ld+json; profile="{AS2}"', "application/ld+json")


def _said(document: Json, sender: str, *, number: int, chance: random.Random) -> Json:
    """Mostly in the sender's own name and under a new id, or nearly nothing would come behind the signature."""
    if not isinstance(document, dict) or not chance.randrange(12):
        return document
    home = f"https://{'good' if sender == 'vera' else 'evil'}.test"
    uri = f"{home}/users/{sender}"
    document |= {"@context": AS2, "actor": uri}
    if chance.randrange(6):
        document["id"] = f"{home}/fuzz/{number}"
    inner = document.get("object")
    # Whoever says farewell is heard no more, so only one of them ever does.
    if sender != "mole" and (inner.get("id") if isinstance(inner, dict) else inner) == uri:
        document["object"] = f"{home}/fuzz/1/thing"
    if isinstance(inner, dict) and chance.randrange(4):
        if "attributedTo" in inner:
            inner["attributedTo"] = uri
        inner["id"] = f"{home}/fuzz/{chance.randrange(50)}/thing"
    return document


@cache
def seeds() -> tuple[dict[str, Json], ...]:
    """Activities of every kind that the inbox acts on, about people and things that are there; and the corpus."""
    people = {"anna": f"{US}/users/anna", "room": f"{US}/groups/maths", "vera": "https://good.test/users/vera"}
    note = {
        "id": "https://good.test/fuzz/1/thing",
        "type": "Note",
        "attributedTo": people["vera"],
        "to": [PUBLIC],
        "cc": [f"{people['vera']}/followers", people["anna"]],
        "content": "<p>Hello <a href='https://good.test/'>you</a></p>",
        "contentMap": {"en": "<p>Hello</p>"},
        "published": "2026-09-07T08:30:00Z",
        "updated": "2026-09-08T08:30:00Z",
        "inReplyTo": f"{US}/posts/1",
        "tag": [
            {"type": "Mention", "href": people["anna"], "name": "@anna@us.test"},
            {"type": "Hashtag", "name": "#fractions", "href": "https://good.test/tags/fractions"},
        ],
        "attachment": [
            {"type": "Document", "mediaType": "image/png", "url": "https://good.test/1.png", "name": "A wall"}
        ],
        "replies": {"id": "https://good.test/fuzz/1/replies", "type": "Collection", "first": {"items": []}},
    }
    root = {name: value for name, value in note.items() if name != "inReplyTo"}
    poll = root | {"type": "Question", "oneOf": [{"type": "Note", "name": "Yes", "replies": {"totalItems": 3}}]}
    event = root | {
        "type": "Event",
        "name": "TeachMeet",
        "startTime": "2027-01-20T17:30:00Z",
        "location": {"name": "Hall"},
    }
    actor = {"id": people["vera"], "type": "Person", "preferredUsername": "vera", "inbox": f"{people['vera']}/inbox"}
    follow = {"id": "https://good.test/fuzz/f", "type": "Follow", "actor": people["vera"], "object": people["anna"]}
    like = {"id": "https://good.test/fuzz/l", "type": "Like", "actor": people["vera"], "object": f"{US}/posts/1"}
    create = {
        "id": "https://good.test/fuzz/c",
        "type": "Create",
        "actor": people["vera"],
        "object": root,
        "to": [PUBLIC],
    }
    things: list[tuple[str, Json]] = [
        *(("Create", thing) for thing in (note, root, poll, event, root["id"])),
        *(("Update", thing) for thing in (note, root | {"content": "<p>Other</p>"}, actor, poll)),
        *(("Delete", thing) for thing in (root["id"], {"type": "Tombstone", "id": root["id"]}, people["vera"])),
        *((kind, people["anna"]) for kind in ("Follow", "Join", "Leave", "Block")),
        *((kind, people["room"]) for kind in ("Follow", "Join", "Leave")),
        *((kind, f"{US}/posts/1") for kind in ("Like", "EmojiReact", "Dislike", "Announce", "Add", "Remove", "Lock")),
        *(("Undo", thing) for thing in (follow, like, follow["id"], {"type": "Announce", "object": root["id"]})),
        *((kind, follow | {"actor": people["anna"], "object": people["vera"]}) for kind in ("Accept", "Reject")),
        *(("Announce", thing) for thing in (create, root["id"], like, root)),
        ("Flag", [people["anna"], f"{US}/posts/1"]),
        ("Move", people["vera"]),
        ("QuoteRequest", f"{US}/posts/1"),
    ]
    frame = {"to": [PUBLIC], "cc": [people["anna"]], "published": "2026-09-07T08:30:00Z", "target": people["room"]}
    ours = tuple({"type": kind, "object": copy.deepcopy(thing), **frame} for kind, thing in things)
    # Ours come up as often as all the corpus does.
    return (*ours * 8, *pool.activities())


def save(folder: Path, inputs: list[Input], *, seed: int, why: str) -> Path:
    """Write down what was sent when something went wrong, to be sent again."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{seed}-{inputs[0].number}.json"
    rows = [one._asdict() | {"body": base64.b64encode(one.body).decode()} for one in inputs]
    file.write_text(json.dumps({"seed": seed, "why": why, "inputs": rows}, indent=1))
    return file


def load(file: Path) -> list[Input]:
    rows = json.loads(file.read_text())["inputs"]
    return [Input(**row | {"body": base64.b64decode(row["body"])}) for row in rows]
