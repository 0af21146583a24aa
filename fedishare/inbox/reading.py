"""From what another server says of a post to what we keep of it: texts cleaned, lists cut, terms looked up.

Nothing here trusts anybody: origin, author and audience are checked by who calls.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import Final

import msgspec
from sqlalchemy import Connection

from fedishare.as2 import read
from fedishare.as2.node import EVERYBODY, Node
from fedishare.as2.types import Activity, Concept, File, Learning, Media, Note, Poll, Quote, Usage
from fedishare.core import hosts
from fedishare.domain import audience, durations, files, html, markup, polls, purposes, vocabularies
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import AttachmentKind, PostKind, QuotePolicy
from fedishare.inbox import descriptions, papers
from fedishare.queries import known
from fedishare.queries.known import ActorRow
from fedishare.services.drafts import (
    ForeignAttachment,
    ForeignOption,
    ForeignPoll,
    ForeignPost,
    ForeignQuote,
    Quoters,
)
from fedishare.services.resources import LONGEST_LINE, ForeignFile, ForeignResource, ForeignUse

POSTS: Final = ("Note", "Article", "Page", "Question", "Event", "Image", "Video", "Audio", "Document")
# On these a summary warns of what is inside; on all others it tells what is inside.
WARNED: Final = frozenset({"Note", "Question"})

NOBODY: Final = 0
LONGEST_TITLE: Final = 300
LONGEST_WARNING: Final = 500
LONGEST_ALT: Final = 10_000
LONGEST_SOURCE: Final = 64 << 10
LONGEST_DESCRIPTION: Final = 20_000
LONGEST_WORD: Final = 100
MOST_LINES: Final = 500
# Nothing on this network is older; such a date is a mistake and not a memory (SEQ-05).
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")
_KINDS: Final = {"image": AttachmentKind.IMAGE, "video": AttachmentKind.VIDEO, "audio": AttachmentKind.AUDIO}


def post(node: Node, *, now: datetime, activity: Activity | None = None) -> ForeignPost:
    """A post whose author nobody has vouched for yet: `attribute` makes it somebody's.

    Where the object names nobody it is for, it goes where its activity goes. Raises Invalid for
    an object without a decent id.
    """
    note = read.note(node)
    to, cc = (note.to, note.cc) if note.to or note.cc or activity is None else (activity.to, activity.cc)
    url = _page(note)
    published = _moment(note.published, now=now) or now
    is_answer = note.in_reply_to is not None
    title = _title(note) if not is_answer else None
    purpose = _purpose(note) if not is_answer else PostKind.NOTE
    heading = purposes.heading(purpose, title)
    return ForeignPost(
        uri=note.id,
        url=url,
        kind=note.type,
        author_id=NOBODY,
        title=title,
        warning=_warning(note),
        content=_content(note, url).removeprefix(html.headline(heading) if heading else ""),
        source=note.source if note.source and len(note.source) <= LONGEST_SOURCE else None,
        language=note.language if note.language and _LANGUAGE.fullmatch(note.language) else None,
        sensitive=note.sensitive or _warning(note) is not None,
        visibility=Visibility.MENTIONED,
        to=to,
        cc=cc,
        audience=note.audience or (activity.audience if activity is not None else ()),
        in_reply_to_uri=note.in_reply_to,
        context_uri=note.context,
        published_at=published,
        updated_at=_moment(note.updated, now=now),
        tags=tuple(label for tag in note.hashtags if (label := markup.text(tag, limit=LONGEST_WORD))),
        mentions=note.mentions,
        attachments=tuple(_attachments(note, url)),
        resource=_resource(note.learning) if _is_own_resource(note) and note.learning else None,
        use=_use(note.usage) if note.usage else None,
        poll=_poll(note.poll, now=now) if note.poll else None,
        vote=_vote(note),
        quote=ForeignQuote(note.quote.uri, note.quote.stamp) if note.quote and note.quote.is_asked else None,
        quoters=Quoters(*note.quote_policy) if note.quote_policy is not None else None,
        paper=papers.read(note.entity) if note.entity is not None else None,
        purpose=purpose,
        answer_uri=note.accepted_answer if purpose is PostKind.QUESTION else None,
    )


def _purpose(note: Note) -> PostKind:
    """What FediShare nodes say of it in a word of their own; to all others it is a note."""
    return PostKind(note.genre) if note.genre in set(PostKind) else PostKind.NOTE


def attribute(tx: Connection, unsigned: ForeignPost, *, author: ActorRow) -> ForeignPost:
    """The post as its author's, and for whom it is as far as we know the collections it names."""
    classify = partial(audience.classify, to=unsigned.to, cc=unsigned.cc, author_followers=author.followers)
    visibility = classify()
    if visibility is Visibility.MENTIONED:
        visibility = classify(rooms_followers=known.rooms_followers(tx, uris=unsigned.to))
    return msgspec.structs.replace(unsigned, author_id=author.id, visibility=visibility)


