"""JSON to types: what is sent in odd shapes is read, what is too much is cut, and nothing raises but Invalid."""

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedishare.as2 import read
from fedishare.as2.node import EVERYBODY, Node
from fedishare.as2.types import Concept, File, Media, Usage
from fedishare.core.errors import Invalid
from fedishare.core.json import Json
from tests.as2.shapes import YEAR_4, a_main_entity
from tests.as2.test_node import ANYTHING

TERMS: Final = [
    *("id", "type", "actor", "object", "target", "attributedTo", "name", "summary", "content", "contentMap"),
    *("mediaType", "source", "url", "inReplyTo", "context", "published", "updated", "to", "cc", "audience"),
    *("sensitive", "tag", "attachment", "image", "icon", "inbox", "outbox", "followers", "endpoints", "publicKey"),
    *("assertionMethod", "alsoKnownAs", "movedTo", "preferredUsername", "oneOf", "startTime", "location", "language"),
    *("licence", "schema:mainEntity", "schema:encoding", "schema:about"),
]
KINDS: Final = ["Note", "Create", "Person", "Group", "Video", "Question", "Event"]
ADDRESSES: Final = ["https://birch.test/users/ada", "https://birch.test/notes/1", EVERYBODY]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Json]:
    """Objects with the terms we read, holding anything, and often enough something of the right shape."""
    value: st.SearchStrategy[Json] = ANYTHING | st.sampled_from(ADDRESSES + KINDS)
    objects: st.SearchStrategy[Json] = st.dictionaries(st.sampled_from(TERMS), value, max_size=8)
    lists: st.SearchStrategy[Json] = st.lists(objects, max_size=3)
    values = value | objects | lists
    found: dict[str, Json] = draw(st.dictionaries(st.sampled_from(TERMS), values))
    if draw(st.booleans()):
        found |= {"id": ADDRESSES[1], "type": draw(st.sampled_from(KINDS))}
        found |= {"actor": ADDRESSES[0], "inbox": ADDRESSES[0]}
    return found


@settings(max_examples=50)
@given(documents())
def test_any_object_is_read_or_invalid(data: dict[str, Json]) -> None:
    for reader in (read.activity, read.actor, read.note):
        try:
            reader(Node(data))
        except Invalid:
            continue


