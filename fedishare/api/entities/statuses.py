"""Posts and boosts as apps read them: Mastodon's Status, for any number of them in a fixed number of statements.

What is the same for every viewer is made and written down as JSON once, and kept (`call.kept.statuses`); who may see
it is asked each time, and each viewer's own part put behind it. A Status is therefore JSON already: `Raw`, which goes
into any answer as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from html import escape
from typing import Annotated, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Raw
from sqlalchemy import Connection

from fedishare.api.calls import Call, nothing, stamp, stamp_or_none
from fedishare.api.entities import accounts, filtered, media, polls
from fedishare.api.entities.accounts import Account
from fedishare.api.entities.credentials import VISIBILITY
from fedishare.api.entities.media import MediaAttachment
from fedishare.api.entities.polls import Asked
from fedishare.api.entities.wording import Wording
from fedishare.core import json
from fedishare.domain import files, plainer
from fedishare.domain.audience import OPEN, Visibility
from fedishare.domain.html import excerpt, plain
from fedishare.domain.kinds import FileState, QuotePolicy, QuoteState
from fedishare.queries import resources, statuses
from fedishare.queries.resources import ResourceRow
from fedishare.queries.statuses import Bit, Boost, Fact, Named, Seen

Status: TypeAlias = Annotated[
    Raw, Meta(title="Status", description="A post as Mastodon tells of it.", extra_json_schema={"type": "object"})
]

LONGEST_DESCRIPTION: Final = 300
MOST_KINDS: Final = 4


class Mention(msgspec.Struct, frozen=True):
    id: str
    username: str
    acct: str
    url: str


class Tag(msgspec.Struct, frozen=True):
    name: str
    url: str


class Application(msgspec.Struct, frozen=True):
    name: str
    website: str | None


class PreviewCard(msgspec.Struct, frozen=True, kw_only=True):
    """A link with a title and a picture: the page of a resource."""

    url: str
    title: str
    description: str
    type: str = "link"
    author_name: str = ""
    author_url: str = ""
    provider_name: str
    provider_url: str
    html: str = ""
    width: int = 0
    height: int = 0
    image: str | None = None
    image_description: str = ""
    embed_url: str = ""
    blurhash: str | None = None
    published_at: str | None = None
    language: str | None = None
    authors: tuple[()] = ()
    missing_attribution: None = None


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """What of a post is the same for every viewer, and written before what is not."""

    id: str
    created_at: str
    in_reply_to_id: str | None
    in_reply_to_account_id: str | None
    sensitive: bool
    spoiler_text: str
    visibility: str
    language: str | None
    uri: str
    url: str | None
    replies_count: int
    reblogs_count: int
    favourites_count: int
    quotes_count: int
    edited_at: str | None
    content: str
    account: Account
    media_attachments: tuple[MediaAttachment, ...]
    mentions: tuple[Mention, ...]
    tags: tuple[Tag, ...]
    emojis: tuple[()] = ()
    card: PreviewCard | None
    application: Application | None = None


class Quoted(NamedTuple):
    uri: str
    state: QuoteState
    post_id: int | None
    is_gone: bool


class Ready(NamedTuple):
    """What is kept of a post: its JSON up to where the viewer's own part begins, and what that part is made from.

    `whole` is all of it, by what the post is to a viewer and whether it is their own: it says nothing else of them.
    Where its pictures are not for everybody, all this has `blanks`.
    """

    head: bytes
    plain: Plain
    blanks: tuple[media.Blank, ...]
    author_id: int
    visibility: Visibility
    policy: QuotePolicy | None
    poll: Asked | None
    quote: Quoted | None
    wording: Wording
    whole: dict[tuple[int, bool], bytes]


class Line(NamedTuple):
    """A line of a timeline: a post that the viewer may see, and whose boost brought it, by its id, if anybody's."""

    post: Seen
    boost_id: int | None = None

    @property
    def id(self) -> int:
        return self.boost_id or self.post.id


