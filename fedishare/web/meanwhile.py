"""Forms that several people may have open at once: what each is shown with, so that nobody's words are lost."""

from collections.abc import Mapping
from typing import Any, Final

from fedishare.domain import meanwhile
from fedishare.domain.meanwhile import Merged
from fedishare.web.forms import Form

PREFIX: Final = "began-"


def shown(stored: Mapping[str, str], form: Form | None = None, merged: Merged | None = None) -> dict[str, Any]:
    """What a template needs beside the values of a form: the stamps it carries, and what somebody else saved.

    A form that comes back for another mistake still tells what it began with.
    """
    if merged is not None:
        return {"began": merged.began, "theirs": merged.theirs}
    return {"began": meanwhile.stamps(stored) if form is None else began(form), "theirs": {}}


def began(form: Form) -> dict[str, str]:
    """The stamps that a form came with; none from what is no page of ours."""
    return {name.removeprefix(PREFIX): form.text(name) for name in form.values if name.startswith(PREFIX)}


def merge(form: Form, *, now: Mapping[str, str]) -> Merged:
    """What was typed into the fields that are stored as `now`, with what somebody else saved there since."""
    return meanwhile.merge({name: form.text(name) for name in now}, began=began(form), now=now)


def status(merged: Merged | None, errors: Mapping[str, str]) -> int:
    return 409 if merged is not None else 422 if errors else 200
