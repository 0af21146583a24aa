"""Everything we can say passes the strictest readers; and they do notice what is wrong."""

import copy
import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from fedishare import outbox
from fedishare.as2 import write
from fedishare.domain.audience import PUBLIC_IRI
from fedishare.net import signatures
from fedishare.net.signatures import Scheme, Signer
from fedishare.outbox import activities, objects, seals
from tests.builders import MONDAY, an_rsa_pair
from tests.strict import (
    catalogue,
    everybody,
    lemmy,
    mastodon,
    rules,
)
from tests.strict.catalogue import (
    ACTORS,
    ANNA,
    AT,
    BEN,
    FILM,
    KEY,
    OTHERS,
    OUR_ROOM,
    PAGE,
    PICTURE,
    POSTS,
    ROOM,
    SAID,
    Document,
    facts,
    wrapped,
)

# How the outbox spells the kind of what it makes.
KIND: Final = re.compile(r'(?:"type": |_(?:activity|about_object|answer|pin)\(\s*)"([A-Z][A-Za-z]+)"')
# Parts of documents, which nobody is sent by themselves.
PARTS: Final = {
    *("Application", "Collection", "CollectionPage", "Hashtag", "Image", "Link", "Mention", "Multikey"),
    *("PropertyValue", "Document"),
}


def kinds_inside(document: Any) -> Iterator[str]:
    """The kinds of a document and of all that stands in it."""
    if isinstance(document, list):
        for entry in document:
            yield from kinds_inside(entry)
    elif isinstance(document, dict):
        if isinstance(document.get("type"), str):
            yield document["type"]
        for entry in document.values():
            yield from kinds_inside(entry)


def test_the_catalogue_has_every_kind_that_the_outbox_makes() -> None:
    folder = Path(str(outbox.__path__[0]))
    made = {kind for path in folder.glob("*.py") for kind in KIND.findall(path.read_text())}

    shown = {
        kind for document in (*SAID.values(), *ACTORS.values(), *OTHERS.values()) for kind in kinds_inside(document)
    }

    assert "Announce" in made
    assert made - shown - PARTS == set()


def test_the_catalogue_calls_every_function_that_makes_an_activity() -> None:
    makers = {name for name, _ in inspect.getmembers(activities, inspect.isfunction) if not name.startswith("_")}

    called = set(re.findall(r"activities\.(\w+)\(", inspect.getsource(catalogue)))

    assert makers - called == set()


@pytest.mark.parametrize("name", SAID)
def test_every_activity_satisfies_every_reader_alone_and_passed_on_by_a_room(name: str) -> None:
    plain = SAID[name]
    proven = seals.proven(plain, key=KEY, at=MONDAY)
    # A vote is for one alone, so no room ever passes one on.
    is_of_rooms = plain["type"] in lemmy.WRAPPED and name != "Create: a vote"
    said = [plain, proven, *([wrapped(proven)] if is_of_rooms else [])]

    assert [everybody.check(document) for document in said] == [[]] * len(said)


@pytest.mark.parametrize("name", [*POSTS, *ACTORS, *OTHERS])
def test_every_document_satisfies_every_reader(name: str) -> None:
    document = (ACTORS | OTHERS)[name] if name not in POSTS else objects.proven(POSTS[name], at=AT)

    assert everybody.check(document) == []


@pytest.mark.parametrize("name", POSTS)
def test_every_post_can_be_fetched(name: str) -> None:
    document = objects.proven(POSTS[name], at=AT)
    body = write.body(document)

    complaints = mastodon.check_fetch(
        status=200, content_type="application/activity+json", body=body, document=document, url=str(document["id"])
    )

    # Lemmy knows no polls.
    of_lemmy = lemmy.check_object(document) if document["type"] != "Question" else []
    assert (complaints, mastodon.check_object(document), of_lemmy) == ([], [], [])


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("a note in a room", "public"),
        ("a post for followers", "private"),
        ("a post for people", "direct"),
        ("a post for a room", "direct"),
    ],
)
def test_mastodon_reads_the_audience_that_was_meant(name: str, seen: str) -> None:
    assert mastodon.visibility(objects.document(POSTS[name], at=AT), ACTORS["Person"]) == seen


