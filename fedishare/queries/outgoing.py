"""What the outbox needs to know to put posts, and what is done to them, into words; and what it said before.

Loading only: a few statements for each thing, and small rows for answers.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, select

from fedishare.core.errors import NotFound
from fedishare.db.base import aliased
from fedishare.db.handles import Affiliation
from fedishare.db.people import Actor, ActorKey
from fedishare.db.polls import Poll, PollOption, Vote
from fedishare.db.posts import Attachment, Mention, Post, PostTag
from fedishare.db.previews import Preview
from fedishare.db.quotes import Quote
from fedishare.db.reactions import Reaction
from fedishare.db.reports import Report
from fedishare.db.resources import Resource, ResourceFile, Use
from fedishare.db.rooms import Pin, Purpose, Removal
from fedishare.db.work import Activity, Received
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.kinds import (
    AttachmentKind,
    FileState,
    Kind,
    PaperKind,
    PostKind,
    QuotePolicy,
    QuoteState,
    ReactionKind,
)
from fedishare.domain.papers import Paper
from fedishare.queries import anthologies, papers, resources
from fedishare.queries.hidden import is_hidden
from fedishare.queries.parties import Key, Who, proof_key
from fedishare.queries.resources import ResourceFacts, ResourceRow
from fedishare.queries.rows import Cut, columns, rows

# As many answers as travel inside a post; whoever wants more walks on to the collection.
SHOWN_REPLIES: Final = 5


class PostRow(NamedTuple):
    id: int
    uri: str
    url: str
    kind: str
    local: bool
    title: str | None
    warning: str | None
    content: str
    source: str | None
    language: str | None
    sensitive: bool
    visibility: Visibility
    addressed_to: Sequence[str]
    addressed_cc: Sequence[str]
    in_reply_to_uri: str | None
    thread_id: int
    context_uri: str | None
    published_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    replies_count: int
    likes_count: int
    boosts_count: int
    quote_policy: QuotePolicy | None = None
    paper: PaperKind | None = None


class PollRow(NamedTuple):
    post_id: int
    multiple: bool
    ends_at: datetime | None
    closed_at: datetime | None
    voters_count: int | None


class OptionRow(NamedTuple):
    title: str
    votes: int


class QuoteRow(NamedTuple):
    quoted_uri: str
    state: QuoteState
    stamp_uri: str | None


class PurposeRow(NamedTuple):
    kind: PostKind
    answer_uri: str | None


class FileRow(NamedTuple):
    name: str
    media_type: str
    size: int
    sha256: str
    url: str


class ImageRow(NamedTuple):
    """The picture of a file of a resource."""

    name: str
    width: int
    height: int


class AttachmentRow(NamedTuple):
    kind: AttachmentKind
    url: str
    media_type: str
    alt: str
    width: int | None
    height: int | None
    focal_x: float | None
    focal_y: float | None


class Reply(NamedTuple):
    id: int
    uri: str


class PostFacts(NamedTuple):
    """A post and what its document tells besides. `answered` is the author of the post it answers.

    `root` is the first post of the conversation where we know it; `replies` holds at most one
    more public answer than a document shows. `node_name` is there for a resource.
    """

    post: PostRow
    author: Who
    room: Who | None
    answered: Who | None
    root: PostRow | None
    resource: ResourceRow | None
    key: Key | None
    files: tuple[FileRow, ...]
    mentions: tuple[Who, ...]
    tags: tuple[str, ...]
    attachments: tuple[AttachmentRow, ...]
    replies: tuple[Reply, ...]
    poll: PollRow | None = None
    options: tuple[OptionRow, ...] = ()
    quote: QuoteRow | None = None
    paper: Paper | None = None
    node_name: str = ""
    images: tuple[ImageRow, ...] = ()
    purpose: PurposeRow | None = None
    publisher: Who | None = None
    anthologies: tuple[Who, ...] = ()


class VoteRow(NamedTuple):
    """One answer that somebody chose, as the poll's own server calls it."""

    id: int
    uri: str
    name: str
    at: datetime


class VotesFacts(NamedTuple):
    votes: tuple[VoteRow, ...]
    poll_uri: str
    voter: Who
    author: Who


class ReactionFacts(NamedTuple):
    kind: ReactionKind
    uri: str
    actor: Who
    key: Key | None
    post: PostRow
    author: Who
    room: Who | None

    @property
    def is_public(self) -> bool:
        return self.post.visibility in OPEN


class UseFacts(NamedTuple):
    id: int
    uri: str
    line: str
    level: str | None
    at: datetime
    user: Who
    post: PostRow
    author: Who


class ReportFacts(NamedTuple):
    uri: str
    posts: Sequence[str]
    comment: str
    at: datetime
    target: Who
    node: Who


class Parcel(NamedTuple):
    """An activity that a room passes on: its bytes as they came, and who did it."""

    body: bytes
    actor: Who


