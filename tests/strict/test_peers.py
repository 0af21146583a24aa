"""Everything we can say passes the strictest readers; and they do notice what is wrong."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from fedishare.as2 import write
from fedishare.core.uris import Uris
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.domain.kinds import AttachmentKind, KeyKind, Kind
from fedishare.net import signatures
from fedishare.net.signatures import Scheme, Signer
from fedishare.outbox import activities, objects, resources, seals
from fedishare.queries.outgoing import (
    AttachmentRow,
    FileRow,
    PostFacts,
    PostRow,
    Reply,
    ResourceRow,
    UseFacts,
)
from fedishare.queries.parties import ActorFacts, ActorRow, Key, Who
from tests.builders import MONDAY, an_ed25519_pair, an_rsa_pair
from tests.strict import lemmy, mastodon, rules

Document = dict[str, Any]

AT: Final = Uris("https://alder.test")
ANNA: Final = "https://alder.test/users/anna"
PAGE: Final = "https://alder.test/resources/7"
HTML: Final = '<p>One <strong>two</strong> <a href="https://x.test/" rel="nofollow">link</a></p>'


def somebody(name: str, domain: str, *, kind: Kind = Kind.PERSON) -> Who:
    folder = "groups" if kind is Kind.GROUP else "users"
    uri = f"https://{domain}/{folder}/{name}"
    url = f"https://{domain}/@{name}"
    is_local = domain == "alder.test"
    return Who(1, uri, kind, name, domain, name.title(), url, f"{uri}/inbox", f"{uri}/followers", is_local)


AUTHOR: Final = somebody("anna", "alder.test")
BEN: Final = somebody("ben", "birch.test")
ROOM: Final = somebody("slt", "hants.test", kind=Kind.GROUP)
OUR_ROOM: Final = somebody("maths", "alder.test", kind=Kind.GROUP)
KEY: Final = Key(f"{ANNA}#ed25519-key", KeyKind.ED25519, an_ed25519_pair().public, an_ed25519_pair().private_pem)
RESOURCE: Final = ResourceRow(
    description="d",
    subject="mathematics",
    subject_label="Mathematics",
    level="england:year-4",
    level_label="Year 4",
    age_min=8,
    age_max=9,
    type="worksheet",
    type_label="Worksheet",
    licence="CC-BY-4.0",
    licence_label="CC BY 4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    version=1,
)
FILE: Final = FileRow("wall.pdf", "application/pdf", 96_211, "b" * 64, f"{PAGE}/files/wall.pdf")
PICTURE: Final = AttachmentRow(
    AttachmentKind.IMAGE, "https://alder.test/media/1", "image/png", "A wall", 10, 10, 0.0, 0.5
)
FILM: Final = AttachmentRow(AttachmentKind.VIDEO, "https://alder.test/media/2", "video/mp4", "", None, None, None, None)


def facts(**over: Any) -> PostFacts:
    """A post in somebody's room with everything a post may have, changed as the test says."""
    row = PostRow(
        id=7,
        uri=over.pop("uri", "https://alder.test/posts/7"),
        url=over.pop("url", "https://alder.test/posts/7"),
        kind=over.pop("kind", "Note"),
        local=True,
        title=over.pop("title", "A title"),
        warning=over.pop("warning", None),
        content=over.pop("content", HTML),
        source="One **two**",
        language="en-GB",
        sensitive=False,
        visibility=over.pop("visibility", Visibility.PUBLIC),
        addressed_to=over.pop("to", [PUBLIC_IRI]),
        addressed_cc=over.pop("cc", [f"{ANNA}/followers", BEN.uri, ROOM.uri]),
        in_reply_to_uri=over.pop("in_reply_to_uri", None),
        thread_id=7,
        context_uri=None,
        published_at=MONDAY,
        edited_at=over.pop("edited_at", None),
        deleted_at=over.pop("deleted_at", None),
        replies_count=1,
        likes_count=2,
        boosts_count=3,
    )
    values: dict[str, Any] = {
        "post": row,
        "author": AUTHOR,
        "room": ROOM,
        "answered": None,
        "root": None,
        "resource": None,
        "key": KEY,
        "files": (),
        "mentions": (BEN,),
        "tags": ("Fractions",),
        "attachments": (PICTURE, FILM),
        "replies": (Reply(9, "https://birch.test/posts/9"),),
    }
    return PostFacts(**(values | over))


