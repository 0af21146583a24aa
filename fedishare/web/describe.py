"""The part of the form that says what a resource is: its fields, what they begin with, and what they come to."""

import re
from collections.abc import Mapping
from typing import Any, Final

from fedishare.domain import licences, vocabularies
from fedishare.queries.resources import Preset, ResourceRow
from fedishare.services.descriptions import Description
from fedishare.settings import Settings
from fedishare.web import choices
from fedishare.web.forms import Form

# How many of each can be chosen; the first stands among the fields that matter most.
PLACES: Final = {"subject": 3, "level": 2, "type": 2}
QUESTIONS: Final = ("may_change", "may_sell", "share_alike")
WORDS: Final = ("licence", "minutes", "objectives", "keywords", "credit", "based_on")
FOLDED: Final = (
    "subject_2",
    "level_2",
    "type_2",
    "minutes",
    "audience",
    "objectives",
    "keywords",
    "credit",
    "based_on",
)
_SEPARATOR: Final = re.compile(r"[,;\n]")


def names(field: str) -> tuple[str, ...]:
    """The fields in which somebody may choose several of a kind: `subject`, `subject_2` and so on."""
    return (field, *(f"{field}_{place}" for place in range(2, PLACES[field] + 1)))


def is_sent(form: Form) -> bool:
    """Whether the form had these fields at all: a program may change a text and nothing else."""
    return "licence" in form.values


def mistakes(form: Form) -> dict[str, str]:
    """What can be seen from the form alone, by field."""
    errors = {}
    if vocabularies.licence(form.text("licence")) is None:
        errors["licence"] = "Choose what colleagues may do with it."
    if form.text("minutes") and _minutes(form) is None:
        errors["minutes"] = "Say how long it takes as a whole number of minutes, such as 60."
    return errors


def description_of(form: Form, *, default_credit: str = "") -> Description:
    return Description(
        subjects=_chosen(form, "subject"),
        levels=_chosen(form, "level"),
        types=_chosen(form, "type"),
        licence=form.text("licence") or None,
        minutes=_minutes(form),
        audiences=_ticked(form, "audience", vocabularies.ROLES),
        objectives=tuple(line for line in form.text("objectives").splitlines() if line.strip()),
        keywords=tuple(word for part in _SEPARATOR.split(form.text("keywords")) if (word := part.strip().lstrip("#"))),
        credit=form.text("credit") or default_credit,
        based_on=tuple(form.text("based_on").split()),
        features=_ticked(form, "feature", vocabularies.FEATURES),
    )


def _chosen(form: Form, field: str) -> tuple[str, ...]:
    return tuple(slug for name in names(field) if (slug := form.text(name)))


def _ticked(form: Form, field: str, entries: Any) -> tuple[str, ...]:
    return tuple(entry.slug for entry in entries if form.text(f"{field}_{entry.slug}"))


def _minutes(form: Form) -> int | None:
    text = form.text("minutes")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len("1000000") else None


def suggested(form: Form) -> vocabularies.Licence | None:
    """The licence that fits the three answers; nothing until all are given."""
    answers = {name: form.text(name) for name in QUESTIONS}
    if any(answer not in {"yes", "no"} for answer in answers.values()):
        return None
    return licences.suggest(**{name: answer == "yes" for name, answer in answers.items()})


def fresh(preset: Preset) -> dict[str, str]:
    """What a new resource begins with: what this person chose last, and that it is for teachers."""
    return {
        "subject": preset.subject,
        "level": preset.level,
        "licence": preset.licence or vocabularies.DEFAULT_LICENCE,
        "language": preset.language or "en",
        "credit": preset.credit,
        "audience_teacher": "1",
    }


def values_of(row: ResourceRow) -> dict[str, str]:
    """The fields of a resource that is to be changed."""
    values = {
        "licence": row.licence or "",
        "minutes": str(row.minutes or ""),
        "objectives": "\n".join(term.label for term in row.objectives),
        "keywords": ", ".join(term.label for term in row.keywords),
        "credit": row.credit,
        "based_on": "\n".join(basis.uri for basis in row.bases),
    }
    for field, terms in (("subject", row.subjects), ("level", row.levels), ("type", row.types)):
        values |= {name: term.slug or "" for name, term in zip(names(field), terms, strict=False)}
    for field, terms in (("audience", row.audiences), ("feature", row.features)):
        values |= {f"{field}_{term.slug}": "1" for term in terms if term.slug}
    return values


def is_same(form: Form, row: ResourceRow) -> bool:
    """Whether the form says of a resource what is stored of it."""
    had = complete(values_of(row))
    return all(form.text(name) == had[name].strip() for name in had if name not in {*QUESTIONS, "suggested"})


def lists(settings: Settings, preset: Preset) -> dict[str, Any]:
    """What the fields offer, with the levels of this person's scheme first."""
    return {
        "subjects": choices.SUBJECTS,
        "levels": choices.levels(preset.scheme or settings.scheme),
        "types": choices.TYPES,
        "licences": vocabularies.LICENCES,
        "roles": choices.ROLES,
        "features": choices.FEATURES,
        "school_owns": settings.school_owns,
    }


def complete(values: Mapping[str, str]) -> dict[str, str]:
    """Every field of this part, so that a template may ask for any, and whether the folded ones are to be seen."""
    several = [name for field in PLACES for name in names(field)]
    ticks = [name for name, _ in (*choices.ROLES, *choices.FEATURES)]
    return dict.fromkeys((*several, *ticks, *QUESTIONS, *WORDS, "suggested"), "") | dict(values)


def is_open(values: Mapping[str, str], errors: Mapping[str, str]) -> bool:
    """Whether what is folded away holds something that its author should see at once."""
    filled = (name for name in (*FOLDED, *(name for name, _ in choices.FEATURES)) if name not in {"credit", "audience"})
    return any(values.get(name) for name in filled) or any(name in errors for name in FOLDED)