def many(tx: Connection, call: Call, ids: Iterable[int]) -> dict[int, Status]:
    """Those of these posts and boosts that the viewer may see."""
    wanted = list(ids)
    found = statuses.seen(tx, wanted, viewer=call.viewer)
    missing = [key for key in wanted if key not in found]
    boosts = _boosts(tx, call, missing)
    boosted = statuses.seen(tx, [boost.post_id for boost in boosts.values()], viewer=call.viewer)
    lines = [Line(seen) for seen in found.values()]
    lines += [Line(boosted[boost.post_id], boost.id) for boost in boosts.values() if boost.post_id in boosted]
    return dict(zip((line.id for line in lines), shown(tx, call, lines), strict=True))


def present(tx: Connection, call: Call, ids: Iterable[int]) -> list[Status]:
    """The same as a list, in the order of the ids, without those that the viewer may not see."""
    wanted = list(ids)
    found = many(tx, call, wanted)
    return [found[key] for key in wanted if key in found]


def one(tx: Connection, call: Call, status_id: int) -> Status:
    """Raises NotFound for what is not there, or not for the viewer."""
    found = many(tx, call, [status_id])
    if status_id not in found:
        raise nothing()
    return found[status_id]


def shown(tx: Connection, call: Call, lines: Sequence[Line]) -> list[Status]:
    """Posts of which is known already that the viewer may see them. No statement at all where all of them are kept,
    none has a poll or quotes another, and the viewer has no filters.
    """
    if not lines:
        return []
    seen = {line.post.id: line.post for line in lines}
    ready = _ready(tx, call, seen)
    quoted = _quoted(tx, call, ready)
    everything = ready | dict(quoted.ready)
    own = statuses.votes(tx, [key for key, each in everything.items() if each.poll], viewer=call.viewer)
    met = filtered.of(tx, call, {key: each.wording for key, each in everything.items()}) if call.viewer else {}
    view = _View(call, quoted.seen, everything, own, met)
    boosts = _boosts(tx, call, [line.boost_id for line in lines if line.boost_id is not None])
    boosters = accounts.many(tx, call, [boost.actor_id for boost in boosts.values()]) if boosts else {}
    written = {key: view.written(post, is_nested=False) for key, post in seen.items()}
    return [
        Raw(
            written[line.post.id]
            if line.boost_id is None
            else _boost(boosts[line.boost_id], boosters, everything[line.post.id], written[line.post.id])
        )
        for line in lines
    ]


def attachments(call: Call, ready: Ready) -> tuple[MediaAttachment, ...]:
    """What is attached to a post, for whose token this is."""
    if not ready.blanks:
        return ready.plain.media_attachments
    written = media.filled(call, json.dumps(ready.plain.media_attachments), ready.blanks)
    return msgspec.json.decode(written, type=tuple[MediaAttachment, ...])


def plainly(tx: Connection, call: Call, post_id: int) -> Ready:
    """What is kept of one post, for what is made from parts of it. Whether the viewer may see it was asked before."""
    return _ready(tx, call, [post_id])[post_id]


def _ready(tx: Connection, call: Call, ids: Iterable[int]) -> dict[int, Ready]:
    found: dict[int, Ready] = call.kept.statuses.get(ids, partial(_make, tx, call), at=call.moment)
    return found


def _boosts(tx: Connection, call: Call, ids: Iterable[int]) -> dict[int, Boost]:
    found: dict[int, Boost] = call.kept.boosts.get(ids, partial(statuses.boosts, tx), at=call.moment)
    return found


class _Quotes(NamedTuple):
    seen: Mapping[int, Seen]
    ready: Mapping[int, Ready]


def _quoted(tx: Connection, call: Call, ready: Mapping[int, Ready]) -> _Quotes:
    """What these posts quote, as far as its authors agreed and the viewer may see it."""
    seen = statuses.seen(tx, _open_quotes(ready), viewer=call.viewer)
    if not seen:
        return _Quotes({}, {})
    shown = _ready(tx, call, seen)
    # Of what is quoted in there only the id is told, and only to whom may see that too.
    nested = statuses.seen(tx, _open_quotes(shown) - seen.keys(), viewer=call.viewer)
    return _Quotes(seen | nested, shown)