def is_for_us(tx: Connection, post: ForeignPost) -> bool:
    """A post that is not public is kept only where somebody here may read it."""
    if post.visibility in audience.OPEN:
        return True
    return known.reaches_us(tx, uris=(*post.to, *post.cc, *post.audience, *post.mentions))


def is_empty(found: ForeignPost) -> bool:
    """Whether there is nothing to show, as in a vote."""
    return not (found.content or found.title or found.attachments or found.use or found.poll or found.quote)


def moment(said: datetime | None, *, now: datetime) -> datetime:
    """When something happened elsewhere: never later than now, and now if nobody says or can mean it."""
    return _moment(said, now=now) or now


def _moment(said: datetime | None, *, now: datetime) -> datetime | None:
    if said is None or said < BEGINNING:
        return None
    return min(said, now)


def _page(note: Note) -> str:
    """The post's page for people, which lies on the server of the post itself, or is the post's id."""
    url = markup.safe_url(note.url) if note.url else None
    return url if url and hosts.same_origin(url, note.id) else note.id


def _title(note: Note) -> str | None:
    return markup.text(note.name, limit=LONGEST_TITLE) or None if note.name else None


def _warning(note: Note) -> str | None:
    if not note.summary or not (note.type in WARNED or note.sensitive):
        return None
    return markup.text(markup.plain(note.summary), limit=LONGEST_WARNING) or None


def _content(note: Note, url: str) -> str:
    """What to read: the text, else the summary, with what an event has besides, and a link to what is just quoted."""
    body = note.content or (note.summary or "" if note.type not in WARNED else "")
    cleaned = markup.clean(body) if note.is_html else _paragraphs(body)
    parts = [_when_and_where(note), cleaned, _link_to_quoted(note.quote, cleaned) if note.quote else ""]
    written = "".join(part for part in parts if part)
    if not written and note.type not in WARNED:
        safe = markup.safe_url(url)
        written = f'<p><a href="{escape(safe)}">{escape(safe)}</a></p>' if safe else ""
    return markup.clean(written) if written != cleaned else cleaned


def _paragraphs(text: str) -> str:
    lines = escape(text, quote=False).splitlines()
    blocks = "\n".join(line.strip() for line in lines).split("\n\n")
    filled = (block.strip().replace("\n", "<br>") for block in blocks)
    return markup.clean("".join(f"<p>{block}</p>" for block in filled if block))


def _when_and_where(note: Note) -> str:
    if note.starts is None:
        return ""
    times = " \u2013 ".join(f"{time.day} {time:%B %Y, %H:%M} UTC" for time in (note.starts, note.ends) if time)
    place = markup.text(note.place, limit=LONGEST_TITLE)
    return f"<p>{times}{' · ' + escape(place) if place else ''}</p>"


def _link_to_quoted(quote: Quote, content: str) -> str:
    """A quote whose author nobody asked is a link and nothing else (mastodon.md 3.5)."""
    safe = markup.safe_url(quote.uri)
    if quote.is_asked or safe is None or escape(safe) in content or escape(quote.uri) in content:
        return ""
    return f'<p>RE: <a href="{escape(safe)}">{escape(safe)}</a></p>'


def _poll(poll: Poll, *, now: datetime) -> ForeignPoll:
    return ForeignPoll(
        options=tuple(
            ForeignOption(
                option.name,
                markup.text(option.name, limit=LONGEST_TITLE) or f"({place})",
                option.votes if polls.is_believable(option.votes) else None,
            )
            for place, option in enumerate(poll.options, start=1)
        ),
        multiple=poll.multiple,
        ends_at=poll.ends or (poll.closed if poll.closed and poll.closed > now else None),
        closed_at=_closed(poll, now=now),
        voters=poll.voters if polls.is_believable(poll.voters) else None,
    )