def an_actor(kind: Kind, **over: Any) -> Document:
    uri = {Kind.NODE: AT.node, Kind.GROUP: f"{AT.origin}/groups/maths"}.get(kind, ANNA)
    values: dict[str, Any] = {
        "id": 1,
        "uri": uri,
        "kind": kind,
        "username": "alder.test" if kind is Kind.NODE else uri.rpartition("/")[2],
        "domain": "alder.test",
        "host": "alder.test",
        "local": True,
        "name": "Anna",
        "summary": "<p>Hi</p>",
        "url": "https://alder.test/@anna",
        "inbox": f"{uri}/inbox",
        "shared_inbox": AT.shared_inbox,
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "following": f"{uri}/following",
        "featured": f"{uri}/featured",
        "moderators": f"{uri}/moderators" if kind is Kind.GROUP else None,
        "icon_url": "https://alder.test/media/a.png",
        "image_url": None,
        "fields": [{"name": "School", "value": "Cornerstone"}],
        "locked": False,
        "discoverable": True,
        "indexable": False,
        "also_known_as": [],
        "moved_to": None,
        "created_at": MONDAY,
        "published_at": MONDAY,
        "suspended_at": None,
        "deleted_at": None,
    }
    keys = (
        Key(f"{uri}#main-key", KeyKind.RSA, an_rsa_pair().public, None),
        Key(f"{uri}#ed25519-key", KeyKind.ED25519, an_ed25519_pair().public, None),
    )
    return objects.actor(ActorFacts(ActorRow(**(values | over)), members_only_posting=False, keys=keys), at=AT)


REPLY: Final = {"in_reply_to_uri": "https://birch.test/posts/1", "answered": BEN, "title": "unseen"}
POSTS: Final[dict[str, PostFacts]] = {
    "a note in a room": facts(),
    "a note with a warning": facts(warning="Spiders"),
    "a reply": facts(**REPLY),
    "an article": facts(kind="Article"),
    "a resource": facts(uri=PAGE, url=PAGE, resource=RESOURCE, files=(FILE,), attachments=()),
    "a post for followers": facts(
        room=None, mentions=(), to=[f"{ANNA}/followers"], cc=[], visibility=Visibility.FOLLOWERS
    ),
    "a post for people": facts(room=None, to=[BEN.uri], cc=[], visibility=Visibility.MENTIONED),
    "a post for a room": facts(mentions=(), to=[ROOM.uri, f"{ROOM.uri}/followers"], cc=[], visibility=Visibility.ROOM),
}
ACTORS: Final = {kind.value: an_actor(kind) for kind in (Kind.PERSON, Kind.GROUP, Kind.ORGANISATION, Kind.NODE)}
USE: Final = UseFacts(
    5, "https://alder.test/activities/5", "Went well", "england:year-4", MONDAY, AUTHOR, POSTS["a resource"].post, BEN
)
EDITED: Final = facts(edited_at=MONDAY + timedelta(days=1))
FOLLOW: Final = activities.follow(uri=AT.activity(1), actor=ANNA, followee=BEN.uri)
FOLLOWED: Final = activities.follow(uri="https://birch.test/f/1", actor=BEN.uri, followee=ANNA)
LIKE: Final = activities.like(uri=AT.activity(2), actor=ANNA, post="https://birch.test/1", author=BEN.uri)
BOOST: Final = activities.announce(
    uri=AT.activity(3), actor=ANNA, target="https://birch.test/1", to=[PUBLIC_IRI], cc=[BEN.uri], at=MONDAY
)
PINNED: Final = {"actor": ANNA, "post": "https://alder.test/posts/7", "featured": f"{ANNA}/featured"}
SAID: Final[dict[str, Document]] = {
    **{f"Create: {name}": activities.create(objects.proven(post, at=AT)) for name, post in POSTS.items()},
    "Create: a use": activities.create(resources.use_note(USE, at=AT), uri=USE.uri),
    "Update: a note": activities.update(objects.proven(EDITED, at=AT), uri=AT.activity(4)),
    "Update: an actor": activities.update_actor(
        ACTORS["Person"], uri=AT.activity(5), followers=f"{ANNA}/followers", at=MONDAY
    ),
    "Delete": activities.delete(
        objects.tombstone("https://alder.test/posts/7", former_type="Note", deleted=MONDAY),
        uri=AT.activity(6),
        actor=ANNA,
        to=[PUBLIC_IRI],
        cc=[],
        audience=ROOM.uri,
    ),
    "Follow": FOLLOW,
    "Accept": activities.accept(FOLLOWED, uri=AT.activity(7)),
    "Reject": activities.reject(FOLLOWED, uri=AT.activity(8)),
    "Like": LIKE,
    "Announce": BOOST,
    "Undo: a follow": activities.undo(FOLLOW, uri=AT.activity(9)),
    "Undo: a like": activities.undo(LIKE, uri=AT.activity(10)),
    "Undo: a boost": activities.undo(BOOST, uri=AT.activity(11)),
    "Block": activities.block(uri=AT.activity(12), actor=ANNA, blocked=BEN.uri),
    "Flag": activities.flag(
        uri=AT.activity(13), actor=ANNA, target=BEN.uri, posts=["https://birch.test/1"], comment="Spam", at=MONDAY
    ),
    "Move": activities.move(
        uri=AT.activity(14), actor=ANNA, target="https://new.test/users/anna", followers=f"{ANNA}/followers"
    ),
    "Add": activities.add(uri=AT.activity(15), followers=f"{ANNA}/followers", **PINNED),
    "Remove": activities.remove(uri=AT.activity(16), followers=f"{ANNA}/followers", **PINNED),
}


