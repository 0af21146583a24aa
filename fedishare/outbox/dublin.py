"""A resource in Dublin Core: the fifteen simple elements, and the record with the terms that say more."""

from collections.abc import Iterator
from typing import Final

from fedishare.core.uris import Uris
from fedishare.core.xml import Xml, element
from fedishare.domain import durations, html
from fedishare.outbox import resources
from fedishare.queries.outgoing import PostFacts
from fedishare.queries.resources import ResourceRow

DC: Final = "http://purl.org/dc/elements/1.1/"
TERMS: Final = "http://purl.org/dc/terms/"
OAI_DC: Final = "http://www.openarchives.org/OAI/2.0/oai_dc/"
OAI_DC_SCHEMA: Final = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


def simple(facts: PostFacts, row: ResourceRow, *, at: Uris) -> Xml:
    """What every harvester of OAI-PMH understands."""
    return element(
        "oai_dc:dc",
        *_elements(facts, row, at=at),
        xmlns_oai_dc=OAI_DC,
        xmlns_dc=DC,
        xmlns_xsi=_XSI,
        xsi_schemaLocation=f"{OAI_DC} {OAI_DC_SCHEMA}",
    )


def record(facts: PostFacts, row: ResourceRow, *, at: Uris) -> Xml:
    """The same, and what only the terms of the DCMI have a word for."""
    return element("metadata", *_elements(facts, row, at=at), *_terms(facts, row), xmlns_dc=DC, xmlns_dcterms=TERMS)


def _elements(facts: PostFacts, row: ResourceRow, *, at: Uris) -> Iterator[Xml]:
    post = facts.post
    yield _said("dc:title", post.title or "", post.language)
    yield element("dc:creator", facts.author.name)
    for word in dict.fromkeys((*(term.label for term in row.subjects), *resources.keywords(facts.tags, row))):
        yield element("dc:subject", word)
    yield _said("dc:description", html.plain(post.content), post.language)
    yield element("dc:publisher", facts.node_name or at.authority)
    yield element("dc:date", f"{post.published_at:%Y-%m-%d}")
    for term in row.types:
        yield element("dc:type", term.label)
    for kind in dict.fromkeys(file.media_type for file in facts.files):
        yield element("dc:format", kind)
    yield element("dc:identifier", post.uri)
    for file in facts.files:
        yield element("dc:identifier", file.url)
    for basis in row.bases:
        yield element("dc:source", basis.uri)
    if post.language:
        yield element("dc:language", post.language)
    if row.licence_url or row.licence_label:
        yield element("dc:rights", row.licence_url or row.licence_label)


def _terms(facts: PostFacts, row: ResourceRow) -> Iterator[Xml]:
    for term in row.stages:
        yield element("dcterms:educationLevel", term.uri or term.label)
    for term in row.levels:
        yield element("dcterms:conformsTo", term.uri or term.label)
    for term in row.audiences:
        yield element("dcterms:audience", term.label)
    if row.minutes:
        yield element("dcterms:extent", durations.iso(row.minutes))
    if row.licence_url:
        yield element("dcterms:license", row.licence_url)
    for each in facts.anthologies:
        yield element("dcterms:isPartOf", each.uri)
    if facts.post.edited_at is not None:
        yield element("dcterms:modified", f"{facts.post.edited_at:%Y-%m-%d}")


def _said(name: str, words: str, language: str | None) -> Xml:
    return element(name, words, xml_lang=language) if language else element(name, words)