def test_mastodon_shows_title_text_and_page_of_a_resource_and_no_broken_file() -> None:
    document = objects.document(POSTS["a resource"], at=AT)

    shown = mastodon.rendered(document)

    assert shown.body.startswith("<p><strong>A title</strong></p>")
    assert (shown.title, shown.warning, shown.media, shown.unavailable) == (None, None, (), ())
    assert (shown.card, shown.language) == (PAGE, "en-GB")
    assert shown.hashtags == ("#Fractions", "#Mathematics", "#Year4")


def test_mastodon_shows_pictures_and_the_warning_of_a_note() -> None:
    shown = mastodon.rendered(objects.document(POSTS["a note with a warning"], at=AT))

    assert (shown.warning, shown.media) == ("Spiders", (PICTURE.url, FILM.url))


def test_lemmy_takes_the_page_of_a_resource_for_the_link_of_the_post() -> None:
    document = objects.document(POSTS["a resource"], at=AT)

    assert (lemmy.title(document), lemmy.address(document)) == ("A title", PAGE)


def test_lemmy_sees_a_comment_in_a_reply() -> None:
    assert lemmy.title(objects.document(POSTS["a reply"], at=AT)) is None


def test_a_boost_by_id_is_what_mastodon_takes_from_a_room_and_lemmy_does_not() -> None:
    boost = wrapped({}) | {"object": "https://alder.test/posts/7"}

    assert mastodon.check_activity(boost, OUR_ROOM.uri) == []
    assert lemmy.check_activity(boost, OUR_ROOM.uri) == ["CannotReceivePage: an announced id is no activity"]


def test_our_signatures_satisfy_mastodon_in_both_schemes() -> None:
    body, pem = b'{"type":"Like"}', an_rsa_pair().public
    signer = Signer(key_id=f"{ANNA}#main-key", private_pem=an_rsa_pair().private_pem)

    def signed(scheme: Scheme) -> mastodon.Request:
        url = "https://oak.test/inbox?x=1"
        headers = signatures.sign(signer, scheme=scheme, method="POST", url=url, body=body, now=MONDAY)
        lower = {name.lower(): value for name, value in headers.items()}
        return mastodon.Request("POST", "/inbox?x=1", "oak.test", lower, body)

    cavage, newer = signed(Scheme.CAVAGE), signed(Scheme.RFC9421)

    assert mastodon.check_cavage(cavage, pem, now=MONDAY) == []
    assert mastodon.check_9421(newer, pem, origin="https://oak.test") == []
    assert mastodon.check_cavage(cavage._replace(body=b"{}"), pem, now=MONDAY) == ["the digest is of another body"]
    assert mastodon.check_cavage(cavage, pem, now=MONDAY + timedelta(hours=2)) == ["signed at another time"]
    assert mastodon.check_9421(newer, pem, origin="https://elm.test") == ["the signature does not fit"]


def test_webfinger_has_to_lead_back_to_the_actor() -> None:
    actor = ACTORS["Person"]
    link = {"rel": "self", "type": "application/activity+json", "href": ANNA}
    good = {"subject": "acct:anna@alder.test", "links": [link]}

    assert mastodon.check_webfinger(good, actor) == []
    assert mastodon.check_webfinger(good | {"subject": "acct:ann@alder.test"}, actor) != []
    assert mastodon.check_webfinger(good | {"links": [link | {"type": "application/json"}]}, actor) != []
    assert mastodon.check_webfinger(good | {"links": [link | {"href": f"{ANNA}/"}]}, actor) != []


def put(path: str, value: object) -> Callable[[Document], None]:
    """A change to a document: `path` names the place, with dots, and None takes away what is there."""

    def change(document: Document) -> None:
        *places, last = path.split(".")
        for place in places:
            document = document[place]
        if value is None:
            document.pop(last, None)
        else:
            document[last] = value

    return change


