"""What else a resource is described with: its type, whom it is for, and how it helps those who need help."""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

_KIM_TYPES: Final = "https://w3id.org/kim/hcrt"
_LRMI_ROLES: Final = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole"


class TermKind(StrEnum):
    """In which respect a term describes a resource. `stage` is a step of ISCED."""

    SUBJECT = "subject"
    LEVEL = "level"
    STAGE = "stage"
    TYPE = "type"
    AUDIENCE = "audience"
    OBJECTIVE = "objective"
    KEYWORD = "keyword"
    FEATURE = "feature"


class Term(NamedTuple):
    """One thing that a resource is described with.

    `slug` is ours where we know the term, else None; of keywords it is the folded word. `label` is
    what people read, `uri` the concept in somebody's vocabulary, `framework` whose level it is.
    """

    kind: TermKind
    slug: str | None
    label: str
    uri: str | None = None
    framework: str | None = None


class Basis(NamedTuple):
    """Something a resource is based on, by its address; the rest is what was known of it when it was written down."""

    uri: str
    name: str = ""
    licence_url: str | None = None


class ResourceType(msgspec.Struct, frozen=True):
    """What a resource is, such as a worksheet."""

    slug: str
    label: str
    url: str


class Role(msgspec.Struct, frozen=True):
    """Whom a resource is for, in LRMI's list. `name` is LRMI's own word."""

    slug: str
    label: str
    name: str
    url: str


class Feature(msgspec.Struct, frozen=True):
    """How a resource helps those who need help; `slug` is the word of schema.org's list."""

    slug: str
    label: str


RESOURCE_TYPES: Final = tuple(
    ResourceType(slug, label, f"{_KIM_TYPES}/{slug}")
    for slug, label in (
        ("worksheet", "Worksheet"),
        ("lesson_plan", "Lesson plan"),
        ("slide", "Presentation"),
        ("assessment", "Assessment"),
        ("drill_and_practice", "Practice exercise"),
        ("educational_game", "Game"),
        ("experiment", "Experiment"),
        ("course", "Course or unit"),
        ("text", "Text"),
        ("textbook", "Textbook"),
        ("image", "Image"),
        ("diagram", "Diagram"),
        ("map", "Map"),
        ("video", "Video"),
        ("audio", "Audio recording"),
        ("sheet_music", "Sheet music"),
        ("simulation", "Simulation"),
        ("application", "Software"),
        ("case_study", "Case study"),
        ("questionnaire", "Questionnaire"),
        ("script", "Script or notes"),
        ("data", "Data"),
        ("index", "Reference work"),
        ("web_page", "Web page"),
        ("portal", "Web portal"),
        ("other", "Other"),
    )
)

ROLES: Final = tuple(
    Role(slug, label, name, f"{_LRMI_ROLES}/{slug}")
    for slug, label, name in (
        ("teacher", "Teachers", "teacher"),
        ("student", "Pupils", "student"),
        ("parent", "Parents and carers", "parent"),
        ("administrator", "School leaders and offices", "administrator"),
        ("mentor", "Mentors", "mentor"),
        ("peerTutor", "Pupils who help pupils", "peer tutor"),
        ("professional", "Other professionals", "professional"),
        ("generalPublic", "Everybody", "general public"),
    )
)

FEATURES: Final = tuple(
    Feature(slug, label)
    for slug, label in (
        ("alternativeText", "Pictures are described"),
        ("captions", "Videos have captions"),
        ("transcript", "Sound has a transcript"),
        ("audioDescription", "Videos have audio description"),
        ("signLanguage", "With sign language"),
        ("largePrint", "Large print"),
        ("highContrastDisplay", "High contrast"),
        ("readingOrder", "Reading order set for screen readers"),
        ("structuralNavigation", "Headings to move by"),
        ("displayTransformability", "Text size and colours can be changed"),
        ("braille", "Braille"),
        ("tactileGraphic", "Pictures to touch"),
    )
)

RESOURCE_TYPES_BY_SLUG: Final = {entry.slug: entry for entry in RESOURCE_TYPES}
ROLES_BY_SLUG: Final = {entry.slug: entry for entry in ROLES}
FEATURES_BY_SLUG: Final = {entry.slug: entry for entry in FEATURES}
_TYPES_BY_LABEL: Final = {entry.label.casefold(): entry for entry in RESOURCE_TYPES}
_TYPES_BY_URL: Final = {entry.url: entry for entry in RESOURCE_TYPES}
_ROLES_BY_LABEL: Final = {label.casefold(): entry for entry in ROLES for label in (entry.label, entry.name, entry.slug)}
_ROLES_BY_URL: Final = {entry.url: entry for entry in ROLES}


def resource_type(slug: str) -> ResourceType | None:
    return RESOURCE_TYPES_BY_SLUG.get(slug)


def type_by_label(label: str) -> ResourceType | None:
    """By our label, or by the last word of its address, as some write it."""
    wanted = " ".join(label.split()).casefold()
    return _TYPES_BY_LABEL.get(wanted) or RESOURCE_TYPES_BY_SLUG.get(wanted.replace(" ", "_"))


def type_by_url(url: str) -> ResourceType | None:
    return _TYPES_BY_URL.get(url.replace("http://", "https://", 1))


def role(slug: str) -> Role | None:
    return ROLES_BY_SLUG.get(slug)


def role_by_label(label: str) -> Role | None:
    return _ROLES_BY_LABEL.get(" ".join(label.split()).casefold())


def role_by_url(url: str) -> Role | None:
    return _ROLES_BY_URL.get(url.replace("https://", "http://", 1))


def feature(slug: str) -> Feature | None:
    return FEATURES_BY_SLUG.get(slug)
