"""FEDERATION.md tells other servers what this one does: the same as the code."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

from fedishare import app
from fedishare.ap import wellknown
from fedishare.domain.kinds import Dialect, RulingKind
from fedishare.inbox import dispatch
from fedishare.outbox import rooms
from fedishare.outbox.rooms import Event, Form
from tests.docs import examples, figures
from tests.docs.pages import ROOT, blocks, code, section, table

FEDERATION: Final = (ROOT / "FEDERATION.md").read_text()
OBJECTS: Final = {"*": dispatch.ANY, "an address": dispatch.ADDRESS_ONLY}
FORMS: Final = {
    Form.WRAPPED: "wrapped",
    Form.BOOST: "boost",
    Form.UNBOOST: "undo of the boost",
    Form.FORWARDED: "forwarded",
}
EVENTS: Final = {
    "a new post": Event.POST,
    "an answer": Event.ANSWER,
    "an edit": Event.EDIT,
    "a post that began a thread was deleted": Event.DELETION,
    "an answer was deleted": Event.ANSWER_DELETED,
    "a moderator took out a post that began a thread": Event.REMOVAL,
    "a moderator took out an answer": Event.ANSWER_REMOVED,
    "a post that began a thread was put back": Event.RESTORED,
    "an answer was put back": Event.ANSWER_RESTORED,
    "a like or dislike, and its undoing": Event.REACTION,
    "a pin, or a new moderator": Event.PIN,
    "a conversation was closed or opened": Event.LOCK,
    "a ban, and its end": Event.BAN,
    "a post of which only the address came by a link": Event.SHOWN,
    "an answer of which only the address came by a link": Event.ANSWER_SHOWN,
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


def _made() -> set[str]:
    """The types of the activities that outbox/activities.py can make, as they stand in its source."""
    source = ast.parse((ROOT / "fedishare/outbox/activities.py").read_text())
    makers = {"_activity", "_about_object", "_answer", "_pin"}
    calls = [
        node
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers
    ]
    named = [call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)]
    undone = [
        value.value
        for node in ast.walk(source)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant)
    ]
    return {str(name) for name in (*named, *undone)}


def _used() -> set[str]:
    """The functions of outbox/activities.py that something in the outbox calls, or may call."""
    outbox = [path for path in (ROOT / "fedishare/outbox").glob("*.py") if path.name != "activities.py"]
    served = [ROOT / "fedishare/ap/objects.py"]
    return {name for path in (*outbox, *served) for name in re.findall(r"\bactivities\.([a-z_]+)", path.read_text())}


def test_the_activities_we_send_are_those_that_the_outbox_makes() -> None:
    lines = table(section(FEDERATION, "Activities we send"))
    unused = {name for name in _functions() if name not in _used()}

    told = [activity for activities, _ in lines for activity in code(activities)]

    assert len(told) == len(set(told))
    assert unused == set(), "nothing can be made that is never sent"
    assert set(told) == _made()


def _functions() -> set[str]:
    source = ast.parse((ROOT / "fedishare/outbox/activities.py").read_text())
    return {node.name for node in source.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}


def test_whatever_the_inbox_acts_on_has_a_line_that_says_what_happens() -> None:
    lines = table(section(FEDERATION, "Activities we take"))

    assert [line for line in lines if not line[-1].strip()] == []
    assert {activity for activities, *_ in lines for activity in code(activities)} == {
        kind for kind, _ in dispatch.TABLE
    }


def test_nothing_that_we_say_we_do_not_do_is_in_the_table() -> None:
    undone = re.findall(r"`([A-Z][a-z]+)`", section(FEDERATION, "What we do not do"))
    ignored = ("Resolve", "Warn")

    assert [kind for kind in (*ignored, *undone) if kind in {name for name, _ in dispatch.TABLE}] == []
    assert all(f"`{kind}`" in FEDERATION for kind in ignored)


def test_the_decisions_of_moderators_are_those_that_the_outbox_words_and_the_inbox_reads() -> None:
    lines = table(section(FEDERATION, "Moderators"))

    said = {code(activity)[0] for _, activity, _ in lines} | {code(back)[0] for *_, back in lines}

    assert said == {"Delete", "Lock", "Block", "Add", "Remove", "Undo"}
    assert len(lines) * 2 == len(RulingKind), "each has one that takes it back"
    assert {kind for _, kind in dispatch.TABLE if _ == "Announce"} >= said


def test_the_intents_we_publish_are_those_that_we_tell() -> None:
    told = next(line for line in FEDERATION.splitlines() if "Activity intents" in line)

    assert {name for name in code(told) if name[0].isupper()} == set(wellknown.FIELDS)


@pytest.mark.parametrize(("heading", "expected"), [("Limits", figures.LIMITS), ("Delivery", figures.DELIVERY)])
def test_the_figures_are_those_of_the_code(heading: str, expected: Mapping[str, str]) -> None:
    assert {line[0]: line[-1] for line in table(section(FEDERATION, heading))} == expected


def test_the_wordings_of_a_room_are_those_of_the_outbox() -> None:
    lines = table(section(FEDERATION, "Staffrooms"))

    assert [line[0] for line in lines] == list(EVENTS)
    assert set(EVENTS.values()) == set(Event) - {Event.OTHER}
    for event, *told in lines:
        for dialect, said in zip((Dialect.THREADIVERSE, Dialect.MICROBLOG, Dialect.BOTH), told, strict=True):
            forms = rooms.forms(EVENTS[event], dialect=dialect)
            assert said == (", ".join(FORMS[form] for form in Form if form in forms) or "nothing"), (event, dialect)


def without_translation(document: Any) -> Any:
    """An example as it is printed: `contentMap` only says the content once more."""
    return {name: value for name, value in document.items() if name != "contentMap"}


def test_the_example_documents_are_what_the_outbox_writes() -> None:
    shown = [json.loads(block) for block in blocks(FEDERATION, "json")]

    assert shown == [
        without_translation(examples.resource()),
        examples.used(),
        examples.collected(),
        examples.offered(),
    ]
