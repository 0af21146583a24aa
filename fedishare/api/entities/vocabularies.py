"""The lists that resources are described with, as apps offer them to choose from."""

import msgspec

from fedishare.domain.levels import Scheme
from fedishare.domain.subjects import Subject
from fedishare.domain.terms import Feature, ResourceType, Role


class LicenceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """`explanation` says in one sentence what others may do then."""

    id: str
    name: str
    short: str
    explanation: str
    url: str
    may_adapt: bool
    share_alike: bool
    non_commercial: bool


class LevelChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A year, stage or phase of one framework. Ages are in years."""

    slug: str
    label: str
    framework: str
    age_min: int
    age_max: int
    url: str | None


class Language(msgspec.Struct, frozen=True):
    """`name` is the one that the language has for itself."""

    code: str
    name: str


class Vocabularies(msgspec.Struct, frozen=True, kw_only=True):
    """Slugs and ids stay as they are. The slug of a level begins with that of its scheme, before the colon."""

    licences: tuple[LicenceChoice, ...]
    usual_licence: str
    subjects: tuple[Subject, ...]
    schemes: tuple[Scheme, ...]
    usual_scheme: str
    levels: tuple[LevelChoice, ...]
    types: tuple[ResourceType, ...]
    audiences: tuple[Role, ...]
    features: tuple[Feature, ...]
    languages: tuple[Language, ...]