def _open_quotes(ready: Mapping[int, Ready]) -> set[int]:
    """What these posts quote with its author's leave, where it is still there."""
    quotes = [each.quote for each in ready.values() if each.quote is not None and not each.quote.is_gone]
    return {quote.post_id for quote in quotes if quote.state is QuoteState.ACCEPTED and quote.post_id is not None}


# --- What is each viewer's own ---


class _View:
    """One viewer's look at some posts."""

    def __init__(
        self,
        call: Call,
        quoted: Mapping[int, Seen],
        ready: Mapping[int, Ready],
        votes: Mapping[int, Sequence[int]],
        met: Mapping[int, bytes],
    ) -> None:
        self._call = call
        self._quoted = quoted
        self._ready = ready
        self._votes = votes
        self._met = met

    def written(self, seen: Seen, *, is_nested: bool) -> bytes:
        """A post as JSON. What a quoted post quotes itself is told by its id alone: no answer follows a chain."""
        ready, viewer = self._ready[seen.id], self._call.viewer
        is_plain = ready.poll is None and ready.quote is None and viewer is not None and seen.id not in self._met
        if not is_plain:
            return self._filled(ready, self._written(ready, seen, is_nested=is_nested))
        # Nearly every post is to nearly everybody one of very few things.
        kind = (seen.bits, viewer == seen.author_id)
        found = ready.whole.get(kind)
        if found is None:
            found = self._written(ready, seen, is_nested=is_nested)
            if len(ready.whole) < MOST_KINDS:
                ready.whole[kind] = found
        return self._filled(ready, found)

    def _filled(self, ready: Ready, written: bytes) -> bytes:
        return media.filled(self._call, written, ready.blanks) if ready.blanks else written

    def _written(self, ready: Ready, seen: Seen, *, is_nested: bool) -> bytes:
        viewer = self._call.viewer
        poll = b"null" if ready.poll is None else self._poll(ready.poll)
        quote = b"null" if ready.quote is None else self._quote(ready.quote, is_nested=is_nested)
        approval = _approval(ready.policy, ready.visibility, _may_quote(ready, seen, viewer))
        parts = [ready.head, b',"reblog":null,"poll":', poll, b',"quote":', quote, b',"quote_approval":', approval]
        if viewer is not None:
            parts += [_flags(seen.bits, viewer == seen.author_id), b',"filtered":', self._met.get(seen.id, b"[]")]
        parts.append(b"}")
        return b"".join(parts)

    def _poll(self, known: Asked) -> bytes:
        own = self._votes.get(known.id, ())
        return json.dumps(polls.poll(known, now=self._call.now, viewer=self._call.viewer, own=own))

    def _quote(self, quote: Quoted, *, is_nested: bool) -> bytes:
        seen = self._quoted.get(quote.post_id or 0)
        state = _quote_state(quote, is_seen=seen is not None)
        if is_nested:
            shown = json.dumps(str(seen.id)) if seen is not None else b"null"
            return b'{"state":"%b","quoted_status_id":%b}' % (state, shown)
        shown = self.written(seen, is_nested=True) if seen is not None else b"null"
        return b'{"state":"%b","quoted_status":%b}' % (state, shown)


def _quote_state(quote: Quoted, *, is_seen: bool) -> bytes:
    if quote.state is not QuoteState.ACCEPTED:
        return quote.state.value.encode()
    if is_seen:
        return b"accepted"
    return b"deleted" if quote.is_gone or quote.post_id is None else b"unauthorized"


@lru_cache(maxsize=128)
def _flags(bits: int, is_own: bool) -> bytes:
    said = {
        "favourited": bool(bits & Bit.FAVOURITED),
        "reblogged": bool(bits & Bit.REBLOGGED),
        "muted": bool(bits & Bit.MUTED),
        "bookmarked": bool(bits & Bit.BOOKMARKED),
    }
    if is_own:
        said["pinned"] = bool(bits & Bit.PINNED)
    return b"," + json.dumps(said)[1:-1]