CREATE: Final = "Create: a note in a room"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (CREATE, put("@context", "https://www.w3.org/ns/activitystreams")),
        (CREATE, put("@context", [{"own": "terms"}, "https://www.w3.org/ns/activitystreams"])),
        (CREATE, put("@context", ["https://www.w3.org/ns/activitystreams", "https://ours.test/context"])),
        (CREATE, put("to", PUBLIC_IRI)),
        (CREATE, put("to", ["as:Public"])),
        (CREATE, put("cc", None)),
        (CREATE, put("id", None)),
        (CREATE, put("id", "https://elsewhere.test/1")),
        (CREATE, put("id", "https://alder.test/posts/7#create")),
        (CREATE, put("published", "2026-09-07T08:30:00+00:00")),
        (CREATE, put("object", "https://alder.test/posts/7")),
        (CREATE, put("object.type", ["Note", "Page"])),
        (CREATE, put("object.attributedTo", [ANNA])),
        (CREATE, put("object.audience", [ROOM.uri])),
        (CREATE, put("object.to", None)),
        (CREATE, put("object.sensitive", None)),
        (CREATE, put("object.tag", None)),
        (CREATE, put("object.attachment", {})),
        (CREATE, put("object.url", ["https://alder.test/posts/7"])),
        (CREATE, put("object.url", "https://elsewhere.test/7")),
        (CREATE, put("object.updated", "yesterday")),
        (CREATE, put("object.content", "<p>x</p><iframe></iframe>")),
        (CREATE, put("object.contentMap", {"en": "else"})),
        (CREATE, put("object.language", "en")),
        ("Create: a reply", put("object.name", "A title")),
        ("Announce", put("published", None)),
    ],
)
def test_breaking_one_of_the_ten_rules_is_noticed(name: str, change: Callable[[Document], None]) -> None:
    document = copy.deepcopy(SAID[name])
    change(document)

    assert len(rules.check(document)) >= 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (CREATE, put("actor", BEN.uri)),
        (CREATE, put("@context", [{}])),
        (CREATE, put("object.id", "https://elsewhere.test/7")),
        (CREATE, put("object.id", "https://alder.test/posts#7")),
        (CREATE, put("object.attributedTo", BEN.uri)),
        (CREATE, put("object.type", "Document")),
        (CREATE, put("object.tag", [None])),
        (CREATE, put("object.cc", [])),
        (CREATE, put("object.attachment", [{"type": "Document", "mediaType": "application/pdf", "url": "https://x"}])),
        (CREATE, put("object.attachment", [{"type": "Image", "mediaType": "image/png", "url": ["https://x"]}])),
        (CREATE, put("object.interactionPolicy", "nobody")),
        ("Create: a reply", put("object.inReplyTo", ["https://birch.test/posts/1"])),
        ("Create: a reply", put("object.name", "A title")),
        ("Update: a note", put("object.updated", None)),
        ("Update: an actor", put("object.id", BEN.uri)),
        ("Delete", put("object", "https://birch.test/1")),
        ("Undo: a like", put("object", "https://alder.test/activities/2")),
        ("Undo: a like", put("object.actor", BEN.uri)),
        ("Announce", put("to", [f"{ANNA}/followers"])),
        ("Announce", put("object", {"type": "Create", "id": "https://birch.test/1/activity"})),
        ("Accept", put("object", "https://birch.test/f/1")),
        ("Flag", put("object", [])),
        ("Add", put("target", "https://birch.test/featured")),
    ],
)
def test_mastodon_notices_what_it_would_drop(name: str, change: Callable[[Document], None]) -> None:
    document = copy.deepcopy(SAID[name])
    change(document)

    assert len(mastodon.check_activity(document, ANNA)) >= 1


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (CREATE, put("actor", BEN.uri)),
        (CREATE, put("to", None)),
        (CREATE, put("cc", None)),
        (CREATE, put("object.type", ["Note"])),
        (CREATE, put("object.type", "Document")),
        (CREATE, put("object.content", None)),
        (CREATE, put("object.to", None)),
        (CREATE, put("object.attributedTo", [ANNA])),
        (CREATE, put("object.attachment", [{"type": "Audio", "url": "https://x"}])),
        (CREATE, put("object.attachment", [{"type": "Image", "url": ["https://x"]}])),
        (CREATE, put("object.attachment", {"type": "Link", "href": "https://x"})),
        (CREATE, put("object.language", {"identifier": "en"})),
        (CREATE, put("object.audience", "https://other.test/groups/1")),
        ("Delete", put("to", None)),
        ("Undo: a like", put("object", "https://alder.test/activities/2")),
    ],
)
def test_lemmy_notices_what_it_would_refuse(name: str, change: Callable[[Document], None]) -> None:
    document = copy.deepcopy(SAID[name])
    change(document)

    assert len(lemmy.check_activity(document, ANNA)) >= 1
    assert len(lemmy.check_activity(wrapped(document), OUR_ROOM.uri)) >= (0 if document["actor"] != ANNA else 1)


