"""A post as a page shows it: one `Card`, whoever wrote it, in a fixed number of statements for any number of posts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, or_, select

from fedishare.db.base import aliased
from fedishare.db.people import Actor
from fedishare.db.polls import Poll, PollOption, Vote
from fedishare.db.posts import Attachment, Post
from fedishare.db.quotes import Quote
from fedishare.db.reactions import Reaction
from fedishare.db.rooms import Carried, Lock, Purpose, Steward
from fedishare.domain import polls
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import Kind, PostKind, QuotePolicy, QuoteState, ReactionKind
from fedishare.queries import resources, sight
from fedishare.queries.resources import ResourceRow


class Face(NamedTuple):
    id: int
    uri: str
    kind: Kind
    name: str
    handle: str
    full_handle: str
    icon_url: str | None
    local: bool


class Picture(NamedTuple):
    kind: str
    url: str
    media_type: str
    alt: str
    width: int | None
    height: int | None
    focal_x: float | None
    focal_y: float | None


class Choice(NamedTuple):
    """One answer of a poll, and how it stands. `is_own` where the viewer chose it."""

    title: str
    votes: int
    percent: int
    is_own: bool


class PollCard(NamedTuple):
    """`voters_count` is None where its server does not tell; `votes_count` counts every choice."""

    multiple: bool
    ends_at: datetime | None
    closed_at: datetime | None
    voters_count: int | None
    votes_count: int
    choices: tuple[Choice, ...]

    @property
    def has_voted(self) -> bool:
        return any(choice.is_own for choice in self.choices)

    def is_over(self, now: datetime) -> bool:
        return any(end is not None and end <= now for end in (self.ends_at, self.closed_at))


class QuoteCard(NamedTuple):
    """What a post quotes. `post` is there where its author agreed and the viewer may see it; its own quotes are not.

    `stamp_uri` is the author's word; `quoted_id` is there if we have the post at all.
    """

    uri: str
    state: QuoteState
    stamp_uri: str | None
    quoted_id: int | None
    post: "Card | None"


class Card(NamedTuple):
    """`is_closed` where its room takes no more answers; `is_mine_to_moderate` where the viewer looks after its room."""

    id: int
    uri: str
    url: str
    local: bool
    kind: str
    title: str | None
    warning: str | None
    content: str
    source: str | None
    language: str | None
    sensitive: bool
    visibility: Visibility
    published_at: datetime
    edited_at: datetime | None
    deleted: bool
    author: Face
    room: Face | None
    in_reply_to_id: int | None
    in_reply_to_uri: str | None
    thread_id: int
    resource: ResourceRow | None
    pictures: tuple[Picture, ...]
    replies_count: int
    likes_count: int
    boosts_count: int
    liked: bool
    boosted: bool
    booster: Face | None
    entry_id: int
    is_closed: bool
    is_mine_to_moderate: bool
    quote_policy: QuotePolicy | None = None
    poll: PollCard | None = None
    quote: QuoteCard | None = None
    purpose: PostKind = PostKind.NOTE
    answer_uri: str | None = None

    @property
    def is_question(self) -> bool:
        return self.purpose is PostKind.QUESTION


class Entry(NamedTuple):
    """A line of a timeline before it is filled: which post, and whose boost brought it, if anybody's."""

    id: int
    post_id: int
    booster_id: int | None = None


_author: Final[Any] = aliased(Actor)
_room: Final[Any] = aliased(Actor)
_steward_at: Final[Any] = aliased(Actor)
_quoted: Final[Any] = aliased(Post)


def face_columns(actor: Any) -> tuple[Any, ...]:
    """What a Face is made of, for a statement about `actor` (the table or an alias)."""
    return actor.id, actor.uri, actor.kind, actor.name, actor.username, actor.domain, actor.icon_url, actor.local


