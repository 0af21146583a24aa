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
from fedishare.domain import durations, files, html, markup, vocabularies
from fedishare.domain.audience import OPEN
from fedishare.domain.terms import Basis, Term
from fedishare.outbox.frames import frame, mention
from fedishare.queries.outgoing import FileRow, PostFacts, UseFacts
from fedishare.queries.parties import Who
from fedishare.queries.resources import ResourceRow

OPEN_IT: Final = "Open the resource"
LEARNING_RESOURCE: Final = "schema:LearningResource"
USE_ACTION: Final = "schema:UseAction"
_NO_LOGIN: Final = "http://w3id.org/kim/conditionsOfAccess/no_login"
MOST_KEYWORDS: Final = 50


def resource(facts: PostFacts, row: ResourceRow, *, at: Uris) -> Document:
    """The Note of a resource (resources.md 3.7). Its first attachment is the link to its page, and it has no other."""
    labels = hashtags(facts.tags, row)
    tags: list[Json] = [{"type": "Hashtag", "name": f"#{label}", "href": _tag(label, at)} for label in labels]
    shaped = frame(facts, at=at, content=_content(facts, row, labels, at=at), tags=tags)
    shaped["attachment"] = [{"type": "Link", "href": facts.post.url, "mediaType": "text/html", "name": OPEN_IT}]
    shaped |= _image(facts, at)
    licence = _licence(row)
    if licence:
        shaped["licence"] = licence
    shaped["schema:mainEntity"] = entity(facts, row, at=at)
    return write.with_context(write.resource_context(facts.post.language), shaped)


def _image(facts: PostFacts, at: Uris) -> Document:
    """What a server may show beside the title. Nothing where no file has a picture, or none yet."""
    for image in facts.images:
        url = at.preview(facts.post.id, image.name)
        size: Document = {"width": image.width, "height": image.height}
        name = f"Preview of {image.name}"
        return {"image": {"type": "Image", "url": url, "mediaType": "image/webp", "name": name, **size}}
    return {}


def hashtags(labels: tuple[str, ...], row: ResourceRow) -> list[str]:
    """The author's hashtags, and those for subjects and levels (F7), each once."""
    made = [_as_tag(term.label) for term in (*row.subjects, *row.levels)]
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
    said = _chips(row)
    chips = f"<p>{escape(' · '.join(said), quote=False)}</p>" if said else ""
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
            _sources(row),
            f"<p>{tags}</p>" if tags else "",
        ]
    )


def _chips(row: ResourceRow) -> list[str]:
    ages = _ages(row, between="–")  # noqa: RUF001 -- a range, as people write it
    level = f"{row.level_label} (ages {ages})" if row.level_label and ages else row.level_label
    time = durations.in_words(row.minutes) if row.minutes else ""
    helps = (term.label for term in row.features)
    return [chip for chip in (row.type_label, row.subject_label, level, time, row.licence_label, *helps) if chip]


def _file_links(rows: tuple[FileRow, ...]) -> str:
    links = [
        f'<a href="{escape(row.url)}">{escape(row.name, quote=False)}</a>'
        f" ({files.describe(row.media_type)}, {files.human_size(row.size)})"
        for row in rows
    ]
    return f"<p>{' · '.join(links)}</p>" if links else ""


def _sources(row: ResourceRow) -> str:
    links = [
        f'<a href="{escape(basis.uri)}" rel="nofollow noopener noreferrer">'
        f"{escape(basis.name or basis.uri, quote=False)}</a>"
        for basis in row.bases
    ]
    return f"<p>Based on {' · '.join(links)}</p>" if links else ""


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


def entity(facts: PostFacts, row: ResourceRow, *, at: Uris) -> Document:
    """The resource itself, in the words of schema.org (resources.md 3.4 and 3.7). Absent is what nobody said.

    Without the prefixes it is an AMB document, which `outbox.amb` makes of it.
    """
    post, school = facts.post, _school(facts, at)
    modified = f"{(post.edited_at or post.published_at).date():%Y-%m-%d}"
    published = f"{post.published_at.date():%Y-%m-%d}"
    author: Document = {"type": "schema:Person", "id": facts.author.url, "schema:name": facts.author.name}
    shaped: Document = {
        "id": post.uri,
        "type": [LEARNING_RESOURCE],
        "schema:name": post.title or "",
        "schema:description": html.plain(post.content),
        "schema:creator": [{**author, "schema:affiliation": school} if school else author],
    }
    if school:
        shaped["schema:publisher"] = [school]
    shaped |= dict(_told(facts, row))
    shaped |= {
        "schema:dateCreated": published,
        "schema:datePublished": published,
        "schema:dateModified": modified,
        "schema:encoding": [_file(file) for file in facts.files],
        "schema:mainEntityOfPage": [
            {
                "type": "schema:WebContent",
                "id": post.url,
                "schema:provider": {"type": "schema:Organization", "id": f"{at.origin}/", "schema:name": at.authority},
                "schema:dateCreated": published,
                "schema:dateModified": modified,
            }
        ],
    }
    return shaped | dict(_added(facts, row))


