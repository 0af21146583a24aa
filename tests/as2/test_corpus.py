"""What other software really writes: it becomes a type or is refused for a reason, and is read as others read it."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from fedishare.as2 import read
from fedishare.as2.node import Node
from fedishare.core import json
from fedishare.core.errors import Invalid
from tests.corpus import CORPUS, Found, documents, needs_corpus, readings

POSTS: Final = frozenset({"Note", "Article", "Page", "Question", "Event", "Image", "Video", "Audio", "Document"})

NO_JSON: Final = "The body is not valid JSON."
NO_ID: Final = "The id has to be one absolute web address."
NO_ACTOR: Final = "An activity has exactly one actor, given by its address."
NO_OBJECT: Final = "The object has to be given by its address, or with its type."
NO_TYPE: Final = "An inbox takes one activity, with a type."
# All that is refused although it has the shape of something to accept, with the reason.
REFUSED: Final = {
    # Saved with a byte order mark, which nobody sends.
    **{
        f"activitypubsharp/Test__ActivityPub.Types.Tests__Smoke__Samples__{name}.jsonld": NO_JSON
        for name in (
            "Firefish__Create",
            "Firefish__Note",
            "Firefish__OrderedCollection",
            "Firefish__OrderedCollectionPage",
            "Firefish__Person",
            "GlitchSoc__Person",
        )
    },
    # Half a surrogate pair.
    "cattle-grid/cattle_grid__extensions__examples__html_display__test_format.py.L8.json": NO_JSON,
    # Ids that are no web addresses: tag:, acct:, ap:, placeholders of a template, none at all.
    "granary/granary__tests__testdata__accept_follow.as2.json": NO_ID,
    "granary/granary__tests__testdata__note.as2.json": NO_ID,
    "fedify/docs__tutorial__content-sharing.md.L2504.json": NO_ID,
    "fediverse-pasture-inputs/activity__necessary_properties_1.json": NO_ID,
    "go-ap/tests__mocks__s2s__activities__accept-follow.json": NO_ACTOR,
    "go-ap/tests__mocks__s2s__activities__create-object.json": NO_ACTOR,
    "granary/granary__tests__testdata__activity_with_actor.as2.json": NO_ACTOR,
    "granary/granary__tests__testdata__favorite.as2-from-as.json": NO_ACTOR,
    "granary/granary__tests__testdata__follow.as2.json": NO_ACTOR,
    "granary/granary__tests__testdata__like.as2.json": NO_ACTOR,
    "granary/granary__tests__testdata__undo_repost.as2.json": NO_ACTOR,
    "granary/granary__tests__testdata__unfollow.as2.json": NO_ACTOR,
    "go-fed/streams__streams_manual_data_test.go.L5042.json": NO_ACTOR,
    "w3c-activitystreams/test__vocabulary-ex187-jsonld.json": NO_ACTOR,
    "muck-out/process__test_activity.py.L35.json": NO_OBJECT,
    "fep/fep__ef61__fep-ef61.md.L141.json": "An actor's inbox is one web address.",
    # JSON-LD with its own keywords, which no server sends: terms are read literally.
    "fedify/packages__vocab__src__vocab.test.ts.L4152.json": NO_TYPE,
    "fedify/packages__vocab__src__vocab.test.ts.L4258.json": NO_TYPE,
}
# Where the two readings differ, and why ours stays.
EXPLAINED: Final = {
    ("granary/granary__tests__testdata__accept_follow.as2.json", "all"): "an id that is no web address",
    ("granary/granary__tests__testdata__undo_repost.as2.json", "all"): "an actor that is no web address",
    ("go-ap/tests__mocks__c2s__objects__note.json", "url"): "a relative address means nothing outside its document",
    ("swicg/sse.html.L158.json", "author"): "one slash after https: is no address",
    ("fep/fep__1042__fep-1042.md.L61.json", "username"): "they lose terms to its context, which we do not read",
    ("fep/fep__1042__fep-1042.md.L61.json", "name"): "the same",
    ("fep/fep__1042__fep-1042.md.L61.json", "summary"): "the same",
    ("fep/fep__1042__fep-1042.md.L61.json", "url"): "an ipns: address opens in no browser",
    ("fep/fep__4adb__fep-4adb.md.L57.json", "author"): "a did: is no web address",
    ("fep/fep__4adb__fep-4adb.md.L57.json", "to"): "an acct: is no web address",
    ("fep/fep__0391__fep-0391.md.L568.json", "actor"): "they know no actor without a type, and we need none",
    ("fep/fep__0391__fep-0391.md.L786.json", "actor"): "the same",
    ("fediverse-pasture-inputs/object__language_7.json", "content"): "the first language is the main one (M18)",
}


def kind_of(node: Node) -> str:
    """What a document is to us: an actor, a post, a collection, an activity, or nothing that we read."""
    if any(kind in read.ACTORS for kind in node.types):
        return "actor"
    if read.COLLECTIONS.intersection(node.types):
        return "collection"
    if POSTS.intersection(node.types):
        return "post"
    return "activity" if node.has("actor") else "nothing"


READERS: Final[dict[str, Callable[[Node], object]]] = {
    "actor": read.actor,
    "post": read.note,
    "activity": read.activity,
}


def become(found: Found) -> str:
    """The type that a document becomes, or the reason for which it is refused; an activity is one by its place too."""
    try:
        data = json.loads(found.body)
        if not isinstance(data, dict):
            return "nothing"
        kind = "activity" if found.kind == "activity" else kind_of(Node(data))
        if kind in READERS:
            READERS[kind](Node(data))
    except Invalid as error:
        return str(error)
    return kind


@needs_corpus
def test_every_document_becomes_a_type_or_is_refused_for_a_reason() -> None:
    kinds = Counter(become(found) for found in documents() if found.kind not in {"webfinger", "nodeinfo"})

    read_as = {kind: kinds.pop(kind) for kind in ("activity", "actor", "collection", "post", "nothing")}

    assert read_as == {"activity": 411, "actor": 97, "collection": 98, "post": 307, "nothing": 109}
    assert sum(kinds.values()) == len(documents()) - 21 - sum(read_as.values())
    assert set(kinds) == {
        NO_JSON,
        NO_ID,
        NO_ACTOR,
        NO_OBJECT,
        NO_TYPE,
        "An actor has an inbox.",
        "An actor's inbox is one web address.",
    }


@needs_corpus
def test_what_has_the_shape_of_something_to_accept_is_accepted_but_for_good_reasons() -> None:
    kinds = {"activity", "actor", "collection", "post", "nothing"}

    refused = {found.path: said for found in documents() if found.is_fit and (said := become(found)) not in kinds}

    assert refused == REFUSED


@needs_corpus
def test_documents_are_read_as_another_implementation_reads_them() -> None:
    rows = [row for row in readings() if row["class"] in COMPARED]

    different = {(row["path"], name) for row in rows for name in differences(row)}

    assert len(rows) > 290
    assert different == set(EXPLAINED)


def an_actor(node: Node) -> dict[str, Any]:
    found = read.actor(node)
    texts = {"username": found.username, "name": found.name, "summary": found.summary}
    places = {"inbox": found.inbox, "outbox": found.outbox, "followers": found.followers, "url": found.url}
    return {"id": found.id, "shared_inbox": found.shared_inbox, "published": found.published} | texts | places


def a_post(node: Node) -> dict[str, Any]:
    found = read.note(node)
    texts = {"name": found.name, "summary": found.summary, "content": found.content, "sensitive": found.sensitive}
    times = {"published": found.published, "updated": found.updated}
    places = {"author": found.author, "to": found.to, "cc": found.cc, "url": found.url, "parent": found.in_reply_to}
    return {"id": found.id} | texts | times | places


def an_activity(node: Node) -> dict[str, Any]:
    found = read.activity(node)
    places = {"actor": found.actor, "object": found.object, "target": found.target, "to": found.to, "cc": found.cc}
    return {"id": found.id, "published": found.published} | places


# What they call it where we call it something else.
THEIRS: Final = {
    "username": "preferredUsername",
    "shared_inbox": "sharedInbox",
    "author": "attributedTo",
    "parent": "inReplyTo",
}
COMPARED: Final[dict[str, Callable[[Node], dict[str, Any]]]] = {
    **dict.fromkeys(read.ACTORS, an_actor),
    **dict.fromkeys(("Note", "Article", "Page", "Question", "Video", "Event"), a_post),
    **dict.fromkeys(("Create", "Update", "Delete", "Undo", "Like", "Announce"), an_activity),
    **dict.fromkeys(("Follow", "Accept", "Reject", "Add"), an_activity),
}


def differences(row: dict[str, Any]) -> list[str]:
    body = (CORPUS / row["path"]).read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        data = json.loads(body)
        assert isinstance(data, dict)
        ours = COMPARED[row["class"]](Node(data))
    except Invalid:
        # Refused documents without an actor are not compared: theirs has none either.
        return ["all"] if row.get("actor") or row["class"] not in COMPARED else []
    return [name for name, said in ours.items() if alike(said, name) != alike(row.get(THEIRS.get(name, name)), name)]


def alike(said: Any, name: str) -> Any:
    """A value in the one form in which the two readings can be compared."""
    if name in {"to", "cc"}:
        return [with_path(uri) for uri in said or ()]
    if isinstance(said, list):
        said = said[0] if said else None
    if name in {"published", "updated"} and isinstance(said, str):
        return datetime.fromisoformat(said).astimezone(UTC)
    return (with_path(said) if isinstance(said, str) else said) or None


def with_path(uri: str) -> str:
    """They write the slash that a bare host is understood to have; we keep addresses letter by letter."""
    return uri + "/" if uri.startswith("http") and uri.count("/") == 2 else uri
