"""ActivityStreams documents of our own on their way out: contexts, times, bytes. Pure, and strict about one shape.

The shapes themselves are made in outbox; what stands here holds for all of them (the ten
rules of the interoperability notes: arrays where arrays are due, whole IRIs, UTC to the second).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec

from fedishare.core import json
from fedishare.core.json import Json

Document: TypeAlias = dict[str, Json]

AS2: Final = "https://www.w3.org/ns/activitystreams"
SECURITY: Final = "https://w3id.org/security/v1"
# Where the terms of a proof are defined. Named here so that it stands before our own terms, which come last.
DATA_INTEGRITY: Final = "https://w3id.org/security/data-integrity/v2"

_SENSITIVE: Final[Mapping[str, Json]] = {"Hashtag": "as:Hashtag", "sensitive": "as:sensitive"}
_FOCUS: Final[Mapping[str, Json]] = {
    "toot": "http://joinmastodon.org/ns#",
    "blurhash": "toot:blurhash",
    "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
}
_SCHEMA: Final[Mapping[str, Json]] = {
    "schema": "http://schema.org/",
    "language": "schema:inLanguage",
    "licence": "schema:license",
    "identifier": "schema:identifier",
}
_POLICY: Final[Mapping[str, Json]] = {
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
}
_POLL: Final[Mapping[str, Json]] = {"votersCount": "http://joinmastodon.org/ns#votersCount"}
_QUOTE: Final[Mapping[str, Json]] = {
    "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
    "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
    "quoteUri": "http://fedibird.com/ns#quoteUri",
    "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
}
_QUOTE_REQUEST: Final[Mapping[str, Json]] = {"QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest"}
_STAMP: Final[Mapping[str, Json]] = {
    "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
    "gts": "https://gotosocial.org/ns#",
    "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
    "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
}
_SKOS: Final[Mapping[str, Json]] = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "skos:prefLabel": {"@id": "skos:prefLabel", "@container": "@language"},
}
_ACTOR: Final[Mapping[str, Json]] = {
    "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
    "movedTo": {"@id": "as:movedTo", "@type": "@id"},
    "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
    "toot": "http://joinmastodon.org/ns#",
    "featured": {"@id": "toot:featured", "@type": "@id"},
    "discoverable": "toot:discoverable",
    "indexable": "toot:indexable",
    "suspended": "toot:suspended",
    "schema": "http://schema.org/",
    "PropertyValue": "schema:PropertyValue",
    "value": "schema:value",
    "lemmy": "https://join-lemmy.org/ns#",
    "moderators": {"@id": "lemmy:moderators", "@type": "@id"},
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
    "sec": "https://w3id.org/security#",
    "Multikey": "sec:Multikey",
    "assertionMethod": {"@id": "sec:assertionMethod", "@type": "@id", "@container": "@set"},
    "controller": {"@id": "sec:controller", "@type": "@id"},
    "publicKeyMultibase": {"@id": "sec:publicKeyMultibase", "@type": "sec:multibase"},
    "implements": {"@id": "https://w3id.org/fep/844e#implements", "@container": "@list"},
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
}

_MEMBERS: Final[Mapping[str, Json]] = {
    "schema": "http://schema.org/",
    "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
}

# An activity that only names its object needs no terms beyond ActivityStreams.
PLAIN: Final[tuple[Json, ...]] = (AS2,)
NOTE: Final[tuple[Json, ...]] = (AS2, {**_SENSITIVE, **_FOCUS, **_SCHEMA, **_POLICY})
POLL: Final[tuple[Json, ...]] = (AS2, {**_SENSITIVE, **_FOCUS, **_SCHEMA, **_POLICY, **_POLL})
QUOTE: Final[tuple[Json, ...]] = (AS2, {**_SENSITIVE, **_FOCUS, **_SCHEMA, **_POLICY, **_QUOTE})
QUOTE_REQUEST: Final[tuple[Json, ...]] = (
    AS2,
    {**_SENSITIVE, **_FOCUS, **_SCHEMA, **_POLICY, **_QUOTE, **_QUOTE_REQUEST},
)
QUOTE_ANSWER: Final[tuple[Json, ...]] = (AS2, dict(_QUOTE_REQUEST))
STAMP: Final[tuple[Json, ...]] = (AS2, dict(_STAMP))
RULING: Final[tuple[Json, ...]] = (
    AS2,
    {"lemmy": "https://join-lemmy.org/ns#", "Lock": "lemmy:Lock", "removeData": "lemmy:removeData"},
)
MEMBERS: Final[tuple[Json, ...]] = (AS2, dict(_MEMBERS))
ITEM: Final[tuple[Json, ...]] = (AS2, {"schema": "http://schema.org/"})
ACTOR: Final[tuple[Json, ...]] = (AS2, SECURITY, dict(_ACTOR))
ROOM: Final[tuple[Json, ...]] = (AS2, SECURITY, {**_ACTOR, "Hashtag": "as:Hashtag"})


def resource_context(language: str | None) -> tuple[Json, ...]:
    """The context of a learning resource, whose plain texts are in `language`."""
    said: Mapping[str, Json] = {"@language": language} if language else {}
    return (AS2, {**said, **_SENSITIVE, **_SCHEMA, **_SKOS, **_POLICY})


def with_context(context: Iterable[Json], document: Mapping[str, Json]) -> Document:
    """`document` with its context in front, always as a list: Mastodon's proof reader takes nothing else."""
    return {"@context": list(context), **{name: value for name, value in document.items() if name != "@context"}}


def bare(document: Mapping[str, Json]) -> Document:
    """`document` as it is embedded in one that has a context already."""
    return {name: value for name, value in document.items() if name != "@context"}


def provable(document: Mapping[str, Json]) -> Document:
    """`document` with the terms of a proof in its context, before the terms of our own."""
    context = document.get("@context", [AS2])
    listed = context if isinstance(context, list) else [context]
    if DATA_INTEGRITY in listed:
        return dict(document)
    named = [entry for entry in listed if isinstance(entry, str)]
    own = [entry for entry in listed if not isinstance(entry, str)]
    return with_context([*named, DATA_INTEGRITY, *own], document)


def when(moment: datetime) -> str:
    """A time as everybody reads it: UTC, to the second, with a Z."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def body(document: Mapping[str, Json], *, raw_object: bytes | None = None) -> bytes:
    """The bytes of a document, as stored, served and sent; `raw_object` takes its object's place byte for byte."""
    if raw_object is None:
        return json.dumps(document)
    return json.dumps({**document, "object": msgspec.Raw(raw_object)})
