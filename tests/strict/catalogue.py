"""Everything that we can say, made at least once: each kind of actor, post and activity, with all it may have."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from fedishare.as2.write import NOTE, with_context
from fedishare.core.uris import Uris
from fedishare.domain.audience import PUBLIC_IRI, Visibility
from fedishare.domain.kinds import AttachmentKind, KeyKind, Kind, OfferState, PostKind, QuoteState
from fedishare.domain.papers import (
    ActionPaper,
    ItemPaper,
    Left,
    Link,
    MeetingPaper,
    MinutesPaper,
    OrderPaper,
    Part,
    Record,
    ReportPaper,
)
from fedishare.domain.terms import Basis, Term, TermKind
from fedishare.outbox import activities, embeds, handles, objects, polls, resources, rooms, stamps
from fedishare.queries.offers import OfferFacts
from fedishare.queries.outgoing import (
    AttachmentRow,
    FileRow,
    ImageRow,
    OptionRow,
    PollRow,
    PostFacts,
    PostRow,
    PurposeRow,
    QuoteRow,
    Reply,
    UseFacts,
    VoteRow,
)
from fedishare.queries.parties import ActorFacts, ActorRow, Key, Who
from fedishare.queries.quotes import StampFacts
from fedishare.queries.resources import ResourceRow
from fedishare.services.offers import Act, Wish
from tests.builders import MONDAY, WORKSHEET, an_ed25519_pair, an_rsa_pair

Document = dict[str, Any]

AT: Final = Uris("https://alder.test")
ANNA: Final = "https://alder.test/users/anna"
PAGE: Final = "https://alder.test/resources/7"
HTML: Final = '<p>One <strong>two</strong> <a href="https://x.test/" rel="nofollow">link</a></p>'


def somebody(name: str, domain: str, *, kind: Kind = Kind.PERSON) -> Who:
    folder = {Kind.GROUP: "groups", Kind.SERVICE: "collections"}.get(kind, "users")
    uri = f"https://{domain}/{folder}/{name}"
    url = f"https://{domain}/@{name}"
    is_local = domain == "alder.test"
    return Who(1, uri, kind, name, domain, name.title(), url, f"{uri}/inbox", f"{uri}/followers", is_local)


AUTHOR: Final = somebody("anna", "alder.test")
BEN: Final = somebody("ben", "birch.test")
ROOM: Final = somebody("slt", "hants.test", kind=Kind.GROUP)
OUR_ROOM: Final = somebody("maths", "alder.test", kind=Kind.GROUP)
FRACTIONS: Final = somebody("year-4-fractions", "alder.test", kind=Kind.SERVICE)
KEY: Final = Key(f"{ANNA}#ed25519-key", KeyKind.ED25519, an_ed25519_pair().public, an_ed25519_pair().private_pem)
RESOURCE: Final = ResourceRow(
    description="d",
    age_min=8,
    age_max=9,
    licence="CC-BY-4.0",
    licence_label="CC BY 4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    minutes=60,
    credit="Anna, Alder Primary",
    version=1,
    terms=(
        *WORKSHEET,
        Term(
            TermKind.AUDIENCE, "teacher", "Teachers", "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"
        ),
        Term(TermKind.OBJECTIVE, None, "Compare fractions"),
        Term(TermKind.KEYWORD, "equal parts", "equal parts"),
        Term(TermKind.FEATURE, "largePrint", "Large print"),
    ),
    bases=(Basis("https://birch.test/resources/3", "Fraction strips", "https://creativecommons.org/licenses/by/4.0/"),),
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
    apart = {Kind.NODE: AT.node, Kind.GROUP: f"{AT.origin}/groups/maths", Kind.SERVICE: FRACTIONS.uri}
    uri = apart.get(kind, ANNA)
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
    row = ActorRow(**(values | over))
    told: dict[str, Any] = {"items_uri": f"{uri}/items", "curator_uri": ANNA} if kind is Kind.SERVICE else {}
    return objects.actor(ActorFacts(row, members_only_posting=False, keys=keys, **told), at=AT)


POLL: Final = PollRow(7, multiple=False, ends_at=MONDAY + timedelta(days=1), closed_at=None, voters_count=3)
OPTIONS: Final = (OptionRow("Cake", 2), OptionRow("Pizza", 1))
REPLY: Final = {"in_reply_to_uri": "https://birch.test/posts/1", "answered": BEN, "title": "unseen"}
MINUTES: Final = MinutesPaper(
    meeting="https://birch.test/posts/1",
    record=Record(
        present=("Anna",),
        apologies=("Ben",),
        notes="We met.",
        decisions=("Cake",),
        parts=(Part(headline="Phonics", item="https://birch.test/posts/2", notes="Yes", decisions=("Daily",)),),
        left=(Left(headline="Wet play", item="https://birch.test/posts/3"),),
        links=(Link(url="https://x.test/", name="Plan"),),
    ),
    actions=(
        ActionPaper(uri="https://alder.test/posts/7#action-1", headline="Bake", owner=BEN.uri, due="2027-04-02"),
        ActionPaper(uri="https://alder.test/posts/7#action-2", headline="Eat", owner=ANNA, is_done=True),
    ),
)
POSTS: Final[dict[str, PostFacts]] = {
    "a note in a room": facts(),
    "a note with a warning": facts(warning="Spiders"),
    "a reply": facts(**REPLY),
    "an article": facts(kind="Article"),
    "a resource": facts(uri=PAGE, url=PAGE, resource=RESOURCE, files=(FILE,), attachments=(), node_name="Alder"),
    "a new version of a resource": facts(
        uri=PAGE, url=PAGE, resource=RESOURCE._replace(version=2, changed="Larger print"), files=(FILE,), attachments=()
    ),
    "a resource with a preview": facts(
        uri=PAGE, url=PAGE, resource=RESOURCE, files=(FILE,), attachments=(), images=(ImageRow("wall.pdf", 900, 1200),)
    ),
    "a resource in a collection": facts(
        uri=PAGE, url=PAGE, resource=RESOURCE, files=(FILE,), attachments=(), anthologies=(FRACTIONS,)
    ),
    "a poll": facts(kind="Question", title=None, attachments=(), poll=POLL, options=OPTIONS),
    "a settled question": facts(purpose=PurposeRow(PostKind.QUESTION, "https://birch.test/posts/9")),
    "a quote": facts(quote=QuoteRow("https://birch.test/posts/1", QuoteState.ACCEPTED, "https://birch.test/stamps/1")),
    "a post for followers": facts(
        room=None, mentions=(), to=[f"{ANNA}/followers"], cc=[], visibility=Visibility.FOLLOWERS
    ),
    "a post for people": facts(room=None, to=[BEN.uri], cc=[], visibility=Visibility.MENTIONED),
    "a post for a room": facts(mentions=(), to=[ROOM.uri, f"{ROOM.uri}/followers"], cc=[], visibility=Visibility.ROOM),
    "a meeting": facts(paper=MeetingPaper(starts="2027-03-12T16:00", place="Room 4", note="Hi", secretary=BEN.uri)),
    "a cancelled meeting": facts(paper=MeetingPaper(starts="2027-03-12T16:00", is_cancelled=True)),
    "an agenda item": facts(**REPLY, paper=ItemPaper(headline="Phonics", meeting="https://birch.test/posts/1")),
    "an agenda": facts(**REPLY, paper=OrderPaper(meeting="https://birch.test/posts/1", items=("https://x.test/2",))),
    "minutes": facts(paper=MINUTES),
    "a report": facts(**REPLY, paper=ReportPaper(action="https://birch.test/posts/4#action-1")),
}
ACTORS: Final = {kind.value: an_actor(kind) for kind in Kind}
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
LISTED: Final = {
    "actor": FRACTIONS.uri,
    "resource": "https://birch.test/resources/3",
    "items": f"{FRACTIONS.uri}/items",
    "followers": f"{FRACTIONS.uri}/followers",
}
VOTE: Final = VoteRow(21, "https://alder.test/activities/21#vote", "Cake", MONDAY)
ASKED: Final = activities.quote_request(
    objects.document(facts(), at=AT), uri=AT.activity(30), quoted="https://birch.test/posts/1", author=BEN.uri
)
ASKING: Final[Document] = {
    "id": "https://birch.test/quotes/1",
    "type": "QuoteRequest",
    "actor": BEN.uri,
    "object": "https://alder.test/posts/7",
    "instrument": "https://birch.test/posts/2",
}
LOCKED: Final = activities.lock(
    uri=AT.activity(31), actor=ANNA, post="https://birch.test/1", to=[PUBLIC_IRI], audience=ROOM.uri, summary="Enough"
)
LINK: Final = activities.follow(uri=AT.activity(60), actor=OUR_ROOM.uri, followee=ROOM.uri)
LINKING: Final = activities.follow(uri="https://hants.test/f/1", actor=ROOM.uri, followee=OUR_ROOM.uri)
INVITED: Final = activities.invite(uri=AT.activity(49), actor=ANNA, person=BEN.uri)
CY: Final = "https://oak.test/users/cy"


def an_offer(wish: Wish, *, due: datetime | None = None) -> Document:
    """Anna asks a handle at birch.test, which she runs."""
    offered = OfferFacts(AT.activity(56), msgspec.json.encode(wish), due, OfferState.SENT, MONDAY, AUTHOR, BEN)
    return handles.offer(offered)


OTHERS: Final = {
    "a stamp": stamps.stamp(
        StampFacts(1, AT.activity(40), 7, "https://alder.test/posts/7", "https://birch.test/posts/2", None, AUTHOR, BEN)
    ),
    "a tombstone": objects.tombstone("https://alder.test/posts/7", former_type="Note", deleted=MONDAY),
}
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
    "Create: a vote": activities.create_vote(
        polls.vote(VOTE, voter=ANNA, author=BEN.uri, poll="https://birch.test/polls/1"), uri=AT.activity(22)
    ),
    "Update: a picture": activities.update(
        objects.proven(POSTS["a resource with a preview"], at=AT), uri=AT.activity(25)
    ),
    "Update: a count": activities.update(objects.document(POSTS["a poll"], at=AT), uri=AT.activity(23)),
    "QuoteRequest": ASKED,
    "Accept: a quote": activities.accept_quote(ASKING, uri=AT.activity(32), actor=ANNA, stamp=AT.activity(40)),
    "Reject: a quote": activities.reject_quote(ASKING, uri=AT.activity(33), actor=ANNA),
    "Delete: a stamp": activities.delete_stamp(
        uri=AT.activity(34), actor=ANNA, stamp=AT.activity(40), to=[PUBLIC_IRI], cc=[BEN.uri]
    ),
    "Delete: by a moderator": activities.take_out(
        uri=AT.activity(35), actor=ANNA, post="https://birch.test/1", to=[PUBLIC_IRI], audience=ROOM.uri, summary="Spam"
    ),
    "Lock": LOCKED,
    "Undo: a lock": activities.undo(LOCKED, uri=AT.activity(36)),
    "Block: from a room": activities.ban(
        uri=AT.activity(37), actor=ANNA, banned=BEN.uri, room=ROOM.uri, summary="Spam", until=MONDAY, with_posts=True
    ),
    "Add: a moderator": activities.list_in(
        "Add", uri=AT.activity(38), actor=ANNA, thing=BEN.uri, target=f"{ROOM.uri}/moderators", room=ROOM.uri
    ),
    "Invite: into a room": activities.invite(uri=AT.activity(41), actor=OUR_ROOM.uri, person=BEN.uri),
    "Add: a member": activities.list_member(
        "Add",
        uri=AT.activity(42),
        room=OUR_ROOM.uri,
        person=BEN.uri,
        members=f"{OUR_ROOM.uri}/members",
        followers=f"{OUR_ROOM.uri}/followers",
    ),
    "Follow: with an invitation": activities.follow(
        uri=AT.activity(43), actor=ANNA, followee=ROOM.uri, link="https://hants.test/join/x"
    ),
    "Follow: a room by a room": LINK,
    "Undo: a link": activities.undo(LINK, uri=AT.activity(61)),
    "Accept: a link": activities.accept(LINKING, uri=AT.activity(62)),
    "Reject: a link": activities.reject(LINKING, uri=AT.activity(63)),
    "Announce: of what came by a link": activities.announce(
        uri=AT.activity(64),
        actor=OUR_ROOM.uri,
        target="https://birch.test/1",
        to=[PUBLIC_IRI],
        cc=[f"{OUR_ROOM.uri}/followers", BEN.uri],
        at=MONDAY,
        audience=OUR_ROOM.uri,
    ),
    "Update: as a room found it": activities.update(
        with_context(
            NOTE, embeds.embedded(EDITED.post, author_uri=ANNA, attachments=EDITED.attachments, room=OUR_ROOM)
        ),
        uri=AT.activity(65),
    ),
    "Create: for another room": rooms.for_room(activities.create(objects.document(facts(), at=AT)), OUR_ROOM),
    "Reject: a post": activities.refuse(
        uri=AT.activity(39), room=ANNA, activity="https://birch.test/1/activity", author=BEN.uri, summary="Closed"
    ),
    "Invite: to run a handle": INVITED,
    "Undo: an invitation": activities.undo(INVITED, uri=AT.activity(50)),
    "Accept: an invitation": activities.answer_invite(
        "Accept", uri=AT.activity(51), invitation="https://birch.test/i/1", handle=BEN.uri, person=ANNA
    ),
    "Reject: an invitation": activities.answer_invite(
        "Reject", uri=AT.activity(52), invitation="https://birch.test/i/1", handle=BEN.uri, person=ANNA
    ),
    "Offer: a note": an_offer(Wish(text="We meet **soon**", warning="Late", mentions=(("cy@oak.test", CY),))),
    "Offer: a note for later": an_offer(Wish(text="Now", title="Later"), due=MONDAY + timedelta(days=1)),
    "Offer: plain": activities.offer(
        {"type": "Like", "actor": BEN.uri, "object": PAGE}, uri=AT.activity(57), actor=ANNA, handle=BEN.uri, at=MONDAY
    ),
    "Offer: an answer": an_offer(Wish(text="Yes", post_uri="https://oak.test/1")),
    "Offer: a boost": an_offer(Wish(act=Act.BOOST, post_uri="https://oak.test/1")),
    "Offer: no like any more": an_offer(Wish(act=Act.UNLIKE, post_uri="https://oak.test/1")),
    "Offer: a deletion": an_offer(Wish(act=Act.DELETE, post_uri="https://birch.test/1")),
    "Undo: an offer": activities.undo(an_offer(Wish(text="No")), uri=AT.activity(53)),
    "Accept: an offer": activities.answer_offer(
        "Accept", uri=AT.activity(54), handle=ANNA, person=BEN.uri, offered="https://birch.test/o/1", result=PAGE
    ),
    "Reject: an offer": activities.answer_offer(
        "Reject", uri=AT.activity(55), handle=ANNA, person=BEN.uri, offered="https://birch.test/o/1", summary="No"
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
    "Add: into a collection": activities.put_in(
        uri=AT.activity(58), line="Why &amp; how", position=2, previous=PAGE, **LISTED
    ),
    "Add: first into a collection": activities.put_in(uri=AT.activity(59), position=1, **LISTED),
    "Delete: an actor": activities.delete_actor(
        uri=AT.activity(60), actor=FRACTIONS.uri, followers=f"{FRACTIONS.uri}/followers"
    ),
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
