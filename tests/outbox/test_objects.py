"""Posts as other servers see them, whole and to the letter."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, update

from fedishare.core.here import Here
from fedishare.core.json import Json
from fedishare.db.engine import Database
from fedishare.db.posts import Attachment, Mention, Post, PostTag
from fedishare.db.resources import Resource, ResourceFile
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.domain.kinds import AttachmentKind
from fedishare.net import keys, proofs
from fedishare.outbox import objects
from fedishare.queries import outgoing
from tests.builders import WORKSHEET, FrozenClock, Made, a_person, a_post, a_room, add, add_terms, an_ed25519_pair

AS2 = "https://www.w3.org/ns/activitystreams"
LATER = datetime(2026, 9, 8, 15, 45, 30, 123456, tzinfo=UTC)
NOTE_TERMS = {
    "Hashtag": "as:Hashtag",
    "sensitive": "as:sensitive",
    "toot": "http://joinmastodon.org/ns#",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
    "schema": "http://schema.org/",
    "language": "schema:inLanguage",
    "licence": "schema:license",
    "identifier": "schema:identifier",
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
}


async def shaped(db: Database, here: Here, post: Made) -> dict[str, Json]:
    return objects.document(await db.read(outgoing.post_facts, post.id), at=here.uris)


async def a_note(db: Database, here: Here, *, by: Made, **over: Any) -> Made:
    return await a_post(db, here, by=by, **({"content": "<p>Hello</p>", "source": "Hello"} | over))


def frame(post: Made, author: Made, **over: Any) -> dict[str, Any]:
    """What every note has, for a public post without anything special."""
    return {
        "@context": [AS2, NOTE_TERMS],
        "id": post.uri,
        "type": "Note",
        "attributedTo": author.uri,
        "url": post.uri,
        "published": "2026-09-07T08:30:00Z",
        "to": [PUBLIC_IRI],
        "cc": [f"{author.uri}/followers"],
        "sensitive": False,
        "content": "<p>Hello</p>",
        "mediaType": "text/html",
        "contentMap": {"en": "<p>Hello</p>"},
        "language": {"identifier": "en", "name": "English"},
        "source": {"content": "Hello", "mediaType": "text/markdown"},
        "tag": [],
        "attachment": [],
        "replies": {
            "id": f"{post.uri}/replies",
            "type": "Collection",
            "first": {"type": "CollectionPage", "partOf": f"{post.uri}/replies", "items": []},
        },
        "likes": {"id": f"{post.uri}/likes", "type": "Collection", "totalItems": 0},
        "shares": {"id": f"{post.uri}/shares", "type": "Collection", "totalItems": 0},
        "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC_IRI], "manualApproval": []}},
        "context": f"https://alder.test/threads/{post.id}",
    } | over


async def test_a_public_note_says_all_that_other_servers_ask_for(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    post = await a_note(
        db, here, by=anna, title="Fractions", warning="Maths", sensitive=True, likes_count=3, boosts_count=1
    )
    await db.write(add, PostTag, name="year4", post_id=post.id, label="Year4")

    assert await shaped(db, here, post) == frame(
        post,
        anna,
        name="Fractions",
        content="<p><strong>Fractions</strong></p><p>Hello</p>",
        contentMap={"en": "<p><strong>Fractions</strong></p><p>Hello</p>"},
        summary="Maths",
        sensitive=True,
        tag=[{"type": "Hashtag", "name": "#Year4", "href": "https://alder.test/tags/year4"}],
        likes={"id": f"{post.uri}/likes", "type": "Collection", "totalItems": 3},
        shares={"id": f"{post.uri}/shares", "type": "Collection", "totalItems": 1},
    )


async def test_an_answer_in_a_room_names_whom_it_answers_the_room_and_the_thread(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    ben = await a_person(db, here, local=False, username="ben", domain="birch.test")
    room = await a_room(db, here, local=False, username="slt", domain="hants.test")
    root = await a_post(db, here, by=ben, context_uri="https://birch.test/contexts/7")
    cc = [f"{anna.uri}/followers", ben.uri, room.uri]
    post = await a_note(
        db,
        here,
        by=anna,
        title="never shown",
        in_reply_to_uri=root.uri,
        in_reply_to_id=root.id,
        thread_id=root.id,
        room_id=room.id,
        addressed_cc=cc,
    )
    await db.write(add, Mention, post_id=post.id, actor_id=ben.id, silent=True)

    assert await shaped(db, here, post) == frame(
        post,
        anna,
        cc=cc,
        audience=room.uri,
        inReplyTo=root.uri,
        context="https://birch.test/contexts/7",
        tag=[
            {"type": "Mention", "name": "@ben@birch.test", "href": ben.uri},
            {"type": "Mention", "name": "@slt@hants.test", "href": room.uri},
        ],
    )


async def test_a_post_for_followers_is_addressed_to_them_alone_and_never_proven(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    addressed = {"addressed_to": [f"{anna.uri}/followers"], "addressed_cc": []}
    post = await a_note(db, here, by=anna, visibility=Visibility.FOLLOWERS, edited_at=LATER, **addressed)
    facts = await db.read(outgoing.post_facts, post.id)

    document = objects.proven(facts, at=here.uris)

    own = {"interactionPolicy": {"canQuote": {"automaticApproval": [anna.uri], "manualApproval": []}}}
    assert document == frame(post, anna, to=[f"{anna.uri}/followers"], cc=[], updated="2026-09-08T15:45:30Z", **own)


async def test_a_public_post_is_proven_by_its_author_the_same_way_each_time(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    post = await a_note(db, here, by=anna)
    facts = await db.read(outgoing.post_facts, post.id)

    document, again = (objects.proven(facts, at=here.uris) for _ in range(2))

    proof = document["proof"]
    assert isinstance(proof, dict)
    assert document["@context"] == [AS2, "https://w3id.org/security/data-integrity/v2", NOTE_TERMS]
    assert (proof["verificationMethod"], proof["created"]) == (f"{anna.uri}#ed25519-key", "2026-09-07T08:30:00Z")
    assert proofs.verify(document, keys.public_ed25519(an_ed25519_pair().public))
    assert document == again


async def test_pictures_come_first_four_media_at_most_and_files_never(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    post = await a_note(db, here, by=anna)
    rows: list[tuple[AttachmentKind, str, dict[str, Any]]] = [
        (AttachmentKind.VIDEO, "video/mp4", {}),
        (AttachmentKind.FILE, "application/pdf", {}),
        (AttachmentKind.IMAGE, "image/png", {"width": 800, "height": 600, "focal_x": 0.5, "focal_y": -0.25}),
        (AttachmentKind.LINK, "text/html", {}),
        (AttachmentKind.AUDIO, "audio/mpeg", {}),
        (AttachmentKind.IMAGE, "image/webp", {"alt": ""}),
        (AttachmentKind.VIDEO, "video/webm", {}),
    ]
    for n, (kind, media_type, over) in enumerate(rows):
        values = {"alt": f"alt {n}", "url": f"https://alder.test/media/{n}"} | over
        await db.write(add, Attachment, post_id=post.id, position=n, kind=kind, media_type=media_type, **values)

    document = await shaped(db, here, post)

    assert document["attachment"] == [
        {
            "type": "Image",
            "mediaType": "image/png",
            "url": "https://alder.test/media/2",
            "name": "alt 2",
            "width": 800,
            "height": 600,
            "focalPoint": [0.5, -0.25],
        },
        {"type": "Image", "mediaType": "image/webp", "url": "https://alder.test/media/5"},
        {"type": "Document", "mediaType": "video/mp4", "url": "https://alder.test/media/0", "name": "alt 0"},
        {"type": "Document", "mediaType": "audio/mpeg", "url": "https://alder.test/media/4", "name": "alt 4"},
        {"type": "Link", "href": "https://alder.test/media/3", "mediaType": "text/html", "name": "alt 3"},
    ]


async def test_a_post_shows_its_first_public_answers_and_where_the_others_are(
    db: Database, here: Here, clock: FrozenClock
) -> None:
    anna = await a_person(db, here, username="anna")
    post = await a_note(db, here, by=anna, replies_count=8)
    answers = []
    for _ in range(6):
        clock.tick(minutes=1)
        answers.append(await a_post(db, here, by=anna, in_reply_to_id=post.id, thread_id=post.id))
    await a_post(db, here, by=anna, in_reply_to_id=post.id, visibility=Visibility.FOLLOWERS)

    document = await shaped(db, here, post)

    assert document["replies"] == {
        "id": f"{post.uri}/replies",
        "type": "Collection",
        "first": {
            "type": "CollectionPage",
            "partOf": f"{post.uri}/replies",
            "items": [answer.uri for answer in answers[:5]],
            "next": f"{post.uri}/replies?page=1&min_id={answers[4].id}",
        },
    }


async def test_a_thread_in_a_room_of_ours_is_kept_here_wherever_it_began(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    ben = await a_person(db, here, local=False)
    room = await a_room(db, here)
    root = await a_post(db, here, by=ben, context_uri="https://birch.test/contexts/7")
    post = await a_note(db, here, by=anna, in_reply_to_uri=root.uri, thread_id=root.id, room_id=room.id)

    document = await shaped(db, here, post)

    assert document["context"] == here.uris.thread(root.id)


async def test_an_article_has_an_abstract_and_a_preview(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna")
    post = await a_note(db, here, by=anna, kind="Article", title="A long read", content="<p>One &amp; two.</p>")

    document = await shaped(db, here, post)

    assert (document["type"], document["name"], document["summary"], document["preview"]) == (
        "Article",
        "A long read",
        "One & two.",
        {
            "type": "Note",
            "attributedTo": anna.uri,
            "content": "<p>One &amp; two.</p>",
            "published": "2026-09-07T08:30:00Z",
        },
    )


async def test_a_deleted_post_leaves_a_tombstone_and_nothing_else(db: Database, here: Here) -> None:
    anna = await a_person(db, here)
    post = await a_note(db, here, by=anna, deleted_at=LATER)

    facts = await db.read(outgoing.post_facts, post.id)

    assert objects.proven(facts, at=here.uris) == {
        "@context": [AS2],
        "id": post.uri,
        "type": "Tombstone",
        "formerType": "Note",
        "deleted": "2026-09-08T15:45:30Z",
    }


RESOURCE: dict[str, Any] = {
    "description": "Printable *walls*.",
    "age_min": 8,
    "age_max": 9,
    "licence": "CC-BY-SA-4.0",
    "licence_label": "CC BY-SA 4.0",
    "licence_url": "https://creativecommons.org/licenses/by-sa/4.0/",
    "version": 1,
}


async def a_resource(db: Database, here: Here, *, by: Made, content: str, **over: Any) -> Made:
    post = await a_post(
        db, here, by=by, title="Fraction wall <Y4>", content=content, source="Printable *walls*.", **over
    )
    uri = here.uris.resource(post.id)

    def turn(tx: Connection) -> None:
        tx.execute(update(Post).where(Post.id == post.id).values(uri=uri, url=uri))

    await db.write(turn)
    await db.write(add, Resource, post_id=post.id, **RESOURCE)
    await db.write(add_terms, post.id, WORKSHEET)
    files = (
        ("wall.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", 184_320, "a"),
        ("wall & more.pdf", "application/pdf", 96_211, "b"),
    )
    for position, (name, media_type, size, letter) in enumerate(files):
        values = {"name": name, "media_type": media_type, "size": size, "sha256": letter * 64, "storage_key": "k"}
        values |= {"url": here.uris.file(post.id, name)}
        await db.write(add, ResourceFile, post_id=post.id, position=position, **values)
    return Made(post.id, uri)


async def test_a_resource_is_a_note_that_every_server_can_show(db: Database, here: Here) -> None:
    anna = await a_person(db, here, username="anna", name="Anna Ash")
    room = await a_room(db, here, local=False, username="slt", domain="hants.test")
    cc = [f"{anna.uri}/followers", room.uri]
    post = await a_resource(
        db, here, by=anna, content="<p>Printable <em>walls</em>.</p>", room_id=room.id, addressed_cc=cc
    )
    await db.write(add, PostTag, name="fractions", post_id=post.id, label="fractions")
    docx, pdf = here.uris.file(post.id, "wall.docx"), here.uris.file(post.id, "wall & more.pdf")
    content = (
        "<p><strong>Fraction wall &lt;Y4&gt;</strong></p><p>Printable <em>walls</em>.</p>"
        "<p>Worksheet · Mathematics · Year 4 (ages 8–9) · CC BY-SA 4.0</p>"  # noqa: RUF001 -- as people write a range
        f'<p><a href="{post.uri}">Open the resource</a></p>'
        f'<p><a href="{docx}">wall.docx</a> (Word, 184 KB) · <a href="{pdf}">wall &amp; more.pdf</a> (PDF, 96 KB)</p>'
        '<p><a href="https://alder.test/tags/fractions" class="mention hashtag" rel="tag">#fractions</a>'
        ' <a href="https://alder.test/tags/mathematics" class="mention hashtag" rel="tag">#Mathematics</a>'
        ' <a href="https://alder.test/tags/year4" class="mention hashtag" rel="tag">#Year4</a></p>'
    )

    assert await shaped(db, here, post) == frame(
        post,
        anna,
        **{
            "@context": [
                AS2,
                {
                    "@language": "en",
                    "Hashtag": "as:Hashtag",
                    "sensitive": "as:sensitive",
                    "schema": "http://schema.org/",
                    "language": "schema:inLanguage",
                    "licence": "schema:license",
                    "identifier": "schema:identifier",
                    "skos": "http://www.w3.org/2004/02/skos/core#",
                    "skos:prefLabel": {"@id": "skos:prefLabel", "@container": "@language"},
                    "gts": "https://gotosocial.org/ns#",
                    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
                    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
                    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
                    "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
                },
            ],
            "name": "Fraction wall <Y4>",
            "cc": cc,
            "audience": room.uri,
            "content": content,
            "contentMap": {"en": content},
            "source": {"content": "Printable *walls*.", "mediaType": "text/markdown"},
            "tag": [
                {"type": "Hashtag", "name": "#fractions", "href": "https://alder.test/tags/fractions"},
                {"type": "Hashtag", "name": "#Mathematics", "href": "https://alder.test/tags/mathematics"},
                {"type": "Hashtag", "name": "#Year4", "href": "https://alder.test/tags/year4"},
                {"type": "Mention", "name": "@slt@hants.test", "href": room.uri},
            ],
            "attachment": [{"type": "Link", "href": post.uri, "mediaType": "text/html", "name": "Open the resource"}],
            "licence": {
                "identifier": "CC-BY-SA-4.0",
                "name": "Creative Commons Attribution-ShareAlike 4.0",
                "url": "https://creativecommons.org/licenses/by-sa/4.0/",
            },
            "schema:mainEntity": {
                "id": post.uri,
                "type": ["schema:LearningResource"],
                "schema:name": "Fraction wall <Y4>",
                "schema:description": "Printable walls.",
                "schema:creator": [
                    {"type": "schema:Person", "id": "https://alder.test/@anna", "schema:name": "Anna Ash"}
                ],
                "schema:inLanguage": ["en"],
                "schema:license": {"id": "https://creativecommons.org/licenses/by-sa/4.0/"},
                "schema:isAccessibleForFree": True,
                "schema:conditionsOfAccess": {
                    "type": "skos:Concept",
                    "id": "http://w3id.org/kim/conditionsOfAccess/no_login",
                },
                "schema:about": [
                    {
                        "type": "skos:Concept",
                        "id": "http://w3id.org/kim/schulfaecher/s1017",
                        "skos:prefLabel": {"en": "Mathematics"},
                    }
                ],
                "schema:learningResourceType": [
                    {
                        "type": "skos:Concept",
                        "id": "https://w3id.org/kim/hcrt/worksheet",
                        "skos:prefLabel": {"en": "Worksheet"},
                    }
                ],
                "schema:educationalLevel": [
                    {
                        "type": "skos:Concept",
                        "id": "https://w3id.org/kim/educationalLevel/level_1",
                        "skos:prefLabel": {"en": "Primary education"},
                    }
                ],
                "schema:keywords": ["fractions"],
                "schema:dateCreated": "2026-09-07",
                "schema:datePublished": "2026-09-07",
                "schema:dateModified": "2026-09-07",
                "schema:encoding": [
                    {
                        "type": "schema:MediaObject",
                        "schema:name": "wall.docx",
                        "schema:contentUrl": docx,
                        "schema:encodingFormat": (
                            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
                        ),
                        "schema:contentSize": "184320",
                        "schema:sha256": "a" * 64,
                    },
                    {
                        "type": "schema:MediaObject",
                        "schema:name": "wall & more.pdf",
                        "schema:contentUrl": pdf,
                        "schema:encodingFormat": "application/pdf",
                        "schema:contentSize": "96211",
                        "schema:sha256": "b" * 64,
                    },
                ],
                "schema:mainEntityOfPage": [
                    {
                        "type": "schema:WebContent",
                        "id": post.uri,
                        "schema:provider": {
                            "type": "schema:Organization",
                            "id": "https://alder.test/",
                            "schema:name": "alder.test",
                        },
                        "schema:dateCreated": "2026-09-07",
                        "schema:dateModified": "2026-09-07",
                    }
                ],
                "schema:typicalAgeRange": "8-9",
                "schema:version": "1",
                "schema:creditText": "Anna Ash",
                "schema:educationalAlignment": [
                    {
                        "type": "schema:AlignmentObject",
                        "schema:alignmentType": "educationalLevel",
                        "schema:educationalFramework": "National Curriculum for England",
                        "schema:targetName": "Year 4",
                        "schema:targetUrl": "https://w3id.org/uk/oak/curriculum/nationalcurriculum/year-group-4",
                    },
                    {
                        "type": "schema:AlignmentObject",
                        "schema:alignmentType": "educationalSubject",
                        "schema:educationalFramework": "National Curriculum for England",
                        "schema:targetName": "Mathematics",
                        "schema:targetUrl": "https://w3id.org/uk/oak/curriculum/nationalcurriculum/subject-mathematics",
                    },
                ],
            },
        },
    )


@pytest.mark.parametrize(
    "description",
    ["<p>plain</p>", '<p>see <a href="https://elsewhere.test/x" rel="nofollow">there</a></p>'],
    ids=["plain", "with-a-link-of-its-own"],
)
async def test_the_first_plain_link_of_a_resource_is_its_page(db: Database, here: Here, description: str) -> None:
    anna = await a_person(db, here)
    post = await a_resource(db, here, by=anna, content=description)

    content = str((await shaped(db, here, post))["content"])

    assert content[content.index("<a href=") :].startswith(f'<a href="{post.uri}">')
