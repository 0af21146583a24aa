"""FEDERATION.md tells other servers what this one does: the same as the code."""

import json
import re
from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

import pytest

from fedishare import app
from fedishare.domain.kinds import Dialect
from fedishare.inbox import dispatch
from fedishare.outbox import rooms
from fedishare.outbox.rooms import Form
from tests.docs import examples, figures
from tests.docs.pages import ROOT, blocks, code, section, table

FEDERATION: Final = (ROOT / "FEDERATION.md").read_text()
OBJECTS: Final = {"*": dispatch.ANY, "an address": dispatch.ADDRESS_ONLY}
FORMS: Final = {Form.WRAPPED: "wrapped", Form.BOOST: "boost", Form.UNBOOST: "undo of the boost"}
EVENTS: Final = {
    "a new post": ("Create", False),
    "an answer": ("Create", True),
    "an edit": ("Update", False),
    "a post that began a thread was deleted": ("Delete", False),
    "an answer was deleted": ("Delete", True),
    "a like, and its undoing": ("Like", False),
    "a pin": ("Add", False),
}


def test_the_table_of_activities_is_that_of_the_inbox() -> None:
    lines = table(section(FEDERATION, "Activities we take"))

    told = [
        (activity, OBJECTS.get(thing, thing))
        for activities, things, _ in lines
        for activity in code(activities)
        for thing in code(things) or [things]
    ]

    assert len(told) == len(set(told))
    assert set(told) == set(dispatch.TABLE)


def test_every_address_we_name_is_there() -> None:
    routes = {entry.path for entry in app.entries()}

    told = [path for addresses, _ in table(section(FEDERATION, "Finding things")) for path in code(addresses)]

    assert told
    assert [path for path in told if path not in routes] == []


def test_the_activities_we_send_are_those_that_the_outbox_makes() -> None:
    lines = table(section(FEDERATION, "Activities we send"))
    outbox = chain.from_iterable(path.read_text().split("\n") for path in (ROOT / "fedishare/outbox").glob("*.py"))

    # Each kind is made by a function of its name in outbox/activities.py: update_actor makes an Update.
    names = {name for line in outbox for name in re.findall(r"\bactivities\.([a-z_]+)", line)}
    made = {"QuoteRequest" if name == "quote_request" else name.partition("_")[0].title() for name in names}

    assert {activity for activities, _ in lines for activity in code(activities)} == made


@pytest.mark.parametrize(("heading", "expected"), [("Limits", figures.LIMITS), ("Delivery", figures.DELIVERY)])
def test_the_figures_are_those_of_the_code(heading: str, expected: Mapping[str, str]) -> None:
    assert {line[0]: line[-1] for line in table(section(FEDERATION, heading))} == expected


def test_the_wordings_of_a_room_are_those_of_the_outbox() -> None:
    lines = table(section(FEDERATION, "Staffrooms"))

    assert [line[0] for line in lines] == list(EVENTS)
    for event, *told in lines:
        activity, is_reply = EVENTS[event]
        for dialect, said in zip((Dialect.THREADIVERSE, Dialect.MICROBLOG, Dialect.BOTH), told, strict=True):
            forms = rooms.forms(activity, is_reply=is_reply, dialect=dialect)
            assert said == (", ".join(FORMS[form] for form in Form if form in forms) or "nothing"), (event, dialect)


def without_translation(document: Any) -> Any:
    """An example as it is printed: `contentMap` only says the content once more."""
    return {name: value for name, value in document.items() if name != "contentMap"}


def test_the_example_documents_are_what_the_outbox_writes() -> None:
    shown = [json.loads(block) for block in blocks(FEDERATION, "json")]

    assert shown == [without_translation(examples.resource()), examples.used()]
