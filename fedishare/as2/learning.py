"""What a post says as a teaching resource or a use of one, and an actor as a collection of them (resources.md 3.7)."""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

from fedishare.as2.limits import (
    MAX_ALIGNMENTS,
    MAX_BASES,
    MAX_CONCEPTS,
    MAX_DEPTH,
    MAX_FILES,
    MAX_KEYWORDS,
    MAX_SENTENCE,
    MAX_SUMMARY,
    MAX_WORD,
)
from fedishare.as2.node import EVERYBODY, Node, is_address
from fedishare.as2.types import Concept, File, Learning, Usage, Work
from fedishare.core.json import Json

SHA256_LETTERS: Final = 64

# How others write what we write as `schema:` and `skos:`.
MAIN_ENTITY: Final = (
    "schema:mainEntity",
    "http://schema.org/mainEntity",
    "https://schema.org/mainEntity",
    "mainEntity",
)
PREFIXES: Final = (
    "schema:",
    "skos:",
    "http://schema.org/",
    "https://schema.org/",
    "http://www.w3.org/2004/02/skos/core#",
)


def learning(node: Node) -> Learning | None:
    """Only where the resource is the post itself: on any doubt it is a plain post (resources.md 3.7)."""
    found = next((entity for term in MAIN_ENTITY if (entity := node.node(term))), None)
    entity = Node(_bare(found.data)) if found is not None else None
    if entity is None or "LearningResource" not in entity.types:
        return None
    identity = entity.data.get("id")
    if not isinstance(identity, str) or not is_address(identity):
        return None
    version = entity.number("version")
    return Learning(
        id=identity,
        description=entity.text("description", most=MAX_SUMMARY) or "",
        subjects=(*_concepts(entity, "about"), *_alignments(entity, "educationalSubject")),
        levels=tuple(_alignments(entity, "educationalLevel")),
        stages=tuple(_concepts(entity, "educationalLevel")),
        types=tuple(_concepts(entity, "learningResourceType")),
        audiences=tuple(_concepts(entity, "audience")),
        objectives=tuple(_concepts(entity, "teaches", most=MAX_SENTENCE)),
        keywords=tuple(_keywords(entity)),
        features=tuple(word[:MAX_WORD] for word in entity.strings("accessibilityFeature", most=MAX_KEYWORDS)),
        licence=_licence(node, entity),
        ages=entity.text("typicalAgeRange", most=MAX_WORD) or "",
        duration=entity.text("timeRequired", most=MAX_WORD) or "",
        credit=entity.text("creditText", most=MAX_SENTENCE) or "",
        based_on=tuple(_works(entity)),
        version=int(version) if version and version >= 1 else 1,
        files=tuple(_files(entity)),
        changed=entity.text("releaseNotes", most=MAX_SENTENCE) or "",
    )


def items(node: Node) -> str | None:
    """Where an actor that is a collection of resources lists them; nothing for any other."""
    found = next((entity for term in MAIN_ENTITY if (entity := node.node(term))), None)
    if found is None or "Collection" not in map(_short, found.types):
        return None
    listed = found.data.get("id")
    return listed if isinstance(listed, str) and is_address(listed) else None


def _bare(data: Mapping[str, Json], *, depth: int = 0) -> dict[str, Json]:
    """The terms of schema.org and SKOS without their prefixes, however those were written."""
    return {_short(term): _value(_short(term), value, depth=depth + 1) for term, value in data.items()}


def _value(term: str, value: Json, *, depth: int) -> Json:
    if isinstance(value, list):
        return [_value(term, item, depth=depth + 1) for item in value] if depth < MAX_DEPTH else None
    if isinstance(value, str):
        return _short(value) if term == "type" else value
    if isinstance(value, dict):
        said = value.get("@value")
        return said if isinstance(said, str) else _bare(value, depth=depth) if depth < MAX_DEPTH else None
    return value


def _short(term: str) -> str:
    if term in {"@id", "@type"}:
        return term[1:]
    return next((term[len(prefix) :] for prefix in PREFIXES if term.startswith(prefix)), term)


def _keywords(entity: Node) -> Iterator[str]:
    """A list, or one string with commas, as schema.org allows both."""
    said = entity.strings("keywords", most=MAX_KEYWORDS)
    words = said[0].split(",") if len(said) == 1 else said
    for word in words[:MAX_KEYWORDS]:
        yield word[:MAX_WORD]


def _works(entity: Node) -> Iterator[Work]:
    for link in entity.links("isBasedOn", most=MAX_BASES):
        uri = link.data.get("id") or link.data.get("url") or link.data.get("href")
        if isinstance(uri, str) and is_address(uri):
            yield Work(uri, link.text("name", most=MAX_WORD) or "", link.ref("license"))


def usage(node: Node) -> Usage | None:
    entity = node.node("schema:mainEntity")
    if entity is None or "schema:UseAction" not in entity.types:
        return None
    resource = entity.ref("schema:object")
    if resource is None or resource == EVERYBODY:
        return None
    level = next(_concepts(Node(_bare(entity.data)), "educationalLevel"), None)
    return Usage(
        resource=resource,
        line=entity.text("schema:description", most=MAX_SUMMARY) or "",
        level=level.label if level else None,
    )


def _concepts(entity: Node, term: str, *, most: int = MAX_WORD) -> Iterator[Concept]:
    for label in entity.strings(term, most=MAX_CONCEPTS):
        yield Concept(label if is_address(label) else None, "" if is_address(label) else label[:most])
    for item in entity.nodes(term, most=MAX_CONCEPTS):
        uri = item.data.get("id")
        yield Concept(uri if isinstance(uri, str) and is_address(uri) else None, _label(item, most=most))


def _label(item: Node, *, most: int) -> str:
    labels = item.data.get("prefLabel")
    if isinstance(labels, dict):
        said = [text for text in (labels.get("en"), *labels.values()) if isinstance(text, str)]
        return said[0][:most] if said else ""
    return item.text("prefLabel", most=most) or item.text("name", most=most) or ""


def _alignments(entity: Node, kind: str) -> Iterator[Concept]:
    for item in entity.nodes("educationalAlignment", most=MAX_ALIGNMENTS):
        label = item.text("targetName", most=MAX_WORD)
        if label and item.text("alignmentType") == kind:
            framework = item.text("educationalFramework", most=MAX_WORD)
            yield Concept(item.ref("targetUrl"), label, framework)


def _licence(node: Node, entity: Node) -> Concept | None:
    # PeerTube and PieFed know a top-level licence with an identifier and a name.
    named = node.node("licence")
    label = named.text("name", most=MAX_WORD) or "" if named else ""
    uri = entity.ref("license") or entity.ref("usageInfo")
    return Concept(uri, label) if uri or label else None


def _files(entity: Node) -> Iterator[File]:
    for item in entity.nodes("encoding", most=MAX_FILES):
        url, size = item.ref("contentUrl"), item.number("contentSize")
        sha256 = (item.text("sha256", most=SHA256_LETTERS + 1) or "").lower()
        if not url or url == EVERYBODY or size is None or size < 0 or not _is_hash(sha256):
            continue
        yield File(
            url=url,
            name=item.text("name", most=MAX_WORD) or _file_name(url),
            media_type=item.text("encodingFormat", most=MAX_WORD) or "application/octet-stream",
            size=int(size),
            sha256=sha256,
        )


def _file_name(url: str) -> str:
    return unquote(url.partition("#")[0].partition("?")[0].rpartition("/")[2])


def _is_hash(text: str) -> bool:
    return len(text) == SHA256_LETTERS and not set(text) - set("0123456789abcdef")