_author: Final[Any] = aliased(Actor)
_room: Final[Any] = aliased(Actor)
_answered: Final[Any] = aliased(Actor)
_parent: Final[Any] = aliased(Post)
_root: Final[Any] = aliased(Post)
_node: Final[Any] = aliased(Actor)
_voter: Final[Any] = aliased(Actor)

POST: Final = (
    select(
        *columns(Post, PostRow._fields),
        *columns(_author, Who._fields),
        *columns(_room, Who._fields),
        *columns(_answered, Who._fields),
        *columns(_root, PostRow._fields),
        *columns(Resource, ResourceFacts._fields),
        *columns(ActorKey, Key._fields),
        *columns(Poll, PollRow._fields),
        *columns(Quote, QuoteRow._fields),
        *columns(Purpose, PurposeRow._fields),
    )
    .join(_author, _author.id == Post.author_id)
    .outerjoin(_room, _room.id == Post.room_id)
    .outerjoin(_parent, _parent.id == Post.in_reply_to_id)
    .outerjoin(_answered, _answered.id == _parent.author_id)
    .outerjoin(_root, _root.id == Post.thread_id)
    .outerjoin(Resource, Resource.post_id == Post.id)
    .outerjoin(ActorKey, proof_key(Post.author_id))
    .outerjoin(Poll, Poll.post_id == Post.id)
    .outerjoin(Quote, Quote.post_id == Post.id)
    .outerjoin(Purpose, Purpose.post_id == Post.id)
    .where(Post.id == bindparam("post"))
)
# The school, as far as a node is one.
NODE_NAME: Final = select(Actor.name).where(
    Actor.handle_key == bindparam("handle"), Actor.kind == Kind.NODE, Actor.local
)
POST_ROW: Final = select(*columns(Post, PostRow._fields)).where(Post.id == bindparam("post"))
OPTIONS: Final = (
    select(PollOption.title, PollOption.votes)
    .where(PollOption.post_id == bindparam("post"))
    .order_by(PollOption.position)
)
VOTES: Final = (
    select(Vote.id, Vote.uri, PollOption.name, Vote.created_at)
    .join(PollOption, and_(PollOption.post_id == Vote.post_id, PollOption.position == Vote.position))
    .where(Vote.post_id == bindparam("post"), Vote.actor_id == bindparam("actor"))
    .order_by(Vote.position)
)
BALLOT: Final = (
    select(Post.uri, *columns(_voter, Who._fields), *columns(_author, Who._fields))
    .join(_author, _author.id == Post.author_id)
    .join(_voter, _voter.id == bindparam("actor"))
    .where(Post.id == bindparam("post"), Post.deleted_at.is_(None))
)
FILES: Final = (
    select(*columns(ResourceFile, FileRow._fields))
    .where(ResourceFile.post_id == bindparam("post"))
    .order_by(ResourceFile.position)
)
IMAGE: Final = (
    select(ResourceFile.name, Preview.width, Preview.height)
    .join(Preview, Preview.storage_key == ResourceFile.storage_key)
    .where(ResourceFile.post_id == bindparam("post"), Preview.picture_key.is_not(None))
    .where(ResourceFile.state == FileState.CLEAN)
    .order_by(ResourceFile.position)
    .limit(1)
)
MENTIONS: Final = (
    select(*columns(Actor, Who._fields))
    .join(Mention, Mention.actor_id == Actor.id)
    .where(Mention.post_id == bindparam("post"), ~Mention.silent)
    .order_by(Actor.id)
)
TAGS: Final = select(PostTag.label).where(PostTag.post_id == bindparam("post")).order_by(PostTag.name)
ATTACHMENTS: Final = (
    select(*columns(Attachment, AttachmentRow._fields))
    .where(Attachment.post_id == bindparam("post"))
    .order_by(Attachment.position)
)
REPLIES: Final = (
    select(Post.id, Post.uri)
    .where(Post.in_reply_to_id == bindparam("post"), Post.visibility.in_(OPEN), Post.deleted_at.is_(None))
    .where(~is_hidden())
    .order_by(Post.id)
    .limit(SHOWN_REPLIES + 1)
)
REACTION: Final = (
    select(
        Reaction.kind,
        Reaction.uri,
        *columns(Actor, Who._fields),
        *columns(ActorKey, Key._fields),
        *columns(Post, PostRow._fields),
        *columns(_author, Who._fields),
        *columns(_room, Who._fields),
    )
    .join(Actor, Actor.id == Reaction.actor_id)
    .join(Post, Post.id == Reaction.post_id)
    .join(_author, _author.id == Post.author_id)
    .outerjoin(_room, _room.id == Post.room_id)
    .outerjoin(ActorKey, proof_key(Reaction.actor_id))
    .where(Reaction.id == bindparam("reaction"))
)
USE: Final = (
    select(
        Use.id,
        Use.uri,
        Use.line,
        Use.level,
        Use.created_at,
        *columns(Actor, Who._fields),
        *columns(Post, PostRow._fields),
        *columns(_author, Who._fields),
    )
    .join(Actor, Actor.id == Use.actor_id)
    .join(Post, Post.id == Use.post_id)
    .join(_author, _author.id == Post.author_id)
    .where(Use.id == bindparam("use"))
)
REPORT: Final = (
    select(
        Report.uri,
        Report.posts,
        Report.comment,
        Report.created_at,
        *columns(Actor, Who._fields),
        *columns(_node, Who._fields),
    )
    .join(Actor, Actor.id == Report.target_id)
    .join(_node, and_(_node.kind == Kind.NODE, _node.local))
    .where(Report.id == bindparam("report"))
)
OURS: Final = (
    select(Activity.body, *columns(Actor, Who._fields))
    .join(Actor, Actor.id == Activity.actor_id)
    .where(Activity.uri == bindparam("named"), Activity.variant == "")
)
THEIRS: Final = (
    select(Received.body, *columns(Actor, Who._fields))
    .join(Actor, Actor.id == Received.sender_id)
    .where(Received.uri == bindparam("named"))
)
LATEST: Final = (
    select(Activity.type, Activity.body)
    .where(Activity.actor_id == bindparam("actor"), Activity.object_uri == bindparam("about"))
    .where(Activity.type.in_(bindparam("types", expanding=True)), Activity.variant == "")
    .order_by(Activity.id.desc())
    .limit(1)
)
GONE: Final = select(Post.id).where(Post.id == bindparam("post"), Post.deleted_at.is_not(None))
IS_REACTION: Final = select(Reaction.id).where(Reaction.uri == bindparam("named"))
IS_PINNED: Final = select(Pin.post_id).where(Pin.actor_id == bindparam("actor"), Pin.post_id == bindparam("post"))
BOOST_OF: Final = select(Reaction.uri).where(
    Reaction.actor_id == bindparam("room"), Reaction.post_id == bindparam("post"), Reaction.kind == ReactionKind.BOOST
)

