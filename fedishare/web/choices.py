"""What a form offers to choose from: the lists of the vocabularies, languages, and who can see a post."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from fedishare.domain import audience, languages, vocabularies
from fedishare.domain.audience import LABELS, Visibility
from fedishare.domain.kinds import PostKind, QuotePolicy
from fedishare.queries.cards import Card

# Several nations have a Year 4, so the levels stand under the name of their curriculum.
_LEVELS: Final = {
    scheme.slug: (
        scheme.framework,
        tuple((level.slug, level.label) for level in vocabularies.LEVELS if level.scheme == scheme.slug),
    )
    for scheme in vocabularies.SCHEMES
}
SCHEMES: Final = tuple((scheme.slug, scheme.name) for scheme in vocabularies.SCHEMES)
SUBJECTS: Final = tuple((subject.slug, subject.label) for subject in vocabularies.SUBJECTS)
TYPES: Final = tuple((kind.slug, kind.label) for kind in vocabularies.RESOURCE_TYPES)
ROLES: Final = tuple((f"audience_{role.slug}", role.label) for role in vocabularies.ROLES)
FEATURES: Final = tuple((f"feature_{feature.slug}", feature.label) for feature in vocabularies.FEATURES)
LANGUAGES: Final = languages.LANGUAGES


class Audience(NamedTuple):
    value: Visibility
    label: str
    sentence: str


def audiences(parent: Card | None, *, followers: int) -> list[Audience]:
    """Who may see a new post. An answer never reaches further than what it answers (VIS-13)."""
    room = parent.room.name if parent is not None and parent.room is not None else None
    return [
        Audience(each, LABELS[each], audience.explain(each, room_name=room, follower_count=followers))
        for each in audience.offered(parent.visibility if parent is not None else None)
    ]


def levels(scheme: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """All levels, those of one scheme first: the others are for whoever teaches elsewhere."""
    own = _LEVELS.get(scheme)
    others = (group for slug, group in _LEVELS.items() if slug != scheme)
    return (own, *others) if own is not None else tuple(others)


def language(chosen: str) -> str:
    return chosen if chosen in dict(LANGUAGES) else "en"


def language_name(code: str) -> str:
    """The language's own name for itself, or its code where we have none."""
    return dict(LANGUAGES).get(code.partition("-")[0].lower(), code)


# What a post is for; a resource is one by its files.
PURPOSES: Final = (
    (PostKind.NOTE.value, "Just a note"),
    (PostKind.QUESTION.value, "A question"),
    (PostKind.NEWS.value, "News"),
    (PostKind.ACHIEVEMENT.value, "An achievement"),
)
QUOTE_POLICIES: Final = (
    ("", "Everyone who may see it"),
    (QuotePolicy.FOLLOWERS.value, "My followers"),
    (QuotePolicy.NOBODY.value, "Nobody"),
)
# How long a poll may be open, in seconds.
POLL_LENGTHS: Final = (
    ("300", "5 minutes"),
    ("1800", "30 minutes"),
    ("3600", "1 hour"),
    ("21600", "6 hours"),
    ("86400", "1 day"),
    ("259200", "3 days"),
    ("604800", "1 week"),
    ("2592000", "30 days"),
)
USUAL_LENGTH: Final = "86400"


def quote_policy(chosen: str) -> QuotePolicy | None:
    """Whom the author lets quote a post; without a choice its audience decides."""
    return QuotePolicy(chosen) if chosen and chosen in dict(QUOTE_POLICIES) else None


def poll_length(chosen: str) -> timedelta:
    return timedelta(seconds=int(chosen if chosen in dict(POLL_LENGTHS) else USUAL_LENGTH))


# Where to look in a picture, from -1 to 1 to the right and upwards, as other servers crop previews around it.
FOCAL_POINTS: Final[Mapping[str, tuple[float, float]]] = {
    "top": (0.0, 0.8),
    "bottom": (0.0, -0.8),
    "left": (-0.8, 0.0),
    "right": (0.8, 0.0),
}
FOCUS_LABELS: Final = (
    ("", "The middle"),
    ("top", "The top"),
    ("bottom", "The bottom"),
    ("left", "The left"),
    ("right", "The right"),
)
