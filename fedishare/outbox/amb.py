"""A resource as AMB has it: what stands in `schema:mainEntity` without its prefixes, and without what AMB refuses.

AMB is the profile of schema.org that German-speaking catalogues harvest (resources.md 3.1). What it
has no place for stays out; nothing is changed in meaning.
"""

import re
from typing import Any, Final
from urllib.parse import quote

from fedishare.as2.write import Document
from fedishare.core.json import Json
from fedishare.domain import licences

CONTEXT: Final = "https://w3id.org/kim/amb/context.jsonld"
DEFAULT_LANGUAGE: Final = "en"
PREFIXES: Final = ("schema:", "skos:")
# Which concepts of a list AMB knows; one of them has to be there, or the whole list stays out.
REQUIRED: Final = {
    "about": re.compile(r"https://w3id\.org/kim/hochschulfaechersystematik/|http://w3id\.org/kim/schulfaecher/"),
    "learningResourceType": re.compile(r"https://w3id\.org/kim/hcrt/|http://w3id\.org/openeduhub/vocabs/new_lrt/"),
}
ONLY: Final = {"educationalLevel": re.compile(r"https://w3id\.org/kim/educationalLevel/")}
CONCEPTS: Final = ("about", "learningResourceType", "educationalLevel", "audience", "teaches")
_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_FORMAT: Final = re.compile(
    r"(?:application|audio|example|font|image|message|model|multipart|text|video)/[a-zA-Z0-9\-+_.]+"
)
# What an address may hold as it is; letters beyond ASCII are written as other programs write them.
_ADDRESS: Final = "%/:=&?~#+!$,;'@()*"


def amb(entity: Document, *, language: str | None) -> dict[str, Any]:
    """The AMB document of what stands in `schema:mainEntity`; `language` is that of its plain texts."""
    found = _bare(entity)
    for name in CONCEPTS:
        _keep_concepts(found, name)
    languages = list(dict.fromkeys(filter(None, (_language(said) for said in found.pop("inLanguage", ())))))
    if languages:
        found["inLanguage"] = languages
    # AMB has no word for what is new in a version.
    found.pop("releaseNotes", None)
    _license(found)
    for basis in found.get("isBasedOn", ()):
        _license(basis)
    for file in found.get("encoding", ()):
        if not _FORMAT.fullmatch(file.get("encodingFormat", "")):
            file.pop("encodingFormat", None)
    context = [CONTEXT, {"@language": _language(language or "") or DEFAULT_LANGUAGE}]
    return {"@context": context, **found}


def _bare(entity: Document) -> dict[str, Any]:
    return {_short(term): _value(_short(term), value) for term, value in entity.items()}


def _value(term: str, value: Json) -> Any:
    match value:
        case list():
            return [_value(term, item) for item in value]
        case dict() if term == "prefLabel":
            return {language: said for language, said in value.items() if _LANGUAGE.fullmatch(language)}
        case dict():
            return _bare(value)
        case str() if term == "type":
            return _short(value)
        case str() if term in {"id", "contentUrl", "targetUrl"}:
            return quote(value, safe=_ADDRESS)
    return value


def _short(term: str) -> str:
    return next((term[len(prefix) :] for prefix in PREFIXES if term.startswith(prefix)), term)


def _keep_concepts(found: dict[str, Any], name: str) -> None:
    """AMB's lists hold what has an address; what has none is still told where the resource was made."""
    kept = [concept for concept in found.pop(name, ()) if "id" in concept]
    required, only = REQUIRED.get(name), ONLY.get(name)
    if only is not None:
        kept = [concept for concept in kept if only.match(concept["id"])]
    if kept and (required is None or any(required.match(concept["id"]) for concept in kept)):
        found[name] = kept


def _license(work: dict[str, Any]) -> None:
    """A licence whose address AMB refuses is told as a rule for use (resources.md 3.3)."""
    licence = work.get("license")
    if licence is not None and not licences.fits_amb(licence["id"]):
        work["usageInfo"] = work.pop("license")


def _language(tag: str) -> str | None:
    base = tag.partition("-")[0].lower()
    return base if _LANGUAGE.fullmatch(base) else None