def an_activity(**over: Any) -> Node:
    base = {
        "id": "https://birch.test/a/1",
        "type": "Like",
        "actor": ADDRESSES[0],
        "object": "https://alder.test/posts/1",
    }
    return Node(base | over)


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"type": "OrderedCollection"}, id="a-collection"),
        pytest.param({"type": ["Create", "Collection"]}, id="a-collection-too"),
        pytest.param({"type": None}, id="no-type"),
        pytest.param({"actor": None}, id="no-actor"),
        pytest.param({"actor": ["https://birch.test/a", "https://birch.test/b"]}, id="two-actors"),
        pytest.param({"actor": "as:Public"}, id="everybody-as-actor"),
        pytest.param({"id": None}, id="id-null"),
        pytest.param({"id": "#1"}, id="a-fragment-as-id"),
        pytest.param({"object": "posts/1"}, id="a-relative-object"),
        pytest.param({"object": {"type": "Note", "id": ["https://birch.test/1"]}}, id="an-object-with-a-list-as-id"),
    ],
)
def test_what_is_no_activity_is_refused(over: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read.activity(an_activity(**over))


def test_an_activity_may_lack_an_id_and_its_object_too() -> None:
    node = Node({"type": "Undo", "actor": {"id": ADDRESSES[0]}, "object": {"type": "Follow", "object": ADDRESSES[0]}})

    found = read.activity(node)

    assert (found.id, found.object, found.object_type, found.actor) == (None, None, "Follow", ADDRESSES[0])


def an_actor(**over: Any) -> Node:
    base = {
        "id": ADDRESSES[0],
        "type": "Person",
        "preferredUsername": "ada",
        "inbox": "https://birch.test/users/ada/inbox",
    }
    return Node(base | over)


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"inbox": None}, id="no-inbox"),
        pytest.param({"inbox": ["https://birch.test/inbox"]}, id="a-list-as-inbox"),
        pytest.param({"inbox": {"id": "https://birch.test/inbox"}}, id="an-object-as-inbox"),
        pytest.param({"outbox": "javascript:alert(1)"}, id="a-script-as-outbox"),
        pytest.param({"followers": 7}, id="a-number-as-followers"),
        pytest.param({"type": "Note"}, id="not-an-actor"),
    ],
)
def test_an_actor_with_odd_addresses_is_refused(over: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read.actor(an_actor(**over))


@pytest.mark.parametrize(
    ("outbox", "kept"),
    [
        pytest.param({"id": f"{ADDRESSES[0]}/outbox", "totalItems": 1}, f"{ADDRESSES[0]}/outbox", id="embedded"),
        pytest.param("", None, id="nothing-written"),
    ],
)
def test_a_collection_may_be_embedded_or_left_empty(outbox: Json, kept: str | None) -> None:
    assert read.actor(an_actor(outbox=outbox)).outbox == kept


def test_a_boastful_actor_is_cut_to_the_limits() -> None:
    found = read.actor(
        an_actor(
            name="n" * 1_000_000,
            summary="s" * 1_000_000,
            attachment=[{"type": "PropertyValue", "name": "x" * 9000, "value": "y"}] * 1000,
            alsoKnownAs=[f"https://birch.test/{number}" for number in range(300)],
            publicKey=[{"id": f"{ADDRESSES[0]}#{n}", "owner": ADDRESSES[0], "publicKeyPem": "x"} for n in range(50)],
        )
    )

    sizes = (len(found.name), len(found.summary), len(found.fields), len(found.also_known_as), len(found.keys))
    assert sizes == (2048, 20_000, 50, 256, 10)
    assert len(found.fields[0].name) == 2047


def test_a_shared_inbox_that_cannot_be_read_is_dropped() -> None:
    assert read.actor(an_actor(endpoints={"sharedInbox": ["https://birch.test/inbox"]})).shared_inbox is None


def test_both_kinds_of_keys_are_read() -> None:
    node = an_actor(
        publicKey={"id": f"{ADDRESSES[0]}#main-key", "owner": ADDRESSES[0], "publicKeyPem": "pem"},
        assertionMethod=[
            {"id": f"{ADDRESSES[0]}#ed", "type": "Multikey", "controller": ADDRESSES[0], "publicKeyMultibase": "z6Mk"}
        ],
    )

    assert [(key.pem, key.multibase) for key in read.actor(node).keys] == [("pem", None), (None, "z6Mk")]


def a_note(**over: Any) -> Node:
    return Node({"id": "https://birch.test/notes/1", "type": "Note", "attributedTo": ADDRESSES[0]} | over)


def test_too_many_tags_and_attachments_are_cut() -> None:
    found = read.note(
        a_note(
            to=[f"https://birch.test/{number}" for number in range(2000)],
            cc=[EVERYBODY],
            tag=[{"type": "Hashtag", "name": f"#t{number}"} for number in range(5000)],
            attachment=[{"type": "Image", "url": f"https://birch.test/{number}.png"} for number in range(5000)],
        )
    )

    assert (len(found.to), len(found.cc), len(found.hashtags), len(found.media)) == (1000, 0, 100, 16)


@pytest.mark.parametrize(
    ("url", "page"),
    [
        pytest.param("https://birch.test/@ada/1", "https://birch.test/@ada/1", id="a-string"),
        pytest.param({"type": "Link", "href": "https://birch.test/@ada/1"}, "https://birch.test/@ada/1", id="a-link"),
        pytest.param(
            [
                {"type": "Link", "mediaType": "video/mp4", "href": "https://birch.test/1.mp4"},
                {"type": "Link", "mediaType": "text/html", "href": "https://birch.test/w/1"},
            ],
            "https://birch.test/w/1",
            id="the-page-among-files",
        ),
        pytest.param(
            [{"type": "Link", "mediaType": "text/html", "href": "https://birch.test/w/1"}, "https://birch.test/1"],
            "https://birch.test/w/1",
            id="a-link-before-a-string",
        ),
        pytest.param(
            ["https://birch.test/w/1", {"href": "https://birch.test/1"}], "https://birch.test/w/1", id="mixed"
        ),
        pytest.param(None, None, id="none"),
    ],
)
def test_the_page_is_found_in_every_shape(url: Json, page: str | None) -> None:
    assert read.note(a_note(url=url)).url == page


def test_an_attachment_is_read_as_mastodon_writes_it() -> None:
    node = a_note(
        attachment=[
            {
                "type": "Document",
                "mediaType": "image/png",
                "url": "https://birch.test/1.png",
                "name": "A fraction wall",
                "focalPoint": [-0.5, 0.25],
                "width": 640,
                "height": 480,
            }
        ]
    )

    assert read.note(node).media == (
        Media(
            type="Document",
            url="https://birch.test/1.png",
            media_type="image/png",
            alt="A fraction wall",
            width=640,
            height=480,
            focal=(-0.5, 0.25),
        ),
    )


@pytest.mark.parametrize("point", [[1.5, 0.0], [0.0, -2.0], [0.5], [0.1, 0.2, 0.3], "centre"])
def test_a_focal_point_outside_the_picture_is_none(point: Json) -> None:
    picture: Json = {"type": "Image", "url": "https://birch.test/1.png", "focalPoint": point}

    assert [found.focal for found in read.note(a_note(attachment=[picture])).media] == [None]


def test_the_language_is_that_of_the_content_map() -> None:
    found = read.note(a_note(contentMap={"cy": "<p>Bore da</p>"}))

    assert (found.language, found.content) == ("cy", "<p>Bore da</p>")


def test_a_resource_is_read_from_its_main_entity() -> None:
    learning = read.note(a_note(**{"schema:mainEntity": a_main_entity()})).learning

    assert learning is not None
    assert learning.levels[0] == Concept(YEAR_4, "Year 4", "National Curriculum for England")
    assert learning.subjects[0] == Concept("http://w3id.org/kim/schulfaecher/s1017", "Mathematics")
    assert learning.licence == Concept("https://creativecommons.org/licenses/by-sa/4.0/", "")
    assert (learning.version, learning.ages) == (2, "8-9")
    assert learning.files == (
        File(
            url="https://birch.test/files/fraction%20wall.pdf",
            name="fraction wall.pdf",
            media_type="application/pdf",
            size=96_211,
            sha256="b" * 64,
        ),
    )


@pytest.mark.parametrize(
    "over",
    [
        pytest.param({"type": ["schema:Dataset"]}, id="another-type"),
        pytest.param({"id": None}, id="no-id"),
        pytest.param({"id": ["https://birch.test/notes/1"]}, id="a-list-as-id"),
    ],
)
def test_on_any_doubt_it_is_a_plain_post(over: dict[str, Any]) -> None:
    assert read.note(a_note(**{"schema:mainEntity": a_main_entity() | over})).learning is None


def test_a_file_without_a_true_hash_is_left_out() -> None:
    entity = a_main_entity()
    entity["schema:encoding"] = [entity["schema:encoding"][0] | {"schema:sha256": "b" * 63}]

    learning = read.note(a_note(**{"schema:mainEntity": entity})).learning

    assert learning is not None
    assert learning.files == ()


def test_a_use_names_the_resource_and_says_how_it_went() -> None:
    entity = {
        "type": ["schema:UseAction"],
        "schema:object": {"id": "https://alder.test/resources/1"},
        "schema:description": "Went well",
        "schema:educationalLevel": "Year 4",
    }

    assert read.note(a_note(**{"schema:mainEntity": entity})).usage == Usage(
        resource="https://alder.test/resources/1", line="Went well", level="Year 4"
    )
