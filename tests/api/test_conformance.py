"""A node is held to the document that it serves: whatever it is sent, it answers as the document tells."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as tried
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fedishare.api import openapi
from fedishare.api.endpoints import endpoints
from fedishare.http.keys import TOOLS
from fedishare.services import meetings
from tests.api.belongings import a_token
from tests.api.open_node import OpenNode, open_node
from tests.builders import a_follow_row, a_resource, a_room, a_teacher

# So often each endpoint is asked: with what fits its document and with what does not, of things there are and are not.
EACH: Final = 3
PATIENCE: Final = 30
LONGEST_LINE: Final = 8_000
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
IDS: Final = {"resources": "resource", "rooms": "room", "events": "event"}


class World(NamedTuple):
    """What there is on the node, and a token that may do everything with it."""

    url: str
    token: str
    ids: dict[str, str]


def test_the_document_is_what_openapi_says_it_has_to_be() -> None:
    made = openapi.document(endpoints(), origin="https://alder.test")

    schema = schemathesis.openapi.from_dict(made)
    schema.validate()
    for name, each in made["components"]["schemas"].items():
        assert each.get("description") or "enum" in each, f"{name} says nothing of itself"
    assert [found for found in schema.include(tag="FediShare").get_all_operations() if not isinstance(found, Ok)] == []


@pytest.mark.parametrize("mode", list(GenerationMode))
async def test_the_node_answers_as_its_document_says(empty_sqlite: Path, tmp_path: Path, mode: GenerationMode) -> None:
    shutil.copy(empty_sqlite, tmp_path / "node.db")
    async with open_node(f"sqlite+aiosqlite:///{tmp_path / 'node.db'}", tmp_path, FEDISHARE_APP_REQUESTS="0") as node:
        world = await furnish(node)
        seen = await asyncio.to_thread(drive, world, mode)

    # What is only refused shows little of how it answers.
    assert mode is GenerationMode.NEGATIVE or len(seen) >= 18, sorted(seen)


async def furnish(node: OpenNode) -> World:
    tools = node.app[TOOLS]
    db, here = tools.db, tools.here
    ada = await a_teacher(db, here, username="ada")
    room = await a_room(db, here, owner=ada, name="Maths")
    await a_follow_row(db, here, by=ada, of=room)
    resource = await a_resource(db, here, by=ada, room_id=room.id)
    asked = meetings.Call(title="Spring meeting", starts="2026-09-14T16:00")
    event = await db.write(meetings.call, here, author_id=ada.id, room_id=room.id, asked=asked)
    ids = {"resource": str(resource.id), "room": str(room.id), "event": str(event)}
    return World(node.url, await a_token(db, here, ada), ids)


def drive(world: World, mode: GenerationMode) -> set[str]:
    """Ask every endpoint of ours, from a thread of its own. Answers with those that said yes at least once."""
    seen = set[str]()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {world.token}"
        document = session.get(f"{world.url}{openapi.OURS}openapi.json", timeout=PATIENCE).json()
        schema = schemathesis.openapi.from_dict(document).include(tag="FediShare")
        for operation in [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]:
            for known in ({}, *known_ids(operation, world)):
                attempt(operation, mode, known, asked=lambda case: ask(case, session, world, seen))
    return seen


def known_ids(operation: Operation, world: World) -> list[dict[str, str]]:
    """The ids of things that there are, for an address that has one."""
    noun = operation.path.removeprefix(openapi.OURS).partition("/")[0]
    if "{id}" not in operation.path or noun not in IDS:
        return []
    return [{"id": world.ids[IDS[noun]]} | ({"number": "1"} if "{number}" in operation.path else {})]


def attempt(
    operation: Operation,
    mode: GenerationMode,
    known: dict[str, str],
    *,
    asked: Callable[[Case[Any]], None],
) -> None:
    strategy = operation.as_strategy(generation_mode=mode, path_parameters=known or None)

    @tried(
        max_examples=EACH,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Case[Any]) -> None:
        asked(case)

    # An address whose parts are all given has nothing that could be wrong.
    with suppress(Unsatisfiable):
        run()


def ask(case: Case[Any], session: requests.Session, world: World, seen: set[str]) -> None:
    response = case.call(base_url=world.url, session=session, timeout=PATIENCE)
    if len(response.request.url or "") > LONGEST_LINE:
        return  # The server's parser refuses it before any application is asked.
    case.validate_response(response, checks=CHECKS)
    if response.status_code == 200:
        seen.add(f"{case.method} {case.operation.path}")