FACE_WIDTH: Final = 8
POST_COLUMNS: Final = (
    "id",
    "uri",
    "url",
    "local",
    "kind",
    "title",
    "warning",
    "content",
    "source",
    "language",
    "sensitive",
    "visibility",
    "published_at",
    "edited_at",
    "in_reply_to_id",
    "in_reply_to_uri",
    "thread_id",
    "replies_count",
    "likes_count",
    "boosts_count",
    "quote_policy",
)
QUOTE_AT: Final = len(POST_COLUMNS) + 2 * FACE_WIDTH
POLL_AT: Final = QUOTE_AT + 4
ROOM_AT: Final = POLL_AT + 4
POSTS: Final = (
    select(
        *(getattr(Post, name) for name in POST_COLUMNS),
        *face_columns(_author),
        *face_columns(_room),
        Quote.quoted_uri,
        Quote.state,
        Quote.stamp_uri,
        _quoted.id,
        Poll.multiple,
        Poll.ends_at,
        Poll.closed_at,
        Poll.voters_count,
        exists().where(Lock.thread_id == Post.thread_id, Lock.room_id == Post.room_id),
        or_(
            and_(_room.local, exists().where(Steward.room_id == Post.room_id, Steward.actor_id == sight.VIEWER)),
            exists().where(
                Carried.post_id == Post.id,
                Steward.room_id == Carried.room_id,
                Steward.actor_id == sight.VIEWER,
                _steward_at.id == Carried.room_id,
                _steward_at.local,
            ),
        ),
        Purpose.kind,
        Purpose.answer_uri,
    )
    .join(_author, _author.id == Post.author_id)
    .outerjoin(_room, _room.id == Post.room_id)
    .outerjoin(Quote, Quote.post_id == Post.id)
    .outerjoin(_quoted, _quoted.uri == Quote.quoted_uri)
    .outerjoin(Poll, Poll.post_id == Post.id)
    .outerjoin(Purpose, Purpose.post_id == Post.id)
    .where(Post.id.in_(bindparam("ids", expanding=True)), sight.visible())
)
PICTURES: Final = (
    select(
        Attachment.post_id,
        Attachment.kind,
        Attachment.url,
        Attachment.media_type,
        Attachment.alt,
        Attachment.width,
        Attachment.height,
        Attachment.focal_x,
        Attachment.focal_y,
    )
    .where(Attachment.post_id.in_(bindparam("ids", expanding=True)))
    .order_by(Attachment.post_id, Attachment.position)
)
# Only for pages with a poll on them.
CHOICES: Final = (
    select(PollOption.post_id, PollOption.title, PollOption.votes, Vote.id)
    .outerjoin(
        Vote,
        and_(
            Vote.post_id == PollOption.post_id,
            Vote.position == PollOption.position,
            Vote.actor_id == bindparam("viewer"),
        ),
    )
    .where(PollOption.post_id.in_(bindparam("ids", expanding=True)))
    .order_by(PollOption.post_id, PollOption.position)
)
OWN_REACTIONS: Final = select(Reaction.post_id, Reaction.kind).where(
    Reaction.post_id.in_(bindparam("ids", expanding=True)), Reaction.actor_id == bindparam("viewer")
)
FACES: Final = select(*face_columns(Actor)).where(Actor.id.in_(bindparam("ids", expanding=True)))


def face(row: Sequence[Any]) -> Face:
    """A Face from the columns of `face_columns`."""
    actor_id, uri, kind, name, username, domain, icon_url, local = row
    full = f"{username}@{domain}"
    return Face(actor_id, uri, kind, name or username, username if local else full, full, icon_url, local)


def faces(tx: Connection, ids: Sequence[int]) -> dict[int, Face]:
    rows = tx.execute(FACES, {"ids": list(ids)}).all() if ids else []
    return {row[0]: face(row) for row in rows}


def cards(tx: Connection, ids: Sequence[int], *, viewer: int | None) -> list[Card]:
    """These posts in the order asked, without those that `viewer` may not see.

    Five statements at most; with resources among them two more, with a poll one, and with quotes as many again for
    what is quoted.
    """
    return fill(tx, [Entry(post_id, post_id) for post_id in ids], viewer=viewer)


def fill(tx: Connection, entries: Sequence[Entry], *, viewer: int | None) -> list[Card]:
    """The cards of a timeline's lines, in their order, without those that `viewer` may not see."""
    found = _fill(tx, entries, viewer=viewer)
    quoted = [card.quote.quoted_id for card in found if card.quote and card.quote.state is QuoteState.ACCEPTED]
    ids = [post_id for post_id in dict.fromkeys(quoted) if post_id is not None]
    # What is quoted is seen by the same eyes, and its own quotes are links: no page follows a chain (DOS-17).
    shown = {card.id: card for card in _fill(tx, [Entry(post_id, post_id) for post_id in ids], viewer=viewer)}
    return [_with_quoted(card, shown) for card in found] if shown else found