@pytest.mark.parametrize(
    "change",
    [
        put("id", f"{ANNA}/"),
        put("type", "Robot"),
        put("inbox", None),
        put("inbox", "https://elsewhere.test/inbox"),
        put("preferredUsername", "anna ash"),
        put("endpoints", {}),
        put("discoverable", None),
        put("attachment", {}),
        put("icon", "https://alder.test/a.png"),
        put("url", "https://elsewhere.test/@anna"),
        put("publicKey", None),
        put("publicKey.owner", BEN.uri),
        put("publicKey.id", ANNA),
        put("publicKey.id", f"{ANNA}#keys/1"),
        put("publicKey.publicKeyPem", "-----BEGIN RSA PUBLIC KEY-----"),
        put("assertionMethod", [{"controller": BEN.uri}]),
        put("interactionPolicy", "none"),
        put("@context", "https://w3id.org/security/v1"),
    ],
)
def test_mastodon_notices_an_actor_it_could_not_use(change: Callable[[Document], None]) -> None:
    actor = copy.deepcopy(ACTORS["Person"])
    change(actor)

    assert len(mastodon.check_actor(actor, ANNA)) >= 1


@pytest.mark.parametrize(
    "change",
    [
        put("outbox", None),
        put("featured", None),
        put("attributedTo", ["https://alder.test/users/anna"]),
        put("publicKey.id", "https://alder.test/groups/maths#key"),
        put("icon", {"type": "Image", "url": {"href": "https://alder.test/a.png"}}),
        put("endpoints", {"sharedInbox": "https://elsewhere.test/inbox"}),
        put("language", "en"),
    ],
)
def test_lemmy_notices_a_community_it_could_not_read(change: Callable[[Document], None]) -> None:
    actor = copy.deepcopy(ACTORS["Group"])
    change(actor)

    assert len(lemmy.check_actor(actor)) >= 1


@pytest.mark.parametrize(
    ("status", "content_type", "url"),
    [
        (404, "application/activity+json", "https://alder.test/posts/7"),
        (200, "application/ld+json", "https://alder.test/posts/7"),
        (200, "application/json", "https://alder.test/posts/7"),
        (200, "application/activity+json", "https://alder.test/posts/7/"),
    ],
)
def test_mastodon_notices_an_answer_it_would_not_read(status: int, content_type: str, url: str) -> None:
    document = objects.document(facts(), at=AT)

    complaints = mastodon.check_fetch(status=status, content_type=content_type, body=b"", document=document, url=url)

    assert len(complaints) == 1


@pytest.mark.parametrize(
    ("content_type", "is_read"),
    [
        ("application/activity+json", True),
        ("application/activity+json; charset=utf-8", True),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True),
        ("application/ld+json; profile=https://www.w3.org/ns/activitystreams; charset=utf-8", False),
        ("application/json", False),
    ],
)
def test_lemmy_compares_content_types_to_the_letter(content_type: str, is_read: bool) -> None:
    assert (lemmy.check_content_type(content_type) == []) is is_read
