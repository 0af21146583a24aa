"""A resource for machines that read pages: two JSON-LD blocks (resources.md 3.7, face 1).

The first is a WebPage, which link cards read; the second an AMB LearningResource, which
catalogues read. Both are data: no browser runs them, and nothing in them can end the script
element they stand in.
"""

from typing import Any, Final

from markupsafe import Markup

from fedishare.core import json
from fedishare.core.uris import Uris
from fedishare.domain import markup, vocabularies
from fedishare.domain.audience import OPEN
from fedishare.domain.vocabularies import Level, Licence
from fedishare.queries.cards import Card, ResourceCard
from fedishare.queries.pages import Terms

AMB: Final = "https://w3id.org/kim/amb/context.jsonld"
NO_LOGIN: Final = "http://w3id.org/kim/conditionsOfAccess/no_login"
TEACHER: Final = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"
# What could end a script element or a line of JavaScript (XSS-10).
ESCAPES: Final = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"})


def blocks(post: Card, terms: Terms | None, *, uris: Uris, node: str) -> list[Markup]:
    """The two blocks of a resource of ours that everybody may see; none for any other."""
    if post.resource is None or terms is None or not post.local or post.visibility not in OPEN:
        return []
    written = (web_page(post, terms), learning_resource(post, post.resource, terms, uris=uris, node=node))
    return [Markup(json.dumps(block).decode().translate(ESCAPES)) for block in written]  # noqa: S704 -- escaped above; test_no_title_can_end_the_script_element


def web_page(post: Card, terms: Terms) -> dict[str, Any]:
    licence = vocabularies.licence(terms.licence or "")
    page = {
        "@context": "https://schema.org",
        "@type": "WebPage",
        "@id": post.uri,
        "url": post.uri,
        "headline": post.title,
        "description": markup.excerpt(post.content, length=280),
        "author": {"@type": "Person", "name": post.author.name, "url": post.author.uri},
        "datePublished": post.published_at.date().isoformat(),
        "dateModified": (post.edited_at or post.published_at).date().isoformat(),
        "inLanguage": post.language,
        "license": licence.url if licence else None,
    }
    return _filled(page)


def learning_resource(post: Card, resource: ResourceCard, terms: Terms, *, uris: Uris, node: str) -> dict[str, Any]:
    """What AMB asks for, and what we know besides; a licence that AMB does not take stands in usageInfo."""
    licence = vocabularies.licence(terms.licence or "")
    level = vocabularies.level(terms.level or "")
    changed = (post.edited_at or post.published_at).date().isoformat()
    published = post.published_at.date().isoformat()
    return _filled(
        {
            "@context": [AMB, {"@language": post.language or "en"}],
            "id": post.uri,
            "type": ["LearningResource"],
            "name": post.title,
            "description": markup.plain(post.content),
            "creator": [{"type": "Person", "id": uris.profile(post.author.handle), "name": post.author.name}],
            "publisher": [{"type": "Organization", "id": f"{uris.origin}/", "name": node}],
            "inLanguage": [post.language] if post.language else None,
            "isAccessibleForFree": True,
            "conditionsOfAccess": {"type": "Concept", "id": NO_LOGIN},
            "audience": [_concept(TEACHER, "teacher")],
            "datePublished": published,
            "dateModified": changed,
            "version": str(resource.version),
            "encoding": [
                {
                    "type": "MediaObject",
                    "contentUrl": file.url,
                    "encodingFormat": file.media_type,
                    "contentSize": str(file.size),
                    "sha256": file.sha256,
                }
                for file in resource.files
            ],
            "mainEntityOfPage": [
                {
                    "type": "WebContent",
                    "id": post.uri,
                    "provider": {"type": "Organization", "id": f"{uris.origin}/", "name": node},
                    "dateCreated": published,
                    "dateModified": changed,
                }
            ],
            **_licence(licence),
            **_level(level),
            **_subject_and_type(terms),
        }
    )


def _licence(licence: Licence | None) -> dict[str, Any]:
    if licence is None:
        return {}
    return {"license" if licence.fits_amb else "usageInfo": {"id": licence.url}}


def _level(level: Level | None) -> dict[str, Any]:
    if level is None:
        return {}
    isced = vocabularies.isced(level.isced)
    alignment = {
        "type": "AlignmentObject",
        "alignmentType": "educationalLevel",
        "educationalFramework": level.framework,
        "targetName": level.label,
        "targetUrl": level.url,
    }
    return {
        "educationalLevel": [_concept(isced.url, isced.label)] if isced else None,
        "typicalAgeRange": f"{level.age_min}-{level.age_max}",
        "educationalAlignment": [_filled(alignment)],
    }


def _subject_and_type(terms: Terms) -> dict[str, Any]:
    subject = vocabularies.subject(terms.subject or "")
    kind = vocabularies.resource_type(terms.type or "")
    return {
        "about": [_concept(subject.kim, subject.label)] if subject and subject.kim else None,
        "keywords": [subject.label] if subject else None,
        "learningResourceType": [_concept(kind.url, kind.label)] if kind else None,
    }


def _concept(uri: str, label: str) -> dict[str, Any]:
    return {"type": "Concept", "id": uri, "prefLabel": {"en": label}}


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
