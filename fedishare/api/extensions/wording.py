"""What an app says of a resource that is to be shared or changed."""

from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from fedishare.api.fields import Id
from fedishare.domain import durations
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import QuotePolicy
from fedishare.services import descriptions, media
from fedishare.services.posts import LONGEST_TITLE, LONGEST_WARNING
from fedishare.services.resources import LONGEST_LINE, MOST_FILES

LONGEST_TEXT: Final = 100_000
LONGEST_KEY: Final = 60
LONGEST_ADDRESS: Final = 2_000
LANGUAGE: Final = "^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,2}$"

Slug: TypeAlias = Annotated[str, Meta(min_length=1, max_length=60)]
Slugs: TypeAlias = Annotated[tuple[Slug, ...], Meta(max_length=descriptions.MOST_OF_A_KIND)]
Keys: TypeAlias = tuple[Annotated[str, Meta(min_length=1, max_length=LONGEST_KEY)], ...]
Words: TypeAlias = tuple[Annotated[str, Meta(max_length=descriptions.LONGEST_OBJECTIVE)], ...]


class ResourceWording(msgspec.Struct, frozen=True, kw_only=True):
    """What both may say of a resource. Slugs and ids are those of the vocabularies."""

    title: Annotated[str, Meta(max_length=LONGEST_TITLE, description="Without one, the name of the first file.")] = ""
    text: Annotated[str, Meta(max_length=LONGEST_TEXT, description="What it is, as Markdown.")] = ""
    warning: Annotated[str, Meta(max_length=LONGEST_WARNING)] = ""
    sensitive: bool = False
    language: Annotated[str, Meta(pattern=LANGUAGE)] | None = None
    quote_policy: QuotePolicy | None = None
    licence: Annotated[str, Meta(max_length=60, description="The id of a licence: what colleagues may do.")] = ""
    subjects: Slugs = ()
    levels: Slugs = ()
    types: Slugs = ()
    audiences: Annotated[Slugs, Meta(description="Whom it is for.")] = ()
    features: Annotated[Slugs, Meta(description="How it helps those who need help.")] = ()
    minutes: Annotated[int, Meta(ge=1, le=durations.MOST_MINUTES)] | None = None
    objectives: Annotated[Words, Meta(max_length=descriptions.MOST_OF_A_KIND)] = ()
    keywords: Annotated[Words, Meta(max_length=descriptions.MOST_KEYWORDS)] = ()
    credit: Annotated[str, Meta(max_length=descriptions.LONGEST_CREDIT, description="Whom to name as its author.")] = ""
    based_on: Annotated[
        tuple[Annotated[str, Meta(max_length=LONGEST_ADDRESS)], ...],
        Meta(max_length=descriptions.MOST_BASES, description="Addresses of what it is based on."),
    ] = ()
    told: Annotated[
        Keys, Meta(max_length=MOST_FILES, description="Keys of files whose owner has seen what they tell of people.")
    ] = ()
    accept_doubts: Annotated[bool, Meta(description="Share it although its licence may not suit its sources.")] = False


class NewResource(ResourceWording, frozen=True, kw_only=True):
    """A resource that is to be shared."""

    files: Annotated[
        Keys, Meta(min_length=1, max_length=MOST_FILES, description="Keys of uploads, in the order to show them.")
    ]
    media_ids: Annotated[
        tuple[Id, ...], Meta(max_length=media.MOST, description="Pictures sent to /api/v2/media, to show beside it.")
    ] = ()
    visibility: Annotated[Visibility, Meta(description="A `value` of the audiences.")] = Visibility.PUBLIC
    room: Annotated[Id, Meta(description="The room that it goes into.")] | None = None
    topic: Annotated[str, Meta(max_length=100, description="A topic of that room.")] | None = None


class ResourceChange(ResourceWording, frozen=True, kw_only=True):
    """What is different about a resource from now on. What is not said stays as it is."""

    files: Annotated[
        Keys,
        Meta(max_length=MOST_FILES, description="All that it has from now on: its own by their `key`, new ones too."),
    ] = ()
    changed: Annotated[str, Meta(max_length=LONGEST_LINE, description="What is new, for those who use it.")] = ""