def _with_quoted(card: Card, shown: Mapping[int, Card]) -> Card:
    if card.quote is None or card.quote.state is not QuoteState.ACCEPTED or card.quote.quoted_id is None:
        return card
    return card._replace(quote=card.quote._replace(post=shown.get(card.quote.quoted_id)))


def _fill(tx: Connection, entries: Sequence[Entry], *, viewer: int | None) -> list[Card]:
    ids = list({entry.post_id for entry in entries})
    if not ids:
        return []
    rows: dict[int, Sequence[Any]] = {
        row[0]: row for row in tx.execute(POSTS, {"ids": ids, "viewer": viewer or sight.NOBODY})
    }
    described, pictures = resources.cards(tx, ids), _pictures(tx, ids)
    asked = _polls(tx, rows, viewer=viewer)
    reactions = {(row.post_id, row.kind) for row in tx.execute(OWN_REACTIONS, {"ids": ids, "viewer": viewer or 0})}
    boosters = faces(tx, [entry.booster_id for entry in entries if entry.booster_id is not None])
    return [
        _card(
            rows[entry.post_id],
            entry,
            resource=described.get(entry.post_id),
            pictures=tuple(pictures[entry.post_id]),
            poll=asked.get(entry.post_id),
            liked=(entry.post_id, ReactionKind.LIKE) in reactions,
            boosted=(entry.post_id, ReactionKind.BOOST) in reactions,
            booster=boosters.get(entry.booster_id or 0),
        )
        for entry in entries
        if entry.post_id in rows
    ]


def _card(row: Sequence[Any], entry: Entry, **more: Any) -> Card:
    own = dict(zip(POST_COLUMNS, row, strict=False))
    author = row[len(own) : len(own) + FACE_WIDTH]
    room, quote = row[len(own) + FACE_WIDTH : QUOTE_AT], row[QUOTE_AT:POLL_AT]
    is_closed, is_mine_to_moderate, purpose, answer_uri = row[ROOM_AT:]
    return Card(
        **own,
        deleted=False,
        author=face(author),
        room=face(room) if room[0] is not None else None,
        entry_id=entry.id,
        quote=QuoteCard._make((*quote, None)) if quote[0] is not None else None,
        is_closed=bool(is_closed),
        is_mine_to_moderate=bool(is_mine_to_moderate),
        purpose=PostKind(purpose) if purpose else PostKind.NOTE,
        answer_uri=answer_uri,
        **more,
    )


def _polls(tx: Connection, rows: Mapping[int, Sequence[Any]], *, viewer: int | None) -> dict[int, PollCard]:
    facts = {post_id: row[POLL_AT:ROOM_AT] for post_id, row in rows.items() if row[POLL_AT] is not None}
    if not facts:
        return {}
    choices: defaultdict[int, list[Any]] = defaultdict(list)
    for row in tx.execute(CHOICES, {"ids": list(facts), "viewer": viewer or 0}):
        choices[row.post_id].append(row)
    return {post_id: _poll(row, choices[post_id]) for post_id, row in facts.items()}


def _poll(row: Sequence[Any], choices: Sequence[Any]) -> PollCard:
    multiple, ends_at, closed_at, voters_count = row
    total = sum(each.votes for each in choices)
    # Where somebody may choose several, the shares are of the people and not of their choices.
    base = voters_count if multiple and voters_count else total
    return PollCard(
        multiple,
        ends_at,
        closed_at,
        voters_count,
        total,
        tuple(
            Choice(each.title, each.votes, polls.percent(each.votes, of=base), each.id is not None) for each in choices
        ),
    )


def _pictures(tx: Connection, ids: Sequence[int]) -> defaultdict[int, list[Picture]]:
    picture: Sequence[Any]
    found: defaultdict[int, list[Picture]] = defaultdict(list)
    for post_id, *picture in tx.execute(PICTURES, {"ids": ids}):
        found[post_id].append(Picture(*picture))
    return found
