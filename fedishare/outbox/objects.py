"""Posts put into words: notes, polls, articles, what is left of deleted ones. Resources have a file of their own.

Shaping only: what is told here was loaded by queries.outgoing.
"""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Final

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core.json import Json
from fedishare.core.uris import Uris
from fedishare.domain import html, markup, purposes
from fedishare.domain.kinds import AttachmentKind
from fedishare.outbox import papers, polls, quotes, resources, seals
from fedishare.outbox.actors import actor
from fedishare.outbox.frames import frame
from fedishare.queries.outgoing import AttachmentRow, PostFacts

__all__ = ["actor", "attachments", "document", "note", "proven", "tombstone"]

NOTE: Final = "Note"
ARTICLE: Final = "Article"
# Mastodon keeps four and drops the rest, so pictures come first (F5).
MOST_ATTACHMENTS: Final = 4
ABSTRACT_LENGTH: Final = 500


def document(facts: PostFacts, *, at: Uris) -> Document:
    """A post of ours as it is: a resource, a note, or a tombstone. Without a proof."""
    if facts.post.deleted_at is not None:
        return tombstone(facts.post.uri, former_type=facts.post.kind, deleted=facts.post.deleted_at)
    if facts.resource is not None:
        return resources.resource(facts, facts.resource, at=at)
    return note(facts, at=at)


def proven(facts: PostFacts, *, at: Uris) -> Document:
    """The same as it is served and sent: with a proof by its author where it may have one.

    The proof is as old as the post or its last edit, so the same post comes out the same each time.
    """
    plain = document(facts, at=at)
    if facts.post.deleted_at is not None or facts.post.visibility not in seals.PROVEN:
        return plain
    return seals.proven(plain, key=facts.key, at=facts.post.edited_at or facts.post.published_at)


def note(facts: PostFacts, *, at: Uris) -> Document:
    """A Note, whose title its content says once more, for few servers show a name; a Question; or an Article."""
    post = facts.post
    titled = post.title is not None and post.in_reply_to_uri is None and post.kind != ARTICLE
    heading = purposes.heading(facts.purpose.kind if facts.purpose else None, post.title if titled else None)
    content = (html.headline(heading) if heading else "") + post.content
    content = quotes.fallback(facts.quote) + content
    shaped = frame(facts, at=at, content=content, tags=_hashtags(facts.tags, at=at))
    shaped["attachment"] = attachments(facts.attachments)
    shaped |= _purpose(facts)
    if post.kind == ARTICLE:
        shaped |= _abstract(facts)
    if facts.paper is not None:
        shaped["schema:mainEntity"] = papers.entity(facts.paper)
    if facts.poll is not None:
        return write.with_context(write.POLL, shaped | polls.terms(facts.poll, facts.options))
    if facts.quote is not None:
        return write.with_context(write.QUOTE, shaped | quotes.terms(facts.quote))
    return write.with_context(write.NOTE, shaped)


def _purpose(facts: PostFacts) -> Document:
    """What it is for, and the answer that settled a question: for FediShare nodes; others read the first word."""
    if facts.purpose is None:
        return {}
    said: Document = {"schema:genre": facts.purpose.kind.value}
    return said | ({"schema:acceptedAnswer": {"id": facts.purpose.answer_uri}} if facts.purpose.answer_uri else {})


def tombstone(uri: str, *, former_type: str, deleted: datetime) -> Document:
    """What stands at the address of something deleted."""
    gone: Document = {"id": uri, "type": "Tombstone", "formerType": former_type, "deleted": write.when(deleted)}
    return write.with_context(write.PLAIN, gone)


def _abstract(facts: PostFacts) -> Document:
    """What stands for an Article where its text is not shown (F6). A warning, where there is one, goes first."""
    abstract = html.excerpt(facts.post.content, length=ABSTRACT_LENGTH)
    preview: Document = {
        "type": NOTE,
        "attributedTo": facts.author.uri,
        "content": f"<p>{escape(abstract, quote=False)}</p>",
        "published": write.when(facts.post.published_at),
    }
    return {"summary": facts.post.warning or abstract, "preview": preview}


def _hashtags(labels: Iterable[str], *, at: Uris) -> list[Json]:
    return [{"type": "Hashtag", "name": f"#{label}", "href": at.tag(markup.fold_tag(label))} for label in labels]


def attachments(rows: Iterable[AttachmentRow]) -> list[Json]:
    """Pictures, then video and sound, at most four; then links. Files are never among them (F3)."""
    by_kind = sorted(rows, key=lambda row: row.kind is not AttachmentKind.IMAGE)
    media = [_media(row) for row in by_kind if row.kind not in {AttachmentKind.FILE, AttachmentKind.LINK}]
    links = [_link(row) for row in by_kind if row.kind is AttachmentKind.LINK]
    return [*media[:MOST_ATTACHMENTS], *links]


def _media(row: AttachmentRow) -> Document:
    # One entry of type Audio or Video makes Lemmy refuse the whole object (F5).
    kind = "Image" if row.kind is AttachmentKind.IMAGE else "Document"
    shaped: Document = {"type": kind, "mediaType": row.media_type, "url": row.url}
    if row.alt:
        shaped["name"] = row.alt
    if row.width and row.height:
        shaped |= {"width": row.width, "height": row.height}
    if row.focal_x is not None and row.focal_y is not None:
        shaped["focalPoint"] = [row.focal_x, row.focal_y]
    return shaped


def _link(row: AttachmentRow) -> Document:
    shaped: Document = {"type": "Link", "href": row.url, "mediaType": row.media_type or "text/html"}
    return shaped | {"name": row.alt} if row.alt else shaped
