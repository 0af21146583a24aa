"""A room of ours passes on what happened in it, to each member's server in its dialect (FEP-1b12; decision F11)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Connection

from fedishare.as2.write import Document
from fedishare.core import hosts, json
from fedishare.core import uris as addresses
from fedishare.core.errors import Invalid
from fedishare.core.here import Here
from fedishare.core.json import Json
from fedishare.core.uris import Uris
from fedishare.domain import audience, membership
from fedishare.domain import dialects as wordings
from fedishare.domain.audience import PUBLIC_IRI
from fedishare.domain.dialects import LEMMY, OURS
from fedishare.domain.kinds import Dialect
from fedishare.jobs.deliveries import Letter
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import Distribute
from fedishare.outbox import activities, dialects, embeds
from fedishare.outbox.letters import Outgoing, keep_all, letter, named
from fedishare.queries import links, outgoing, parties, recipients
from fedishare.queries.outgoing import Parcel, PostRow
from fedishare.queries.parties import Party, Who
from fedishare.queries.recipients import Member
from fedishare.services import carrying

# The wording for other servers under the same id.
BOOST: Final = "boost"
# What somebody else wrote, as it came, sent by the room.
FORWARDED: Final = "forwarded"
# What came by a link, addressed as Lemmy reads it.
READDRESSED: Final = "readdressed"


class Form(Enum):
    """How something that happened is told."""

    WRAPPED = auto()  # Announce{the activity, unmodified}: all that happens, for servers that know groups
    BOOST = auto()  # Announce{"the post's id"}: a boost, for servers that know only people
    UNBOOST = auto()  # Undo of that boost
    READDRESSED = auto()  # WRAPPED, but the activity names this room in place of the one that it came from
    FORWARDED = auto()  # the activity alone, for servers that believe what its author's proof says


class Event(Enum):
    """What can happen in a room, as far as servers are told differently."""

    POST = auto()
    ANSWER = auto()
    EDIT = auto()
    DELETION = auto()
    ANSWER_DELETED = auto()
    REMOVAL = auto()
    ANSWER_REMOVED = auto()
    RESTORED = auto()
    ANSWER_RESTORED = auto()
    REACTION = auto()
    PIN = auto()
    LOCK = auto()
    BAN = auto()
    # Another room announced the address of a post, and nothing more came.
    SHOWN = auto()
    ANSWER_SHOWN = auto()
    OTHER = auto()


class Known(NamedTuple):
    """What a room passes on, about which post, and who is in the room. `boost` is the room's own boost of the post.

    `embedded` is the post as we know it, where the activity has no more than its address.
    """

    room: Party
    parcel: Parcel
    post: PostRow | None
    boost: str | None
    members: list[Member]
    author_uri: str | None
    embedded: Document | None = None


class Inner(NamedTuple):
    """The activity that is passed on. `about` is the post it concerns, as far as it can be told."""

    uri: str
    type: str
    about: str
    event: Event
    is_public: bool
    document: Document


_W, _B, _U, _F = Form.WRAPPED, Form.BOOST, Form.UNBOOST, Form.FORWARDED
_ONLY_WRAPPED: Final = (frozenset({_W}), frozenset[Form](), frozenset({_W}))
# The table of the interoperability notes (fediverse.md 1.5): for servers that know groups, for those that know
# only people, and for those that we know nothing of. No answer is ever announced where it would show up as a boost.
TOLD: Final[Mapping[Event, tuple[frozenset[Form], frozenset[Form], frozenset[Form]]]] = MappingProxyType(
    {
        Event.POST: (frozenset({_W}), frozenset({_B}), frozenset({_W, _B})),
        Event.ANSWER: (frozenset({_W}), frozenset({_F}), frozenset()),
        Event.EDIT: (frozenset({_W}), frozenset({_F}), frozenset({_W})),
        Event.DELETION: (frozenset({_W}), frozenset({_U, _F}), frozenset({_W, _U})),
        Event.ANSWER_DELETED: (frozenset({_W}), frozenset({_F}), frozenset({_W})),
        Event.REMOVAL: (frozenset({_W}), frozenset({_U}), frozenset({_W, _U})),
        Event.ANSWER_REMOVED: _ONLY_WRAPPED,
        Event.RESTORED: (frozenset({_W}), frozenset({_B}), frozenset({_W, _B})),
        Event.ANSWER_RESTORED: _ONLY_WRAPPED,
        Event.REACTION: _ONLY_WRAPPED,
        Event.PIN: _ONLY_WRAPPED,
        Event.LOCK: _ONLY_WRAPPED,
        Event.BAN: _ONLY_WRAPPED,
        Event.SHOWN: (frozenset({_B}), frozenset({_B}), frozenset({_B})),
        Event.ANSWER_SHOWN: (frozenset({_B}), frozenset(), frozenset()),
        Event.OTHER: _ONLY_WRAPPED,
    }
)
# What other rooms do with what they have by a link; the moderators' decisions stay in their own room.
_BARE: Final = frozenset({Event.SHOWN, Event.ANSWER_SHOWN})
_CARRIED: Final = _BARE | {Event.POST, Event.ANSWER}
_LINKED: Final = _CARRIED | {Event.EDIT, Event.DELETION, Event.ANSWER_DELETED, Event.REACTION}
_COLUMNS: Final = (Dialect.THREADIVERSE, Dialect.MICROBLOG, Dialect.BOTH)


def forms(event: Event, *, dialect: Dialect) -> frozenset[Form]:
    """How one event is told to one kind of server."""
    return TOLD[event][_COLUMNS.index(dialect)]


def event_of(document: Document, *, is_reply: bool, author_uri: str | None) -> Event:
    """What happened, by the activity that says so, and what it is about."""
    kind, target = document.get("type"), document.get("object")
    # A Delete with a summary, or by somebody else, is a moderator's (fediverse.md 1.7).
    is_ruling = "summary" in document or (author_uri is not None and document.get("actor") != author_uri)
    match kind:
        case "Create" | "Announce" as said:
            return _NEW[said, is_reply]
        case "Update":
            return Event.EDIT
        case "Delete" if is_ruling:
            return Event.ANSWER_REMOVED if is_reply else Event.REMOVAL
        case "Delete":
            return Event.ANSWER_DELETED if is_reply else Event.DELETION
        case "Undo":
            return _undone(target.get("type") if isinstance(target, dict) else None, is_reply=is_reply)
        case _:
            return EVENTS.get(str(kind), Event.OTHER)


_NEW: Final = MappingProxyType(
    {
        ("Create", False): Event.POST,
        ("Create", True): Event.ANSWER,
        ("Announce", False): Event.SHOWN,
        ("Announce", True): Event.ANSWER_SHOWN,
    }
)
EVENTS: Final[Mapping[str, Event]] = MappingProxyType(
    {
        "Like": Event.REACTION,
        "EmojiReact": Event.REACTION,
        "Dislike": Event.REACTION,
        "Add": Event.PIN,
        "Remove": Event.PIN,
        "Lock": Event.LOCK,
        "Block": Event.BAN,
    }
)


def _undone(kind: Json, *, is_reply: bool) -> Event:
    if kind == "Delete":
        return Event.ANSWER_RESTORED if is_reply else Event.RESTORED
    return EVENTS.get(str(kind), Event.OTHER)


async def distribute(tools: Tools, job: Distribute) -> None:
    """Pass an activity on to the room's members. Run again, it writes nothing twice.

    Raises Invalid when the activity is not there, or cannot be read.
    """
    known = await tools.db.read(_load, job)
    inner = _read(known)
    recipients = _recipients(known, inner)
    told = {form for _, shapes in recipients for form in shapes}
    # What is served at the Announce's id is the wrapped one, so it is kept whoever gets it.
    kept = Form.BOOST if inner.event in _BARE else Form.WRAPPED
    letters = [
        Outgoing(_LETTERS[form](known, inner, tools.here), _inboxes(recipients, form))
        for form in Form
        if form in told or form is kept
    ]
    await tools.db.write(_keep, tools.here, letters, job, inner)


def _keep(tx: Connection, here: Here, letters: list[Outgoing], job: Distribute, inner: Inner) -> None:
    """What is new goes on to the rooms of this node that are linked with this one, too. What is not ends here."""
    if not keep_all(tx, here, letters) or job.post_id is None or inner.event not in _LINKED or not inner.is_public:
        return
    post_id, uri, is_bare = job.post_id, job.activity_uri, inner.event in _BARE
    for room_id in links.ours_following(tx, room_id=job.room_id):
        if inner.event in _CARRIED:
            carrying.take(tx, here, room_id=room_id, post_id=post_id, activity_uri=uri, is_bare=is_bare)
        else:
            carrying.follow_up(tx, here, room_id=room_id, post_id=post_id, activity_uri=uri)


def _load(tx: Connection, job: Distribute) -> Known:
    parcel = outgoing.parcel(tx, job.activity_uri)
    if parcel is None:
        raise Invalid("The activity that a room should pass on is no longer there.")
    post = outgoing.post_row(tx, job.post_id) if job.post_id is not None else None
    boost = outgoing.boost_of(tx, room_id=job.room_id, post_id=job.post_id) if job.post_id is not None else None
    room, author_uri = parties.party(tx, job.room_id), None
    if job.post_id is not None:
        author_uri = outgoing.author_of(tx, job.post_id)
    return Known(
        room=room,
        parcel=parcel,
        post=post,
        boost=boost,
        members=recipients.members(tx, room_id=job.room_id, author_id=parcel.actor.id),
        author_uri=author_uri,
        embedded=embeds.of_parcel(tx, parcel, post=post, author_uri=author_uri, room=room.who),
    )


def _read(known: Known) -> Inner:
    document = json.loads(known.parcel.body)
    if not isinstance(document, dict):
        raise Invalid("The activity that a room should pass on is not a JSON object.")
    uri, kind = document.get("id"), document.get("type")
    if not isinstance(uri, str) or not isinstance(kind, str):
        raise Invalid("The activity that a room should pass on has no id or no type.")
    post = known.post
    return Inner(
        uri=uri,
        type=kind,
        about=post.uri if post is not None else uri,
        event=event_of(
            document, is_reply=post is not None and post.in_reply_to_uri is not None, author_uri=known.author_uri
        ),
        is_public=_is_public(document, post),
        document=document,
    )


def _is_public(document: Document, post: PostRow | None) -> bool:
    """Whether everybody may know of it. Likes are addressed to nobody, so the post counts where we have it."""
    if post is not None:
        return post.visibility in audience.OPEN
    return any(audience.is_public(uri) for name in ("to", "cc") for uri in _strings(document.get(name)))


def _recipients(known: Known, inner: Inner) -> list[tuple[Member, frozenset[Form]]]:
    author_host = hosts.authority_of(known.parcel.actor.uri)
    # A boost is for everybody to see, so what is for members alone has no other form than the wrapped one.
    fit = frozenset(Form) if inner.is_public else frozenset({Form.WRAPPED})
    members = known.members if inner.is_public else [each for each in known.members if _is_discreet(each)]
    return [
        (member, _told(known, inner, member) & fit)
        for member in members
        if member.host != author_host or _also_to_its_origin(member)
    ]


def _told(known: Known, inner: Inner, member: Member) -> frozenset[Form]:
    found = forms(inner.event, dialect=dialects.dialect_of(member)) - _beyond(known, inner, member)
    is_lemmy = (member.software or "").lower() == LEMMY
    if Form.WRAPPED not in found or not is_lemmy:
        return found
    is_bare = inner.type in embeds.SAYING and not isinstance(inner.document.get("object"), dict)
    if is_bare and known.embedded is None:
        return found - {Form.WRAPPED}  # It reads a post where that is embedded, and nowhere else.
    if not is_bare and _names(inner, known.room.who.uri):
        return found
    return found - {Form.WRAPPED} | {Form.READDRESSED}


def _names(inner: Inner, room_uri: str) -> bool:
    """Whether the activity itself says that it is for this room. What came by a link names another, or none."""
    named = [uri for name in ("audience", "to", "cc") for uri in _strings(inner.document.get(name))]
    return room_uri in named or all(map(audience.is_public, named))


def _is_discreet(member: Member) -> bool:
    """Whether their server shows what is for members to members alone."""
    return membership.is_discreet(member.software, member.dialect_set)


def _beyond(known: Known, inner: Inner, member: Member) -> frozenset[Form]:
    """What a server could do nothing with, or has already: our own author told it directly of an edit or a deletion."""
    has_heard = known.parcel.actor.local and inner.event is not Event.ANSWER
    takes = wordings.takes_forwarded(
        member.software,
        member.version,
        has_proof=isinstance(inner.document.get("proof"), dict),
        has_linked_signature=isinstance(inner.document.get("signature"), dict),
    )
    return frozenset() if takes and not has_heard else frozenset({Form.FORWARDED})


def _also_to_its_origin(member: Member) -> bool:
    """Whether something goes back to the server where it was done (fediverse.md 1.5 skips it).

    A FediShare node learns from the room's word that the room took the post, and shows it
    there only then. Any other server that knows groups filed the post by itself when it was
    written. On the rest only a boost shows it to the author's colleagues who are in the room, so
    it goes there if there are any.
    """
    if (member.software or "").lower() == OURS:
        return True
    return member.others > 0 and dialects.dialect_of(member) is not Dialect.THREADIVERSE


def _inboxes(recipients: Iterable[tuple[Member, frozenset[Form]]], form: Form) -> list[str]:
    return [member.inbox for member, shapes in recipients if form in shapes]


def _wrapped(known: Known, inner: Inner, here: Here) -> Letter:
    uri = _announce_id(known, inner, here.uris)
    announce = _announce(known, target=inner.document, uri=uri, here=here, inner=inner)
    return _letter(known, inner, announce, here, object_uri=inner.uri, raw_object=known.parcel.body)


def _readdressed(known: Known, inner: Inner, here: Here) -> Letter:
    """Lemmy 1.0 files a post where its own addresses say, and drops what is for a room that nobody there is in."""
    uri, room = _announce_id(known, inner, here.uris), known.room.who
    target = for_room(inner.document, room)
    if isinstance(said := target.get("object"), dict):
        target["object"] = for_room(said, room)
    elif known.embedded is not None:
        target["object"] = known.embedded
    announce = _announce(known, target=target, uri=uri, here=here, inner=inner)
    return _letter(known, inner, announce, here, object_uri=inner.uri, variant=READDRESSED)


def for_room(said: Document, room: Who) -> Document:
    """The same for another room than the one that it names. Whoever proved it did not prove this, so that goes."""
    there = said.get("audience")
    if not {"audience", "to", "cc"} & said.keys():
        return said
    shown = {name: value for name, value in said.items() if name not in {"proof", "signature"}}
    to, cc = ([uri for uri in _strings(said.get(name, [])) if uri != there] for name in ("to", "cc"))
    shown |= {"to": list[Json](to), "cc": [room.uri, *cc], "audience": room.uri}
    tags = said.get("tag")
    if isinstance(tags, list):
        mention: Json = {"type": "Mention", "href": room.uri, "name": f"@{room.username}@{room.domain}"}
        others = [tag for tag in tags if not isinstance(tag, dict) or tag.get("href") != there]
        shown["tag"] = [*others, mention]
    return shown


def _boosted(known: Known, inner: Inner, here: Here) -> Letter:
    """Under the same id, because it is the same event in another dialect."""
    uri = _announce_id(known, inner, here.uris)
    announce = _announce(known, target=inner.about, uri=uri, here=here, inner=inner)
    variant = "" if inner.event in _BARE else BOOST
    return _letter(known, inner, announce, here, object_uri=inner.about, variant=variant)


def _unboosted(known: Known, inner: Inner, here: Here) -> Letter:
    boost = known.boost or _announce_id(known, inner, here.uris)
    announce = _announce(known, target=inner.about, uri=boost, here=here, inner=inner)
    undone = activities.undo(announce, uri=named(here.uris, "Undo", boost))
    return _letter(known, inner, undone, here, object_uri=boost)


def _forwarded(known: Known, inner: Inner, _here: Here) -> Letter:
    """The activity to the byte as it came; the room signs no more than the request."""
    return Letter(
        uri=inner.uri,
        actor_id=known.room.who.id,
        type=inner.type,
        object_uri=inner.about,
        about=inner.about,
        body=known.parcel.body,
        public=inner.is_public,
        variant=FORWARDED,
    )


_LETTERS: Final = {
    Form.WRAPPED: _wrapped,
    Form.BOOST: _boosted,
    Form.UNBOOST: _unboosted,
    Form.READDRESSED: _readdressed,
    Form.FORWARDED: _forwarded,
}


def _announce_id(known: Known, inner: Inner, at: Uris) -> str:
    """The id of the room's word on this activity; for a new post it is that of the boost the room recorded."""
    if inner.event in {Event.POST, Event.SHOWN, Event.RESTORED} and known.boost is not None:
        return known.boost
    return named(at, "Announce", known.room.who.uri, inner.uri)