def _may_quote(ready: Ready, seen: Seen, viewer: int | None) -> str:
    if viewer is not None and viewer == seen.author_id:
        return "automatic"
    if viewer is None or ready.visibility not in OPEN:
        return "denied"
    if ready.policy is QuotePolicy.FOLLOWERS and seen.bits & Bit.FOLLOWED:
        return "automatic"
    return _TO_OTHERS.get(ready.policy, "denied")


_TO_OTHERS: Final = {None: "unknown", QuotePolicy.PUBLIC: "automatic", QuotePolicy.MANUAL: "manual"}


_AUTOMATIC: Final = {QuotePolicy.PUBLIC: ["public"], QuotePolicy.FOLLOWERS: ["followers"]}


@lru_cache(maxsize=256)
def _approval(policy: QuotePolicy | None, visibility: Visibility, current: str) -> bytes:
    is_open = visibility in OPEN and policy is not None
    automatic = _AUTOMATIC.get(policy, []) if is_open and policy else []
    manual = ["public"] if is_open and policy is QuotePolicy.MANUAL else []
    return json.dumps({"automatic": automatic, "manual": manual, "current_user": current})


class _Wrapper(msgspec.Struct, frozen=True, kw_only=True):
    """A boost: a status of its own, around the post that it passes on."""

    id: str
    created_at: str
    in_reply_to_id: None = None
    in_reply_to_account_id: None = None
    sensitive: bool = False
    spoiler_text: str = ""
    visibility: str
    language: str | None
    uri: str
    url: str
    replies_count: int = 0
    reblogs_count: int = 0
    favourites_count: int = 0
    quotes_count: int = 0
    edited_at: None = None
    content: str = ""
    account: Account
    media_attachments: tuple[()] = ()
    mentions: tuple[()] = ()
    tags: tuple[()] = ()
    emojis: tuple[()] = ()
    card: None = None
    poll: None = None
    quote: None = None


def _boost(boost: Boost, boosters: Mapping[int, Account], ready: Ready, written: bytes) -> bytes:
    wrapper = _Wrapper(
        id=str(boost.id),
        created_at=stamp(boost.created_at),
        visibility=ready.plain.visibility,
        language=ready.plain.language,
        uri=boost.uri,
        url=ready.plain.url or boost.uri,
        account=boosters[boost.actor_id],
    )
    # What the post is to its viewer is said of the boost too; it stands at the end.
    at = written.rfind(b',"favourited":')
    own = written[at:-1] if at >= 0 else b""
    return json.dumps(wrapper)[:-1] + b',"reblog":' + written + own + b"}"


# --- What is the same for everybody ---


def _make(tx: Connection, call: Call, ids: list[int]) -> dict[int, Ready]:
    """In seven statements, with polls among them one more, and with resources three."""
    facts = statuses.facts(tx, ids)
    found = list(facts)
    if not found:
        return {}
    pictures, named, tags = statuses.media(tx, found), statuses.mentions(tx, found), statuses.tags(tx, found)
    described = resources.cards(tx, found)
    answers = statuses.answers(tx, [fact.id for fact in facts.values() if fact.multiple is not None])
    authors = accounts.many(tx, call, {fact.author_id for fact in facts.values()})
    rooms = statuses.rooms(tx, {fact.room_id for fact in facts.values() if fact.room_id is not None})
    made = {}
    for fact in facts.values():
        resource = described.get(fact.id)
        attached = tuple(media.attached(call, medium, visibility=fact.visibility) for medium in pictures[fact.id])
        plainly = Plain(
            id=str(fact.id),
            created_at=stamp(fact.published_at),
            in_reply_to_id=_text(fact.in_reply_to_id),
            in_reply_to_account_id=_text(fact.parent_author_id),
            sensitive=fact.sensitive,
            spoiler_text=fact.warning or "",
            visibility=VISIBILITY[fact.visibility],
            language=fact.language,
            uri=fact.uri,
            url=fact.url,
            replies_count=max(0, fact.replies_count),
            reblogs_count=max(0, fact.boosts_count),
            favourites_count=max(0, fact.likes_count),
            quotes_count=fact.quotes_count,
            edited_at=stamp_or_none(fact.edited_at),
            content=content(fact, resource),
            account=authors[fact.author_id],
            media_attachments=attached,
            mentions=_mentions(named[fact.id], rooms.get(fact.room_id or 0), fact.visibility),
            tags=tuple(Tag(label, call.here.uris.tag(name)) for name, label in tags[fact.id]),
            card=_card(call, fact, resource, authors[fact.author_id]),
            application=Application(fact.app_name, fact.app_website) if fact.app_name else None,
        )
        blanks = media.blanks(pictures[fact.id], visibility=fact.visibility)
        made[fact.id] = _ready_of(fact, plainly, polls.asked(fact, answers[fact.id]), blanks)
    return made


