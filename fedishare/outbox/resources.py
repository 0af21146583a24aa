"""Teaching resources put into words, and "used it" (decisions F1 to F4 and F7).

A resource is a Note that every server shows: title, description, a line of facts, a link to its
page and to its files. What it is to a machine stands in `schema:mainEntity`, from which an AMB
document is made by stripping the prefixes.
"""

from collections.abc import Iterator
from html import escape
from typing import Final

from fedishare.as2 import write
from fedishare.as2.write import Document
from fedishare.core.json import Json
from fedishare.core.uris import Uris
from fedishare.domain import files, html, markup, vocabularies
from fedishare.domain.audience import OPEN
from fedishare.outbox.frames import frame, mention
from fedishare.queries.outgoing import FileRow, PostFacts, ResourceRow, UseFacts

OPEN_IT: Final = "Open the resource"
LEARNING_RESOURCE: Final = "schema:LearningResource"
USE_ACTION: Final = "schema:UseAction"
_NO_LOGIN: Final = "http://w3id.org/kim/conditionsOfAccess/no_login"
_TEACHER: Final = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"


def resource(facts: PostFacts, row: ResourceRow, *, at: Uris) -> Document:
    """The Note of a resource (resources.md 3.7). Its first attachment is the link to its page, and it has no other."""
    labels = hashtags(facts.tags, row)
    tags: list[Json] = [{"type": "Hashtag", "name": f"#{label}", "href": _tag(label, at)} for label in labels]
    shaped = frame(facts, at=at, content=_content(facts, row, labels, at=at), tags=tags)
    shaped["attachment"] = [{"type": "Link", "href": facts.post.url, "mediaType": "text/html", "name": OPEN_IT}]
    licence = _licence(row)
    if licence:
        shaped["licence"] = licence
    shaped["schema:mainEntity"] = _entity(facts, row, labels)
    return write.with_context(write.resource_context(facts.post.language), shaped)


def hashtags(labels: tuple[str, ...], row: ResourceRow) -> list[str]:
    """The author's hashtags, and those for subject and stage (F7), each once."""
    made = [_as_tag(row.subject_label), _as_tag(row.level_label)]
    first: dict[str, str] = {}
    for label in (*labels, *made):
        first.setdefault(markup.fold_tag(label), label)
    first.pop("", None)
    return list(first.values())


def use_note(facts: UseFacts, *, at: Uris) -> Document:
    """What says "used it" to the author: anywhere else a private mention, with us a use of the resource."""
    level = _level_label(facts.level)
    name = escape(facts.post.title or facts.post.url, quote=False)
    line = f": {escape(facts.line, quote=False)}" if facts.line else "."
    url, username = escape(facts.author.url), escape(facts.author.username)
    who = f'<a href="{url}" class="u-url mention">@<span>{username}</span></a>'
    content = (
        f'<p><span class="h-card" translate="no">{who}</span> I used <a href="{escape(facts.post.url)}">{name}</a>'
        f"{f' with {escape(level, quote=False)}' if level else ''}{line}</p>"
    )
    action: Document = {"type": [USE_ACTION], "schema:object": {"id": facts.post.uri}, "schema:description": facts.line}
    if level:
        action["schema:educationalLevel"] = level
    note: Document = {
        "id": at.post(facts.id),
        "type": "Note",
        "attributedTo": facts.user.uri,
        "inReplyTo": facts.post.uri,
        "published": write.when(facts.at),
        "to": [facts.author.uri],
        "cc": [],
        "sensitive": False,
        "content": content,
        "mediaType": "text/html",
        "tag": [mention(facts.author)],
        "attachment": [],
        "schema:mainEntity": action,
    }
    return write.with_context(write.NOTE, note)


def _content(facts: PostFacts, row: ResourceRow, labels: list[str], *, at: Uris) -> str:
    """What every server shows. The page is the first plain link, from which Mastodon before 4.7 makes its card."""
    title = html.headline(facts.post.title or "")
    link = f'<p><a href="{escape(facts.post.url)}">{OPEN_IT}</a></p>'
    chips = f"<p>{escape(' · '.join(_chips(row)), quote=False)}</p>" if any(_chips(row)) else ""
    # A description with links of its own comes after the link to the page, or its first link would be the card.
    # Mentions and hashtags are no such links: they carry other words in `rel`, or none.
    has_links = 'rel="nofollow' in facts.post.content
    before, after = (link, "") if has_links else ("", link)
    tags = " ".join(_tag_html(label, at) for label in labels)
    return "".join(
        [
            title,
            before,
            facts.post.content,
            chips,
            after,
            _file_links(facts.files),
            f"<p>{tags}</p>" if tags else "",
        ]
    )


def _chips(row: ResourceRow) -> list[str]:
    ages = _ages(row, between="–")  # noqa: RUF001 -- a range, as people write it
    level = f"{row.level_label} (ages {ages})" if row.level_label and ages else row.level_label
    return [chip for chip in (row.type_label, row.subject_label, level, row.licence_label) if chip]


def _file_links(rows: tuple[FileRow, ...]) -> str:
    links = [
        f'<a href="{escape(row.url)}">{escape(row.name, quote=False)}</a>'
        f" ({files.describe(row.media_type)}, {files.human_size(row.size)})"
        for row in rows
    ]
    return f"<p>{' · '.join(links)}</p>" if links else ""