def wrapped(inner: Document) -> Document:
    return activities.announce(
        uri=AT.activity(20),
        actor=OUR_ROOM.uri,
        target=inner,
        to=[PUBLIC_IRI],
        cc=[f"{OUR_ROOM.uri}/followers", ANNA],
        at=MONDAY,
        audience=OUR_ROOM.uri,
    )


@pytest.mark.parametrize("name", SAID)
def test_every_activity_keeps_the_ten_rules_and_satisfies_mastodon(name: str) -> None:
    plain = SAID[name]
    proven = seals.proven(plain, key=KEY, at=MONDAY)

    complaints = [rules.check(plain), rules.check(proven), mastodon.check_activity(proven, ANNA)]

    assert complaints == [[], [], []]


@pytest.mark.parametrize("name", SAID)
def test_every_activity_satisfies_lemmy_alone_and_passed_on_by_a_room(name: str) -> None:
    activity = seals.proven(SAID[name], key=KEY, at=MONDAY)
    of_rooms = activity["type"] in lemmy.WRAPPED

    alone = lemmy.check_activity(activity, ANNA) if activity["type"] != "Announce" else []
    passed_on = lemmy.check_activity(wrapped(activity), OUR_ROOM.uri) if of_rooms else []
    frame = rules.check(wrapped(activity))

    assert (alone, passed_on, frame) == ([], [], [])


@pytest.mark.parametrize("name", ACTORS)
def test_every_actor_satisfies_everybody(name: str) -> None:
    actor = ACTORS[name]

    complaints = [rules.check(actor), mastodon.check_actor(actor, actor["id"]), lemmy.check_actor(actor)]

    assert complaints == [[], [], []]


@pytest.mark.parametrize("name", POSTS)
def test_every_post_can_be_fetched(name: str) -> None:
    document = objects.proven(POSTS[name], at=AT)
    body = write.body(document)

    complaints = mastodon.check_fetch(
        status=200, content_type="application/activity+json", body=body, document=document, url=str(document["id"])
    )

    assert (complaints, mastodon.check_object(document), lemmy.check_object(document)) == ([], [], [])


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
