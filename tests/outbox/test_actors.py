"""Actors as other servers see them, whole and to the letter."""

from typing import Any

from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.kinds import Kind
from fedishare.outbox import objects
from fedishare.queries import parties
from tests.builders import Made, a_person, a_room, an_ed25519_pair, an_rsa_pair

RFC9421 = {"href": "https://datatracker.ietf.org/doc/html/rfc9421", "name": "RFC-9421: HTTP Message Signatures"}
TERMS = {
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "toot": "http://joinmastodon.org/ns#",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "schema": "http://schema.org/",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "lemmy": "https://join-lemmy.org/ns#",
    "suspended": "toot:suspended",
    "moderators": {"@id": "lemmy:moderators", "@type": "@id"},
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
    "sec": "https://w3id.org/security#",
    "Multikey": "sec:Multikey",
    "assertionMethod": {"@id": "sec:assertionMethod", "@type": "@id", "@container": "@set"},
    "controller": {"@id": "sec:controller", "@type": "@id"},
    "publicKeyMultibase": {"@id": "sec:publicKeyMultibase", "@type": "sec:multibase"},
    "implements": {"@id": "https://w3id.org/fep/844e#implements", "@container": "@list"},
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
}


async def shaped(db: Database, here: Here, who: Made) -> dict[str, Any]:
    return objects.actor(await db.read(parties.actor_facts, who.id), at=here.uris)


def frame(who: Made, username: str, **over: Any) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1", TERMS],
        "id": who.uri,
        "type": "Person",
        "preferredUsername": username,
        "webfinger": f"{username}@alder.test",
        "name": "Anna Ash",
        "summary": "<p>Maths</p>",
        "url": f"https://alder.test/@{username}",
        "published": "2026-09-07T08:30:00Z",
        "inbox": f"{who.uri}/inbox",
        "outbox": f"{who.uri}/outbox",
        "followers": f"{who.uri}/followers",
        "following": f"{who.uri}/following",
        "featured": f"{who.uri}/featured",
        "endpoints": {"sharedInbox": "https://alder.test/inbox"},
        "manuallyApprovesFollowers": False,
        "discoverable": False,
        "indexable": False,
        "attachment": [],
        "tag": [],
        "generator": {"type": "Application", "id": "https://alder.test/actor", "implements": [RFC9421]},
        "publicKey": {"id": f"{who.uri}#main-key", "owner": who.uri, "publicKeyPem": an_rsa_pair().public},
        "assertionMethod": [
            {
                "id": f"{who.uri}#ed25519-key",
                "type": "Multikey",
                "controller": who.uri,
                "publicKeyMultibase": an_ed25519_pair().public,
            }
        ],
    } | over


async def test_a_person(db: Database, here: Here) -> None:
    anna = await a_person(
        db,
        here,
        username="anna",
        name="Anna Ash",
        summary="<p>Maths</p>",
        icon_url="https://alder.test/media/a.png",
        image_url="https://alder.test/media/b",
        fields=[{"name": "School", "value": "<a>Cornerstone</a>"}],
        also_known_as=["https://old.test/users/anna"],
        discoverable=True,
        locked=True,
    )

    assert await shaped(db, here, anna) == frame(
        anna,
        "anna",
        discoverable=True,
        manuallyApprovesFollowers=True,
        attachment=[{"type": "PropertyValue", "name": "School", "value": "<a>Cornerstone</a>"}],
        icon={"type": "Image", "url": "https://alder.test/media/a.png", "mediaType": "image/png"},
        image={"type": "Image", "url": "https://alder.test/media/b"},
        alsoKnownAs=["https://old.test/users/anna"],
    )


async def test_a_staffroom(db: Database, here: Here) -> None:
    room = await a_room(db, here, username="slt", name="Anna Ash", summary="<p>Maths</p>")

    assert await shaped(db, here, room) == frame(
        room,
        "slt",
        type="Group",
        attributedTo=f"{room.uri}/moderators",
        moderators=f"{room.uri}/moderators",
        postingRestrictedToMods=False,
    )


async def test_the_node_itself_says_what_it_can_do(db: Database, here: Here) -> None:
    node = await a_person(
        db, here, kind=Kind.NODE, uri=here.uris.node, username="alder.test", name="Anna Ash", summary="<p>Maths</p>"
    )

    assert await shaped(db, here, node) == frame(node, "alder.test", type="Application", implements=[RFC9421])


async def test_somebody_who_moved_says_where_to(db: Database, here: Here) -> None:
    anna = await a_person(db, here, moved_to="https://new.test/users/anna")

    document = await shaped(db, here, anna)

    assert document["movedTo"] == "https://new.test/users/anna"
