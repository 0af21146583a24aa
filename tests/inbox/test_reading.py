"""From what a post says to what we keep: safe whatever comes, and cut to the limits."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.core.errors import Invalid
from fedishare.core.json import Json
from fedishare.domain.kinds import AttachmentKind
from fedishare.domain.terms import Basis, Term, TermKind
from fedishare.inbox import profiles, reading
from tests.as2.shapes import a_main_entity
from tests.as2.test_read import documents
from tests.builders import MONDAY
from tests.inbox.elsewhere import a_note


@settings(max_examples=50)
@given(documents())
def test_any_document_is_read_or_invalid(data: dict[str, Json]) -> None:
    try:
        post = reading.post(Node(data), now=MONDAY)
    except Invalid:
        return
    assert "<script" not in post.content
    assert post.published_at <= MONDAY
    assert all(found.url.startswith(("https://", "http://")) for found in post.attachments)


@settings(max_examples=50)
@given(documents())
def test_any_actor_is_described_or_invalid(data: dict[str, Json]) -> None:
    try:
        described = read.actor(Node(data))
        profiles.refuse_elsewhere(described)
        kept = profiles.profile(described, handle=f"{profiles.username(described)}@birch.test", now=MONDAY)
    except Invalid:
        return
    assert kept.name
    assert all(key.key_id.startswith(kept.uri) for key in kept.keys)


@pytest.mark.parametrize(
    ("attachment", "kept"),
    [
        pytest.param({"mediaType": "video/mp4", "url": "https://x.test/a"}, AttachmentKind.VIDEO, id="video"),
        pytest.param({"type": "Image", "url": "https://x.test/a"}, AttachmentKind.IMAGE, id="image-without-a-type"),
        pytest.param({"mediaType": "application/pdf", "url": "https://x.test/a"}, AttachmentKind.FILE, id="pdf"),
        pytest.param({"type": "Link", "href": "https://x.test/a"}, AttachmentKind.LINK, id="link"),
        pytest.param({"type": "Image", "url": "javascript:alert(1)"}, None, id="XSS-03"),
        pytest.param({"type": "Link", "href": "https://birch.test/users/ada/posts/1"}, None, id="its-own-page"),
        pytest.param({"type": "PropertyValue", "name": "x", "value": "y"}, None, id="not-a-file"),
    ],
)
def test_attachments_become_what_they_are(attachment: dict[str, Any], kept: AttachmentKind | None) -> None:
    post = reading.post(Node(a_note(attachment=[attachment])), now=MONDAY)

    assert [found.kind for found in post.attachments] == ([kept] if kept else [])


def test_a_picture_keeps_its_words_size_and_focal_point() -> None:
    picture: Json = {
        "type": "Image",
        "url": "https://x.test/a",
        "name": "A wall",
        "width": 64,
        "height": 48,
        "focalPoint": [-0.5, 0.25],
    }

    (found,) = reading.post(Node(a_note(attachment=[picture])), now=MONDAY).attachments

    assert (found.alt, found.width, found.height, found.focal) == ("A wall", 64, 48, (-0.5, 0.25))


def test_a_video_is_its_own_attachment() -> None:
    links: list[Json] = [
        {"type": "Link", "mediaType": "text/html", "href": "https://birch.test/w/1"},
        {"type": "Link", "mediaType": "video/mp4", "href": "https://birch.test/1.mp4"},
    ]

    post = reading.post(Node(a_note(type="Video", url=links)), now=MONDAY)

    assert post.url == "https://birch.test/w/1"
    assert [(found.kind, found.url) for found in post.attachments] == [
        (AttachmentKind.VIDEO, "https://birch.test/1.mp4")
    ]


@pytest.mark.parametrize(
    ("over", "warning"),
    [
        pytest.param({"summary": "<b>Cake</b>"}, "Cake", id="note"),
        pytest.param({"summary": "Cake", "type": "Article"}, None, id="an-abstract"),
        pytest.param({"summary": "Cake", "type": "Article", "sensitive": True}, "Cake", id="a-sensitive-article"),
        pytest.param({"summary": ""}, None, id="empty"),
    ],
)
def test_a_summary_warns_on_notes_only(over: dict[str, Any], warning: str | None) -> None:
    assert reading.post(Node(a_note(**over)), now=MONDAY).warning == warning


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        pytest.param("https://birch.test/@ada/1", "https://birch.test/@ada/1", id="same-server"),
        pytest.param("https://evil.test/@ada/1", "https://birch.test/users/ada/posts/1", id="another-server"),
        pytest.param("javascript:alert(1)", "https://birch.test/users/ada/posts/1", id="a-script"),
    ],
)
def test_the_page_of_a_post_is_on_its_own_server(url: str, kept: str) -> None:
    assert reading.post(Node(a_note(url=url)), now=MONDAY).url == kept


@pytest.mark.parametrize(
    ("language", "kept"), [("en", "en"), ("pt-BR", "pt-BR"), ("<script>", None), ("english language", None)]
)
def test_a_language_is_a_language_tag(language: str, kept: str | None) -> None:
    assert reading.post(Node(a_note(contentMap={language: "<p>x</p>"})), now=MONDAY).language == kept


def test_terms_that_we_do_not_know_keep_their_labels() -> None:
    entity = a_main_entity() | {
        "schema:about": [{"skos:prefLabel": {"en": "Alchemy"}}],
        "schema:educationalAlignment": [],
        "schema:educationalLevel": [{"id": "https://x.test/level", "skos:prefLabel": "Form <2>"}],
        "schema:license": {"id": "https://x.test/licence"},
        "schema:typicalAgeRange": "about nine",
    }
    note = a_note(id="https://birch.test/notes/1") | {"schema:mainEntity": entity}

    resource = reading.post(Node(note), now=MONDAY).resource

    assert resource is not None
    assert resource.terms[:2] == (
        Term(TermKind.SUBJECT, None, "Alchemy"),
        Term(TermKind.LEVEL, None, "Form <2>", "https://x.test/level"),
    )
    assert resource.age_min is None
    assert (resource.licence, resource.licence_label) == (None, "https://x.test/licence")


def test_a_time_in_another_zone_is_the_same_moment() -> None:
    post = reading.post(Node(a_note(published="2026-09-07T09:00:00+02:00")), now=MONDAY)

    assert post.published_at == datetime(2026, 9, 7, 7, 0, tzinfo=UTC)


def spelled(value: Any, prefix: str) -> Any:
    """The same document as somebody writes it who uses other prefixes, and `@id` and `@type`."""
    match value:
        case dict():
            return {
                {"id": "@id", "type": "@type"}.get(name, name.replace("schema:", prefix)): spelled(found, prefix)
                for name, found in value.items()
            }
        case list():
            return [spelled(found, prefix) for found in value]
        case str():
            return value.replace("schema:", prefix)
        case _:
            return value


@pytest.mark.parametrize("prefix", ["http://schema.org/", "https://schema.org/", ""])
def test_a_resource_is_read_however_its_prefixes_are_spelled(prefix: str) -> None:
    note, entity = a_note(id="https://birch.test/notes/1"), a_main_entity()
    usual = reading.post(Node(note | {"schema:mainEntity": entity}), now=MONDAY).resource

    other = reading.post(Node(note | {f"{prefix}mainEntity": spelled(entity, prefix)}), now=MONDAY).resource

    assert usual is not None
    assert other == usual


def test_words_stand_for_concepts_and_a_string_for_a_list() -> None:
    entity = {
        "id": "https://birch.test/notes/1",
        "type": "LearningResource",
        "about": "history",
        "learningResourceType": ["https://w3id.org/kim/hcrt/slide", "worksheet", "Zine"],
        "educationalLevel": "Year 4",
        "audience": {"@type": "Concept", "prefLabel": {"@value": "parent"}},
        "keywords": "Romans, walls , ",
        "timeRequired": "PT45M",
        "isBasedOn": "https://oak.test/1",
        "teaches": "Date  a coin",
        "license": "https://creativecommons.org/licenses/by-nd/4.0/deed.de",
        "creditText": "Ada <b>O</b>",
    }
    note = a_note(id="https://birch.test/notes/1") | {"mainEntity": entity}

    resource = reading.post(Node(note), now=MONDAY).resource

    assert resource is not None
    assert [(term.kind.value, term.slug or term.label) for term in resource.terms] == [
        ("subject", "history"),
        ("level", "england:year-4"),
        ("stage", "level_1"),
        ("type", "slide"),
        ("type", "worksheet"),
        ("type", "Zine"),
        ("audience", "parent"),
        ("objective", "Date a coin"),
        ("keyword", "romans"),
        ("keyword", "walls"),
    ]
    assert (resource.minutes, resource.licence, resource.age_min, resource.age_max) == (45, "CC-BY-ND-4.0", 8, 9)
    assert resource.bases == (Basis("https://oak.test/1"),)


def test_what_is_too_much_or_too_deep_is_cut() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [{"schema:name": deep}]
    entity = a_main_entity() | {
        "schema:about": [{"skos:prefLabel": f"Subject {n}"} for n in range(1000)],
        "schema:keywords": [f"word {n}" for n in range(1000)],
        "schema:isBasedOn": [{"id": f"https://oak.test/{n}", "schema:name": "n" * 9999} for n in range(1000)],
        "schema:teaches": [{"skos:prefLabel": "o" * 9999}] * 3,
        "schema:accessibilityFeature": deep,
        "schema:timeRequired": "PT999999999H",
    }
    note = a_note(id="https://birch.test/notes/1") | {"schema:mainEntity": entity}

    resource = reading.post(Node(note), now=MONDAY).resource

    assert resource is not None
    kinds = [term.kind for term in resource.terms]
    assert (kinds.count(TermKind.SUBJECT), kinds.count(TermKind.KEYWORD), kinds.count(TermKind.OBJECTIVE)) == (
        10,
        50,
        1,
    )
    assert (len(resource.bases), len(resource.bases[0].name), resource.minutes) == (10, 200, None)
    assert max(len(term.label) for term in resource.terms) == 500


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "https://a:b@oak.test/", "data:text/html,x"])
def test_addresses_that_are_tricks_are_no_sources_and_no_concepts(uri: str) -> None:
    entity = a_main_entity() | {
        "schema:isBasedOn": [{"id": uri}],
        "schema:about": [{"id": uri, "skos:prefLabel": "Alchemy"}],
        "schema:license": {"id": uri},
    }
    note = a_note(id="https://birch.test/notes/1") | {"schema:mainEntity": entity}

    resource = reading.post(Node(note), now=MONDAY).resource

    assert resource is not None
    assert (resource.bases, resource.terms[0].uri, resource.licence_url) == ((), None, None)