ROOMS_ELSEWHERE: Final = (
    select(*columns(Actor, Who._fields))
    .where(~Actor.local, Actor.id.in_(select(Post.room_id).where(Post.uri.in_(bindparam("uris", expanding=True)))))
    .order_by(Actor.id)
)
AUTHOR_OF: Final = select(Actor.uri).join(Post, Post.author_id == Actor.id).where(Post.id == bindparam("post"))
LOST_BOOST: Final = select(Removal.boost_uri).where(
    Removal.room_id == bindparam("room"), Removal.post_id == bindparam("post")
)


PUBLISHER: Final = (
    select(*columns(Actor, Who._fields))
    .join(Affiliation, Affiliation.school_id == Actor.id)
    .where(Affiliation.actor_id == bindparam("author"), Actor.suspended_at.is_(None), Actor.deleted_at.is_(None))
)


def attachments(tx: Connection, *, post_id: int) -> tuple[AttachmentRow, ...]:
    """The pictures, films and links of a post, in their order."""
    return rows(tx, ATTACHMENTS, AttachmentRow, post=post_id)


def post_facts(tx: Connection, post_id: int) -> PostFacts:
    """All that the document of a post tells; thirteen statements at most, and two more for minutes. Raises NotFound."""
    row = tx.execute(POST, {"post": post_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such post.")
    cut = Cut(row)
    post = cut.take(PostRow)
    author = cut.take(Who)
    room, answered, root = cut.maybe(Who), cut.maybe(Who), cut.maybe(PostRow)
    resource, key = cut.maybe(ResourceFacts, mark="description"), cut.maybe(Key)
    poll, quote, purpose = cut.maybe(PollRow), cut.maybe(QuoteRow), cut.maybe(PurposeRow)
    return PostFacts(
        post=post,
        author=author,
        room=room,
        answered=answered,
        root=root,
        resource=resources.whole(tx, resource, post_id=post_id) if resource else None,
        key=key,
        files=rows(tx, FILES, FileRow, post=post_id) if resource else (),
        images=rows(tx, IMAGE, ImageRow, post=post_id) if resource else (),
        mentions=rows(tx, MENTIONS, Who, post=post_id),
        tags=tuple(tx.scalars(TAGS, {"post": post_id})),
        attachments=rows(tx, ATTACHMENTS, AttachmentRow, post=post_id),
        replies=rows(tx, REPLIES, Reply, post=post_id) if post.replies_count else (),
        poll=poll,
        options=rows(tx, OPTIONS, OptionRow, post=post_id) if poll else (),
        quote=quote,
        paper=papers.paper(tx, post_id=post_id, kind=post.paper) if post.paper else None,
        node_name=_node_name(tx, domain=author.domain) if resource else "",
        purpose=purpose,
        publisher=_publisher(tx, author) if resource else None,
        anthologies=anthologies.ours_having(tx, post_id=post_id) if resource else (),
    )


def _node_name(tx: Connection, *, domain: str) -> str:
    # The node's own actor is called by its host, and has the only name for which there is an index.
    handle = f"{domain.partition(':')[0]}@{domain}".lower()
    return tx.scalar(NODE_NAME, {"handle": handle}) or ""


def _publisher(tx: Connection, author: Who) -> Who | None:
    """The school in whose name somebody shares a resource: theirs, as they said, or the school that they speak as."""
    if author.kind is Kind.ORGANISATION:
        return author
    return next(iter(rows(tx, PUBLISHER, Who, author=author.id)), None)


def votes_facts(tx: Connection, *, post_id: int, actor_id: int) -> VotesFacts | None:
    """What somebody chose in a poll, or nothing when the poll is gone."""
    row = tx.execute(BALLOT, {"post": post_id, "actor": actor_id}).one_or_none()
    if row is None:
        return None
    cut = Cut(row, start=1)
    votes = rows(tx, VOTES, VoteRow, post=post_id, actor=actor_id)
    return VotesFacts(votes, row[0], cut.take(Who), cut.take(Who))


def post_row(tx: Connection, post_id: int) -> PostRow | None:
    """The post alone."""
    row = tx.execute(POST_ROW, {"post": post_id}).one_or_none()
    return PostRow(*row) if row is not None else None


def reaction_facts(tx: Connection, reaction_id: int) -> ReactionFacts | None:
    """A like or boost, or nothing when it was taken back in the meantime."""
    row = tx.execute(REACTION, {"reaction": reaction_id}).one_or_none()
    if row is None:
        return None
    cut = Cut(row, start=2)
    actor, key = cut.take(Who), cut.maybe(Key)
    return ReactionFacts(row[0], row[1], actor, key, cut.take(PostRow), cut.take(Who), cut.maybe(Who))


def use_facts(tx: Connection, use_id: int) -> UseFacts | None:
    row = tx.execute(USE, {"use": use_id}).one_or_none()
    if row is None:
        return None
    cut = Cut(row, start=5)
    return UseFacts(row[0], row[1], row[2], row[3], row[4], cut.take(Who), cut.take(PostRow), cut.take(Who))


def report_facts(tx: Connection, report_id: int) -> ReportFacts | None:
    row = tx.execute(REPORT, {"report": report_id}).one_or_none()
    if row is None:
        return None
    cut = Cut(row, start=4)
    return ReportFacts(row[0], row[1], row[2], row[3], cut.take(Who), cut.take(Who))


def rooms_elsewhere(tx: Connection, posts: Sequence[str]) -> tuple[Who, ...]:
    """The rooms on other servers in which any of these posts is."""
    return tuple(Who(*row) for row in tx.execute(ROOMS_ELSEWHERE, {"uris": list(posts)})) if posts else ()


def parcel(tx: Connection, uri: str) -> Parcel | None:
    """An activity, ours or received, with its bytes unchanged."""
    row = tx.execute(OURS, {"named": uri}).one_or_none() or tx.execute(THEIRS, {"named": uri}).one_or_none()
    return Parcel(row[0], Who(*row[1:])) if row is not None else None


def latest(tx: Connection, *, actor_id: int, about: str, types: Sequence[str]) -> tuple[str, bytes] | None:
    """Type and bytes of the last activity of these types that an actor made about something."""
    row = tx.execute(LATEST, {"actor": actor_id, "about": about, "types": list(types)}).one_or_none()
    return (row.type, row.body) if row is not None else None


def author_of(tx: Connection, post_id: int) -> str | None:
    """The address of a post's author."""
    return tx.scalar(AUTHOR_OF, {"post": post_id})


def is_gone(tx: Connection, post_id: int) -> bool:
    """Whether a post was deleted."""
    return tx.scalar(GONE, {"post": post_id}) is not None


def is_reaction(tx: Connection, *, uri: str) -> bool:
    """Whether a like or boost still stands."""
    return tx.scalar(IS_REACTION, {"named": uri}) is not None


def is_pinned(tx: Connection, *, actor_id: int, post_id: int, wanted: bool) -> bool:
    """Whether a pin is as it is `wanted`."""
    return (tx.scalar(IS_PINNED, {"actor": actor_id, "post": post_id}) is not None) is wanted


def boost_of(tx: Connection, *, room_id: int, post_id: int) -> str | None:
    """The id of the boost that a room recorded when it took a post, also after it took the post out again."""
    asked = {"room": room_id, "post": post_id}
    return tx.scalar(BOOST_OF, asked) or tx.scalar(LOST_BOOST, asked)