def _announce(known: Known, *, target: Json, uri: str, here: Here, inner: Inner) -> Document:
    room = known.room.who
    author_uri = (known.author_uri if inner.event in _BARE else None) or known.parcel.actor.uri
    followers = room.followers or addresses.followers(room.uri)
    return activities.announce(
        uri=uri,
        actor=room.uri,
        target=target,
        to=[PUBLIC_IRI] if inner.is_public else [followers],
        cc=[followers, author_uri] if inner.is_public else [author_uri],
        at=_not_before(known.post, here.now()),
        audience=room.uri,
    )


def _not_before(post: PostRow | None, now: datetime) -> datetime:
    # Misskey refuses an Announce that is older than the post, and its author's clock may be ahead of ours.
    return max(now, post.published_at) if post is not None else now


def _letter(
    known: Known,
    inner: Inner,
    activity: Document,
    here: Here,
    *,
    object_uri: str,
    raw_object: bytes | None = None,
    variant: str = "",
) -> Letter:
    return letter(
        activity,
        actor=known.room.who,
        object_uri=object_uri,
        about=inner.about,
        public=inner.is_public,
        key=known.room.key if inner.is_public else None,
        at=here.now(),
        raw_object=raw_object,
        variant=variant,
    )


def _strings(value: Json) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]