def _tag_html(label: str, at: Uris) -> str:
    return f'<a href="{escape(_tag(label, at))}" class="mention hashtag" rel="tag">#{escape(label, quote=False)}</a>'


def _tag(label: str, at: Uris) -> str:
    return at.tag(markup.fold_tag(label))


def _as_tag(label: str) -> str:
    """A label as a hashtag: "Design and technology" becomes DesignAndTechnology."""
    words = "".join(letter if letter.isalnum() else " " for letter in label).split()
    return "".join(word[:1].upper() + word[1:] for word in words)


def _licence(row: ResourceRow) -> Document:
    known = vocabularies.licence(row.licence) if row.licence else None
    if known is None and not row.licence_url:
        return {}
    shaped: Document = {"name": known.name if known else row.licence_label}
    url = row.licence_url or (known.url if known else None)
    if known is not None and known.spdx:
        shaped = {"identifier": known.spdx, **shaped}
    return shaped | {"url": url} if url else shaped


def _entity(facts: PostFacts, row: ResourceRow, labels: list[str]) -> Document:
    """The resource itself, in the words of schema.org (resources.md 3.4). Absent is what nobody said."""
    post = facts.post
    title = post.title or ""
    modified = f"{(post.edited_at or post.published_at).date():%Y-%m-%d}"
    published = f"{post.published_at.date():%Y-%m-%d}"
    entity: Document = {
        "id": post.uri,
        "type": [LEARNING_RESOURCE],
        "schema:name": title,
        "schema:description": html.plain(post.content),
        "schema:creator": [{"type": "schema:Person", "id": facts.author.url, "schema:name": facts.author.name}],
    }
    entity |= dict(_told(facts, row, labels))
    entity |= {
        "schema:dateCreated": published,
        "schema:datePublished": published,
        "schema:dateModified": modified,
        "schema:encoding": [_file(file) for file in facts.files],
        "schema:mainEntityOfPage": [
            {
                "type": "schema:WebContent",
                "id": post.url,
                "schema:dateCreated": published,
                "schema:dateModified": modified,
            }
        ],
        "schema:version": str(row.version),
        "schema:creditText": facts.author.name,
    }
    alignment = _alignment(row)
    return entity | {"schema:educationalAlignment": alignment} if alignment else entity


def _told(facts: PostFacts, row: ResourceRow, labels: list[str]) -> Iterator[tuple[str, Json]]:
    """What only some resources have."""
    language = facts.post.language
    if language:
        yield "schema:inLanguage", [language]
    if row.licence_url:
        yield "schema:license", {"id": row.licence_url}
    if facts.post.visibility in OPEN:
        yield "schema:isAccessibleForFree", True
        yield "schema:conditionsOfAccess", {"type": "skos:Concept", "id": _NO_LOGIN}
    subject = vocabularies.subject(row.subject) if row.subject else None
    if row.subject_label:
        yield "schema:about", [_concept(row.subject_label, subject.kim if subject else None)]
    kind = vocabularies.resource_type(row.type) if row.type else None
    if row.type_label:
        yield "schema:learningResourceType", [_concept(row.type_label, kind.url if kind else None)]
    level = vocabularies.level(row.level) if row.level else None
    step = vocabularies.isced(level.isced) if level else None
    if step is not None:
        yield "schema:educationalLevel", [_concept(step.label, step.url)]
    yield "schema:audience", [_concept("teacher", _TEACHER)]
    if labels:
        yield "schema:keywords", list(labels)
    ages = _ages(row, between="-")
    if ages:
        yield "schema:typicalAgeRange", ages


def _concept(label: str, uri: str | None) -> Document:
    """A term of somebody's list; our vocabularies are in English, whatever the resource's language."""
    concept: Document = {"type": "skos:Concept", "skos:prefLabel": {"en": label}}
    return {"type": "skos:Concept", "id": uri, "skos:prefLabel": {"en": label}} if uri else concept


def _file(row: FileRow) -> Document:
    return {
        "type": "schema:MediaObject",
        "schema:name": row.name,
        "schema:contentUrl": row.url,
        "schema:encodingFormat": row.media_type,
        "schema:contentSize": str(row.size),
        "schema:sha256": row.sha256,
    }


def _alignment(row: ResourceRow) -> list[Json]:
    """Year and subject as their own curriculum names them. AMB takes no years among its educational levels."""
    level = vocabularies.level(row.level) if row.level else None
    subject = vocabularies.subject(row.subject) if row.subject else None
    framework = level.framework if level else vocabularies.ENGLAND
    found: list[Json] = []
    if row.level_label:
        found.append(_aligned("educationalLevel", row.level_label, framework, level.url if level else None))
    if subject is not None and subject.target_url and framework == vocabularies.ENGLAND:
        found.append(_aligned("educationalSubject", subject.label, framework, subject.target_url))
    return found


def _aligned(kind: str, name: str, framework: str, url: str | None) -> Document:
    shaped: Document = {
        "type": "schema:AlignmentObject",
        "schema:alignmentType": kind,
        "schema:educationalFramework": framework,
        "schema:targetName": name,
    }
    return shaped | {"schema:targetUrl": url} if url else shaped


def _ages(row: ResourceRow, *, between: str) -> str:
    return f"{row.age_min}{between}{row.age_max}" if row.age_min is not None and row.age_max is not None else ""


def _level_label(level: str | None) -> str:
    known = vocabularies.level(level) if level else None
    return known.label if known else level or ""