def _ready_of(fact: Fact, plainly: Plain, poll: Asked | None, blanks: tuple[media.Blank, ...]) -> Ready:
    quote = None
    if fact.quoted_uri is not None and fact.quote_state is not None:
        quote = Quoted(fact.quoted_uri, fact.quote_state, fact.quoted_id, fact.quoted_is_gone)
    # Without a word of its author, a post of ours may be quoted by everybody whom it is for.
    policy = fact.quote_policy or (QuotePolicy.PUBLIC if fact.local else None)
    said = [plainly.spoiler_text, plain(plainly.content)]
    said += [option.title for option in poll.options] if poll is not None else []
    said += [each.description for each in plainly.media_attachments if each.description]
    wording = Wording(fact.id, fact.author_id, "\n\n".join(filter(None, said)), fact.language)
    head = json.dumps(plainly)[:-1]
    return Ready(head, plainly, blanks, fact.author_id, fact.visibility, policy, poll, quote, wording, {})


def content(fact: Fact, resource: ResourceRow | None) -> str:
    """The text with its title, and for a resource what it is, its files and where its page is."""
    said = plainer.simplify(fact.content)
    if fact.title and not plain(fact.content).startswith(fact.title):
        said = f"<p>{escape(fact.title, quote=False)}</p>{said}"
    if resource is None:
        return said
    about = (resource.type_label, resource.subject_label, resource.level_label, resource.licence_label)
    line = escape(" \N{MIDDLE DOT} ".join(filter(None, about)), quote=False)
    held = [
        f'<a href="{escape(file.url)}" rel="nofollow noopener" target="_blank">{escape(file.name, quote=False)}</a>'
        f" ({escape(files.human_size(file.size), quote=False)})"
        for file in resource.files
        if file.state is FileState.CLEAN
    ]
    page = plainer.simplify(f'<a href="{escape(fact.url)}">{escape(fact.url, quote=False)}</a>')
    return said + (f"<p>{line}</p>" if line else "") + (f"<p>{'<br>'.join(held)}</p>" if held else "") + page


def _mentions(named: Sequence[Named], room: Named | None, visibility: Visibility) -> tuple[Mention, ...]:
    """Whom it names; of what is for a few alone, all of them; and the room it is in, as one more."""
    said = [each for each in named if not each.silent or visibility is Visibility.MENTIONED]
    if room is not None and room.id not in {each.id for each in said}:
        said.append(room)
    return tuple(Mention(str(each.id), each.username, each.acct, each.url) for each in said)


def _card(call: Call, fact: Fact, resource: ResourceRow | None, author: Account) -> PreviewCard | None:
    if resource is None:
        return None
    shown = next((file for file in resource.files if file.preview_width is not None), None)
    is_open = fact.visibility in OPEN and fact.local
    return PreviewCard(
        url=fact.url,
        title=fact.title or "",
        description=excerpt(fact.content, length=LONGEST_DESCRIPTION),
        author_name=author.display_name,
        author_url=author.url,
        provider_name=call.settings.name if fact.local else "",
        provider_url=call.here.uris.origin if fact.local else "",
        width=(shown.preview_width or 0) if shown and is_open else 0,
        height=(shown.preview_height or 0) if shown and is_open else 0,
        image=call.here.uris.preview(fact.id, shown.name) if shown and is_open else None,
        published_at=stamp(fact.published_at),
        language=fact.language,
    )


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