def _school(facts: PostFacts, at: Uris) -> Document:
    """Who publishes it: the school that its author said is theirs, else the node."""
    if facts.publisher is not None:
        school = facts.publisher
        return {"type": "schema:Organization", "id": school.url, "schema:name": school.name}
    if not facts.node_name:
        return {}
    return {"type": "schema:Organization", "id": f"{at.origin}/", "schema:name": facts.node_name}


def _told(facts: PostFacts, row: ResourceRow) -> Iterator[tuple[str, Json]]:
    """What only some resources have."""
    language = facts.post.language
    if language:
        yield "schema:inLanguage", [language]
    if row.licence_url:
        yield "schema:license", {"id": row.licence_url}
    if facts.post.visibility in OPEN:
        yield "schema:isAccessibleForFree", True
        yield "schema:conditionsOfAccess", {"type": "skos:Concept", "id": _NO_LOGIN}
    for name, terms in (
        ("schema:about", row.subjects),
        ("schema:learningResourceType", row.types),
        ("schema:educationalLevel", row.stages),
    ):
        if terms:
            yield name, [_concept(term.label, term.uri) for term in terms]
    if row.audiences:
        yield "schema:audience", [_concept(_role_name(term), term.uri) for term in row.audiences]
    words = keywords(facts.tags, row)
    if words:
        yield "schema:keywords", list(words)


def _added(facts: PostFacts, row: ResourceRow) -> Iterator[tuple[str, Json]]:
    """What follows upon the files, in the order of the example in resources.md 3.7."""
    if row.bases:
        yield "schema:isBasedOn", [_basis(basis) for basis in row.bases]
    if facts.anthologies:
        yield "schema:isPartOf", [_collection(each) for each in facts.anthologies]
    ages = _ages(row, between="-")
    if ages:
        yield "schema:typicalAgeRange", ages
    if row.minutes:
        yield "schema:timeRequired", durations.iso(row.minutes)
    yield "schema:version", str(row.version)
    if row.changed:
        yield "schema:releaseNotes", row.changed
    yield "schema:creditText", row.credit or facts.author.name
    if row.objectives:
        yield "schema:teaches", [_objective(term, number, facts) for number, term in enumerate(row.objectives, start=1)]
    if row.features:
        yield "schema:accessibilityFeature", [term.slug or term.label for term in row.features]
    alignment = _alignment(row)
    if alignment:
        yield "schema:educationalAlignment", alignment


def keywords(tags: tuple[str, ...], row: ResourceRow) -> tuple[str, ...]:
    """The keywords as written, then the hashtags that are none of them."""
    first: dict[str, str] = {}
    for word in (*(term.label for term in row.keywords), *tags):
        first.setdefault(markup.fold_tag(_as_tag(word)) or word.casefold(), word)
    return tuple(first.values())[:MOST_KEYWORDS]


def _role_name(term: Term) -> str:
    """The word of LRMI's list, and not ours for teachers."""
    known = vocabularies.role(term.slug) if term.slug else None
    return known.name if known else term.label


def _concept(label: str, uri: str | None) -> Document:
    """A term of somebody's list; our vocabularies are in English, whatever the resource's language."""
    concept: Document = {"type": "skos:Concept", "skos:prefLabel": {"en": label}}
    return {"type": "skos:Concept", "id": uri, "skos:prefLabel": {"en": label}} if uri else concept


def _objective(term: Term, number: int, facts: PostFacts) -> Document:
    """A sentence of the author's has no address but the one we give it: AMB wants one."""
    language = (facts.post.language or "en").partition("-")[0].lower()
    uri = term.uri or f"{facts.post.uri}#objective-{number}"
    return {"type": "skos:Concept", "id": uri, "skos:prefLabel": {language: term.label}}


def _basis(basis: Basis) -> Document:
    shaped: Document = {"type": [LEARNING_RESOURCE], "id": basis.uri}
    if basis.name:
        shaped["schema:name"] = basis.name
    if basis.licence_url:
        shaped["schema:license"] = {"id": basis.licence_url}
    return shaped


def _collection(who: Who) -> Document:
    return {"type": ["schema:Collection"], "id": who.uri, "schema:name": who.name}


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
    """Years and subjects as their own curriculum names them. AMB takes no years among its educational levels."""
    found: list[Json] = [_aligned("educationalLevel", term.label, term.framework, term.uri) for term in row.levels]
    frameworks = {term.framework for term in row.levels} or {vocabularies.ENGLAND}
    for term in row.subjects:
        subject = vocabularies.subject(term.slug) if term.slug else None
        if subject is not None and subject.target_url and vocabularies.ENGLAND in frameworks:
            found.append(_aligned("educationalSubject", subject.label, vocabularies.ENGLAND, subject.target_url))
    return found


def _aligned(kind: str, name: str, framework: str | None, url: str | None) -> Document:
    shaped: Document = {"type": "schema:AlignmentObject", "schema:alignmentType": kind}
    if framework:
        shaped["schema:educationalFramework"] = framework
    shaped["schema:targetName"] = name
    return shaped | {"schema:targetUrl": url} if url else shaped


def _ages(row: ResourceRow, *, between: str) -> str:
    return f"{row.age_min}{between}{row.age_max}" if row.age_min is not None and row.age_max is not None else ""


def _level_label(level: str | None) -> str:
    known = vocabularies.level(level) if level else None
    return known.label if known else level or ""