def _closed(poll: Poll, *, now: datetime) -> datetime | None:
    if not poll.is_closed or (poll.closed is not None and poll.closed > now):
        return None
    return _moment(poll.closed, now=now) or now


def _vote(note: Note) -> str | None:
    """The answer that was chosen, if this is what servers send for a vote: a name, and nothing else to show.

    snac puts a line break where others have no content at all.
    """
    is_bare = note.type == "Note" and note.in_reply_to and not (note.media or note.usage or note.quote)
    is_vote = is_bare and note.name and not (note.content and html.plain(note.content).strip())
    return note.name if is_vote else None


def _quote_policy(quoters: Quoters, author: ActorRow) -> QuotePolicy:
    if EVERYBODY in quoters.automatic:
        return QuotePolicy.PUBLIC
    if author.followers in quoters.automatic:
        return QuotePolicy.FOLLOWERS
    return QuotePolicy.MANUAL if {EVERYBODY, author.followers} & {*quoters.manual} else QuotePolicy.NOBODY


def _attachments(note: Note, url: str) -> Iterator[ForeignAttachment]:
    # A resource's first attachment is a link to its own page, which the post has anyway (F2).
    seen = {url, note.id}
    for medium in note.media:
        safe = markup.safe_url(medium.url)
        if safe is None or safe in seen:
            continue
        seen.add(safe)
        media_type = medium.media_type.lower().partition(";")[0].strip()
        yield ForeignAttachment(
            kind=_kind(medium, media_type),
            url=safe,
            media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else "",
            alt=markup.text(medium.alt, limit=LONGEST_ALT),
            width=medium.width,
            height=medium.height,
            focal=medium.focal,
        )


def _kind(medium: Media, media_type: str) -> AttachmentKind:
    if medium.is_link:
        return AttachmentKind.LINK
    family = media_type.partition("/")[0] or medium.type.lower()
    return _KINDS.get(family, AttachmentKind.FILE)


def _is_own_resource(note: Note) -> bool:
    return note.learning is not None and hosts.same_origin(note.learning.id, note.id)


def _resource(learning: Learning) -> ForeignResource:
    terms = descriptions.terms(learning)
    licence = vocabularies.licence_by_url(learning.licence.uri) if learning.licence and learning.licence.uri else None
    ages = descriptions.ages(learning.ages) or descriptions.ages_of(terms)
    return ForeignResource(
        description=_lines(learning.description),
        age_min=ages[0],
        age_max=ages[1],
        licence=licence.id if licence else None,
        licence_label=licence.short if licence else _licence_label(learning.licence),
        licence_url=markup.safe_url(learning.licence.uri) if learning.licence and learning.licence.uri else None,
        minutes=durations.minutes_of(learning.duration),
        credit=markup.text(learning.credit, limit=LONGEST_TITLE),
        version=learning.version,
        terms=terms,
        bases=descriptions.bases(learning),
        files=tuple(_files(learning.files)),
        changed=markup.text(learning.changed, limit=LONGEST_LINE),
    )


def _files(listed: Iterable[File]) -> Iterator[ForeignFile]:
    for file in listed:
        url, media_type = markup.safe_url(file.url), file.media_type.lower().strip()
        if url is not None:
            yield ForeignFile(
                name=files.safe_name(file.name),
                media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else files.UNKNOWN,
                size=file.size,
                sha256=file.sha256,
                url=url,
            )


def _use(usage: Usage) -> ForeignUse:
    level = vocabularies.level_by_label(usage.level) if usage.level else None
    return ForeignUse(resource_uri=usage.resource, line=usage.line, level=level.slug if level else None)


def _licence_label(licence: Concept | None) -> str:
    return markup.text(licence.label or licence.uri or "", limit=LONGEST_TITLE) if licence else ""


def _lines(text: str) -> str:
    lines = text[:LONGEST_DESCRIPTION].splitlines()[:MOST_LINES]
    return "\n".join(markup.text(line, limit=LONGEST_DESCRIPTION) for line in lines).strip()
